/** Edges of products and of what holds several points. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import type * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import { atEdge, type Edge } from "../edges.ts"
import type { Situation } from "../operations.ts"

/**
 * An edge of every factor at once.
 *
 * @internal
 */
export const factorwise = <Ps extends ReadonlyArray<NestedTensors.NestedTensors>>(
  factors: { readonly [K in keyof Ps]: Manifold.Manifold<Ps[K]> },
  ...edges: { readonly [K in keyof Ps]: Edge<Ps[K]> }
): Edge<Ps> => ({
  name: edges.map(({ name }) => name).join(" beside "),
  cut: edges.some(({ cut = false }) => cut),
  at: (s) => {
    const each = edges.map(({ at }, i) => {
      const own = { x: s.x[i]!, y: s.y[i]!, u: s.u[i]!, v: s.v[i]! }
      const M = factors[i]! as Manifold.Manifold<NestedTensors.NestedTensors>
      return atEdge(own, at as Edge<NestedTensors.NestedTensors>["at"], M, Infinity)
    })
    const part = (key: keyof Situation) => each.map((of) => of[key]) as unknown as Ps
    return { x: part("x"), y: part("y"), u: part("u"), v: part("v") }
  }
})

/** How several points of a manifold lie in one: as a batch of them, and back. */
export interface Together {
  readonly apart: (whole: tf.Tensor) => tf.Tensor
  readonly together: (points: tf.Tensor) => tf.Tensor
}

/**
 * Side by side in a stack `[…, count, m, n]`.
 *
 * @internal
 */
export const stacked = ({ shape }: Manifold.Manifold, count: number): Together => ({
  apart: (whole) => tf.reshape(whole, [-1, ...shape]),
  together: (points) => tf.reshape(points, [-1, count, ...shape])
})

/**
 * What changes a situation of one point, for all of those that lie in another.
 *
 * @internal
 */
export const forAll = ({ apart, together }: Together, change: (s: Situation) => Situation) => (s: Situation) => {
  const { u, v, x, y } = change({ x: apart(s.x), y: apart(s.y), u: apart(s.u), v: apart(s.v) })
  return { x: together(x), y: together(y), u: together(u), v: together(v) }
}

/**
 * An edge of a manifold, for all of its points that lie in one.
 *
 * @internal
 */
export const ofAll = (M: Manifold.Manifold, how: Together, { at, ...edge }: Edge): Edge => ({
  ...edge,
  at: forAll(how, (s) => atEdge(s, at, M, Infinity))
})
