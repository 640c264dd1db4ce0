/** Extreme situations of manifolds as data: how they are made of ordinary ones. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import * as Seed from "../src/numerics/Seed.ts"
import type * as Shape from "../src/numerics/Shape.ts"
import type { Situation } from "./operations.ts"

/**
 * An extreme situation of a manifold, made of an ordinary one: what it changes. Another x has another v, of length 1.
 */
export interface Edge<P extends NestedTensors.NestedTensors = tf.Tensor> {
  readonly name: string
  readonly at: (s: Situation<P>, M: Manifold.Manifold<P>) => Partial<Situation<P>>
  /**
   * Several shortest geodesics lead from x to y, and rounding may choose: only identities tell whether one is right.
   */
  readonly cut?: boolean
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
 * A tangent vector of that length in the direction of another, projected again: rounding of a long one is not tangent.
 *
 * @internal
 */
export const ofLength = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  x: P,
  v: P,
  length: number
): P => M.project(x, NestedTensors.scaleItems(tf.div(length, M.norm(x, v)), v))

/**
 * The names of all situations of a manifold with these edges.
 *
 * @internal
 */
export const namesOf = <P extends NestedTensors.NestedTensors>(edges: ReadonlyArray<Edge<P>>): ReadonlyArray<string> =>
  [...everywhere, ...edges].map(({ name }) => name)

/**
 * Which of these situations are on the cut locus.
 *
 * @internal
 */
export const chosenOf = <P extends NestedTensors.NestedTensors>(
  edges: ReadonlyArray<Edge<P>>
): ReadonlyArray<boolean> => [...everywhere, ...edges].map(({ cut = false }) => cut)

/**
 * An ordinary situation with what an edge changes of it.
 *
 * @internal
 */
export const atEdge = <P extends NestedTensors.NestedTensors>(
  ordinary: Situation<P>,
  at: Edge<P>["at"],
  M: Manifold.Manifold<P>,
  reach: number
): Situation<P> => {
  const { u = ordinary.u, x = ordinary.x, y = ordinary.y, ...changed } = at(ordinary, M)
  const own = () => ofLength(M, x, M.randomTangent(0, x), Math.min(1, reach))
  return { x, y, u, v: changed.v ?? (x === ordinary.x ? ordinary.v : own()) }
}

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
  const v = ofLength(M, x, M.randomTangent(Seed.split(seed, "v"), x), Math.min(1, reach))
  const u = NestedTensors.add(x, NestedTensors.scale(0.3, ambient(M.shape, Seed.split(seed, "u")) as P))
  const ordinary: Situation<P> = { x, y: M.retract(x, v), u, v }
  const list = [...(everywhere as unknown as ReadonlyArray<Edge<P>>), ...edges]
  const items = list.map(({ at }) => atEdge(ordinary, at, M, reach))
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
