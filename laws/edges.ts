import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import * as Seed from "../src/numerics/Seed.ts"
import type * as Shape from "../src/numerics/Shape.ts"
import type { Situation } from "./operations.ts"

/** An extreme situation of a manifold, made of an ordinary one: what it changes. */
export interface Edge<P extends NestedTensors.NestedTensors = tf.Tensor> {
  readonly name: string
  readonly at: (s: Situation<P>, M: Manifold.Manifold<P>) => Partial<Situation<P>>
}

const scaled = (name: string, of: { readonly u: number; readonly v: number }): Edge<NestedTensors.NestedTensors> => ({
  name,
  at: ({ u, v }) => ({ u: NestedTensors.scale(of.u, u), v: NestedTensors.scale(of.v, v) })
})

/** The edges that every manifold has: points that coincide or nearly do, vectors of extreme lengths. */
const everywhere: ReadonlyArray<Edge<NestedTensors.NestedTensors>> = [
  { name: "ordinary", at: () => ({}) },
  { name: "coinciding points", at: ({ x }) => ({ y: x }) },
  { name: "neighbouring points", at: ({ v, x }, M) => ({ y: M.retract(x, NestedTensors.scale(1e-3, v)) }) },
  scaled("small vectors", { u: 1e-6, v: 1e-6 }),
  scaled("large ambient vectors", { u: 1e6, v: 1 })
]

/**
 * Where the shortest geodesics to a point are many: the antipode of every sphere.
 *
 * @internal
 */
export const antipode: Edge = { name: "antipodes", at: ({ x }) => ({ y: tf.neg(x) }) }

/**
 * Steps so long that a retraction must find a point from their direction alone.
 *
 * @internal
 */
export const longSteps = (length: number): Edge => ({
  name: `steps of length ${length}`,
  at: ({ v }) => ({ v: tf.mul(length, v) })
})

/**
 * The names of all situations of a manifold with these edges.
 *
 * @internal
 */
export const namesOf = <P extends NestedTensors.NestedTensors>(edges: ReadonlyArray<Edge<P>>): ReadonlyArray<string> =>
  [...everywhere, ...edges].map(({ name }) => name)

/**
 * Situations at the edges of a manifold as one batch, whose items differ in conditioning as much as they can.
 *
 * @internal
 */
export const situations = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  edges: ReadonlyArray<Edge<P>>,
  reach: number,
  seed: number
): Situation<P> => {
  const ambient = (shape: Shape.ShapeTree, s: number): NestedTensors.NestedTensors =>
    shape.every((length) => typeof length === "number")
      ? Seed.normalTensor(s, [1, ...(shape as Shape.Shape)])
      : (shape as ReadonlyArray<Shape.ShapeTree>).map((factor, i) => ambient(factor, Seed.split(s, i)))
  const x = M.random(Seed.split(seed, "x"), [1])
  const w = M.randomTangent(Seed.split(seed, "v"), x)
  const v = NestedTensors.scaleItems(tf.div(Math.min(1, reach), tf.maximum(M.norm(x, w), 1e-12)), w)
  const u = NestedTensors.add(x, NestedTensors.scale(0.3, ambient(M.shape, Seed.split(seed, "u")) as P))
  const ordinary: Situation<P> = { x, y: M.retract(x, v), u, v }
  const list = [...(everywhere as unknown as ReadonlyArray<Edge<P>>), ...edges]
  const items = list.map(({ at }): Situation<P> => {
    const { u = ordinary.u, v = ordinary.v, x = ordinary.x, y = ordinary.y } = at(ordinary, M)
    return { x, y, u, v }
  })
  const stacked = (key: keyof Situation<P>) => {
    const leaves = items.map((item) => NestedTensors.leaves(item[key]))
    let k = 0
    return NestedTensors.map(x, () => {
      const own = k++
      return tf.concat(leaves.map((of) => of[own]!), 0)
    })
  }
  return { x: stacked("x"), y: stacked("y"), u: stacked("u"), v: stacked("v") }
}
