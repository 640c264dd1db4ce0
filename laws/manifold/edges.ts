/** The laws of one manifold at its edges. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import { type Edge, namesOf, situations } from "../edges.ts"
import type { Law, LawSet } from "../Law.ts"
import { notANumber, type Situation } from "../operations.ts"
import { outcome } from "../outcome.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * What must hold at the edges as well, where operations may refuse by name but not give wrong points.
 *
 * @internal
 */
export const edgeLaws = <P extends NestedTensors.NestedTensors>(
  { M, operations, options, entries, reach, section }: Setting<P>
): LawSet => {
  const { always, law, set, when } = section("edges", "the contract of Manifold.Manifold")
  const edges = (options.edges ?? []) as unknown as ReadonlyArray<Edge<P>>
  const outside = (options.outside ?? []) as unknown as ReadonlyArray<Edge<P>>
  const places = namesOf(edges)
  interface Part {
    readonly name: string
    readonly of: (s: Situation<P>) => tf.Tensor
  }
  const atEdges = (
    name: string,
    equation: string,
    tolerance: Tolerance.Tolerance,
    list: ReadonlyArray<Part>
  ) =>
    wholeBatch(law(
      name,
      equation,
      ({ seed }) => {
        const s = situations(M, edges, reach, seed)
        return tf.concat(list.map(({ of }) => {
          const found = outcome(of, s, places.length)
          if (found === undefined) return tf.zeros([places.length])
          // What is refused is no number of any meaning.
          return tf.where(tf.tensor1d([...found.refused], "bool"), tf.zeros([places.length]), found.leaves[0]!)
        }))
      },
      tolerance,
      undefined,
      list.flatMap(({ name }) => places.map((place) => `${name}, ${place}`))
    ))
  /** Of every item the largest entry: squares of a length might overflow. */
  const largest = (p: P) =>
    NestedTensors.leaves(p)
      .map((leaf) => tf.max(tf.reshape(tf.abs(leaf), [leaf.shape[0]!, -1]), -1))
      .reduce((a, b) => tf.maximum(a, b))
  // Cones have points of any size, whose roundings are as large.
  const off = (p: P) => tf.div(M.residual(p), tf.maximum(1, largest(p)))
  const { exp } = M
  always(
    atEdges(
      "operations at the edges give numbers",
      "f(x, …) has no NaN, or a typed error, for every operation f that is not a product",
      Tolerance.exact,
      operations.filter(({ name }) => !products.has(name))
        .map(({ apply, name }) => ({ name, of: (s) => notANumber(apply(s)) }))
    ),
    atEdges(
      "points reached at the edges lie on the manifold",
      "c(x) = 0, c(R(x, v)) = 0, c(nearest(u)) = 0 and c(exp(x, v)) = 0, or a typed error",
      Tolerance.rounding(entries, 4),
      [
        { name: "x", of: ({ x }) => off(x) },
        { name: "y", of: ({ y }) => off(y) },
        { name: "retract", of: ({ v, x }) => off(M.retract(x, v)) },
        { name: "nearest", of: ({ u }) => off(M.nearest(u)) },
        ...(exp === undefined ? [] : [{ name: "exp", of: ({ v, x }: Situation<P>) => off(exp(x, v)) }])
      ]
    ),
    atEdges(
      "nearest fixes points at the edges",
      "nearest(x) = x, relative to the size of x",
      Tolerance.rounding(entries, 4),
      [{
        name: "nearest",
        of: ({ x }) => tf.div(largest(NestedTensors.sub(M.nearest(x), x)), tf.maximum(largest(x), 1e-35))
      }]
    )
  )
  when(
    outside.length > 0,
    "what is no point has a residual",
    "no such matrices are given",
    law(
      "what is no point has a residual",
      "c(x) ≥ 1/2 for x beside the manifold, at vertices of an open set too",
      ({ seed }) => {
        const s = situations(M, [], reach, seed)
        const first = (p: P) => NestedTensors.map(p, (leaf) => tf.slice(leaf, [0], [1]))
        const ordinary = { x: first(s.x), y: first(s.y), u: first(s.u), v: first(s.v) }
        return tf.concat(outside.map(({ at }) => tf.relu(tf.sub(0.5, M.residual(at(ordinary, M).x!)))))
      },
      Tolerance.exact,
      undefined,
      outside.map(({ name }) => name)
    )
  )
  return set
}

/** What multiplies points or vectors of 10³⁰, and may overflow: the law of the budget knows where. */
const products = new Set(["inner", "gradient"])

/**
 * Every case has all situations: a few are enough, and no smaller one is easier to read.
 *
 * @internal
 */
export const wholeBatch = (law: Law): Law => ({ ...law, maxRuns: 4 })
