import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import { type Edge, namesOf, situations } from "../edges.ts"
import { isRefusal, type LawSet } from "../Law.ts"
import type { Situation } from "../operations.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * What must hold at the edges as well, where operations may refuse by name but not give wrong points.
 *
 * @internal
 */
export const edgeLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, reach, length, section }: Setting<P>
): LawSet => {
  const { always, law, set, when } = section("edges", "the contract of Manifold.Manifold")
  const edges = (options.edges ?? []) as unknown as ReadonlyArray<Edge<P>>
  const places = namesOf(edges)
  const { dist, log } = M
  const orRefused = (value: () => tf.Tensor): tf.Tensor => {
    try {
      return value()
    } catch (error) {
      if (isRefusal(error)) return tf.zeros([1])
      throw error
    }
  }
  const parts = (operations: ReadonlyArray<string>) =>
    places.flatMap((place) => operations.map((name) => `${name}, ${place}`))
  const item = (s: Situation<P>, i: number): Situation<P> => {
    const part = (p: P) => NestedTensors.map(p, (leaf) => tf.slice(leaf, [i], [1]))
    return { x: part(s.x), y: part(s.y), u: part(s.u), v: part(s.v) }
  }
  /** Item by item: one that is refused says nothing of the others. */
  const each = (seed: number, of: ReadonlyArray<(s: Situation<P>) => tf.Tensor>) => {
    const all = situations(M, edges, reach, seed)
    return tf.concat(places.flatMap((_, i) => of.map((f) => orRefused(() => f(item(all, i))))))
  }
  // Cones have points of any size, whose roundings are as large.
  const off = (p: P) => tf.div(M.residual(p), tf.maximum(1, tf.div(length(p), Math.sqrt(entries))))
  always(law(
    "points reached at the edges lie on the manifold",
    "c(R(x, v)) = 0 and c(nearest(u)) = 0, or a typed error",
    ({ seed }) => each(seed, [({ v, x }) => off(M.retract(x, v)), ({ u }) => off(M.nearest(u))]),
    Tolerance.rounding(entries, 4),
    undefined,
    parts(["retract", "nearest"])
  ))
  when(
    dist !== undefined && log !== undefined,
    "logarithms at the edges are as long as the distance",
    "the manifold gives no logarithm or distance",
    law(
      "logarithms at the edges are as long as the distance",
      "‖log(x, y)‖ = d(x, y), or a typed error",
      // One after the other, since logarithms may be long computations.
      ({ seed }) =>
        places.map((_, i) => () => {
          const { x, y } = item(situations(M, edges, reach, seed), i)
          return orRefused(() => {
            const d = dist!(x, y)
            return tf.div(tf.abs(tf.sub(M.norm(x, log!(x, y)), d)), tf.add(1, d))
          })
        }),
      Tolerance.rounding(entries, 20),
      undefined,
      parts(["log"])
    )
  )
  return set
}
