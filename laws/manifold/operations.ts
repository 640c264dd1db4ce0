import * as tf from "@tensorflow/tfjs-core"
import * as Option from "effect/Option"
import * as FusedKernels from "../../src/engine/FusedKernels.ts"
import * as Manifold from "../../src/geometry/Manifold.ts"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Shape from "../../src/numerics/Shape.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * Shapes, batches and tensors as resources.
 *
 * @internal
 */
export const operationLaws = <P extends NestedTensors.NestedTensors>(
  { M, batch, entries, finite, gap, point, ambient, tangent, section }: Setting<P>
): LawSet => {
  const { always, law, set } = section("operations", "the contract of Manifold.Manifold")
  always(
    finite,
    law(
      "claims are possible",
      "min ≤ max, no NaN, 0 ≤ dimension ≤ entries, …",
      () => Option.isSome(Manifold.refusal(M)) ? 1 : 0,
      Tolerance.exact
    ),
    law("operations give points of the right shape", "shape(f) = batch × shape", (c) => {
      const [x, u] = [point(c), ambient(c)]
      const expected = Shape.leaves(M.shape).map((shape) => [...batch, ...shape].join())
      const wrong = (p: P) => {
        const found = NestedTensors.leaves(p).map((leaf) => leaf.shape.join())
        return found.join(";") === expected.join(";") ? 0 : 1
      }
      const wrongNumber = (s: tf.Tensor) => (s.shape.join() === batch.join() ? 0 : 1)
      return wrong(x) + wrong(M.project(x, u)) + wrong(M.gradient(x, u)) + wrong(M.nearest(u)) +
        wrong(M.retract(x, M.project(x, u))) + wrong(M.transport(x, x, M.project(x, u))) +
        wrong(M.randomTangent(c.seed, x)) + wrongNumber(M.inner(x, u, u)) + wrongNumber(M.norm(x, u)) +
        wrongNumber(M.residual(x))
    }, Tolerance.exact)
  )

  always(
    law("a batch is its items", "f(x)[i] = f(x[i])", (c) => {
      const x = point(c)
      const [u, v] = [ambient(c), tangent(c, x)]
      const y = M.retract(x, v)
      const item = (p: P, i: number) =>
        NestedTensors.map(p, (leaf) => tf.reshape(tf.slice(leaf, [i], [1]), leaf.shape.slice(1)))
      const points = (f: (x: P, u: P, v: P, y: P) => P) =>
        [0, 1].map((i) => gap(item(f(x, u, v, y), i), f(item(x, i), item(u, i), item(v, i), item(y, i))))
      const numbers = (f: (x: P, u: P, v: P, y: P) => tf.Tensor) =>
        [0, 1].map((i) =>
          tf.abs(tf.sub(
            tf.reshape(tf.slice(f(x, u, v, y), [i], [1]), []),
            f(item(x, i), item(u, i), item(v, i), item(y, i))
          ))
        )
      return tf.stack([
        ...points((x, u) => M.project(x, u)),
        ...points((x, u) => M.gradient(x, u)),
        ...points((x, _u, v) => M.retract(x, v)),
        ...points((x, u) => M.nearest(NestedTensors.add(x, NestedTensors.scale(0.1, u)))),
        ...points((x, _u, v, y) => M.transport(x, y, v)),
        ...numbers((x, u, v) => M.inner(x, u, v)),
        ...numbers((x, _u, v) => M.norm(x, v)),
        ...numbers((x) => M.residual(x))
      ])
    }, Tolerance.rounding(entries, 4)),
    law("kernels of the engine agree with compositions", "f_fused(x) = f_composed(x)", (c) => {
      const x = point(c)
      const [u, v] = [ambient(c), tangent(c, x)]
      const y = M.retract(x, v)
      const both = (f: () => P) => gap(f(), FusedKernels.without(f))
      return tf.stack([
        both(() => M.project(x, u)),
        both(() => M.gradient(x, u)),
        both(() => M.retract(x, v)),
        both(() => M.transport(x, y, v))
      ])
    }, Tolerance.rounding(entries, 4)),
    law("operations keep nothing but their result", "tensors(f) ≤ leaves(f)", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      const left = (f: () => NestedTensors.NestedTensors) => {
        const before = tf.memory().numTensors
        const leaves = new Set(NestedTensors.leaves(f())).size
        return Math.max(0, tf.memory().numTensors - before - leaves)
      }
      return Math.max(
        left(() => M.project(x, v)),
        left(() => M.gradient(x, v)),
        left(() => M.retract(x, v)),
        left(() => M.nearest(x)),
        left(() => M.transport(x, x, v)),
        left(() => M.inner(x, v, v)),
        left(() => M.norm(x, v)),
        left(() => M.residual(x)),
        left(() => M.random(c.seed)),
        left(() => M.randomTangent(c.seed, x))
      )
    }, Tolerance.exact)
  )
  return set
}
