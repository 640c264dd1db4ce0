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
  { M, batch, entries, finite, gap, operations, point, ambient, situation, tangent, section }: Setting<P>
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
      const isRight = (p: P) =>
        NestedTensors.leaves(p).map((leaf) => leaf.shape.join()).join(";") === expected.join(";")
      // First what all others take: given what is wrong, they would throw.
      if (!(isRight(x) && isRight(M.project(x, u)) && isRight(M.randomTangent(c.seed, x)))) return 1
      // A retraction of another shape leads to no other point.
      const s = { x, y: x, u, v: tangent(c, x) }
      const areRight = operations.every(({ apply, gives }) => {
        const found = apply(s)
        return gives === "number" ? (found as tf.Tensor).shape.join() === batch.join() : isRight(found as P)
      })
      return areRight ? 0 : 1
    }, Tolerance.exact)
  )

  always(
    law("a batch is its items", "f(x)[i] = f(x[i])", (c) => {
      const s = situation(c)
      const item = (p: P, i: number) =>
        NestedTensors.map(p, (leaf) => tf.reshape(tf.slice(leaf, [i], [1]), leaf.shape.slice(1)))
      return tf.stack(operations.flatMap(({ apply, gives }) => {
        const whole = apply(s)
        return [0, 1].map((i) => {
          const own = apply({ x: item(s.x, i), y: item(s.y, i), u: item(s.u, i), v: item(s.v, i) })
          return gives === "number"
            ? tf.abs(tf.sub(tf.reshape(tf.slice(whole as tf.Tensor, [i], [1]), []), own as tf.Tensor))
            : gap(item(whole as P, i), own as P)
        })
      }))
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
      const s = situation(c)
      const left = (f: () => NestedTensors.NestedTensors) => {
        const before = tf.memory().numTensors
        const leaves = new Set(NestedTensors.leaves(f())).size
        return Math.max(0, tf.memory().numTensors - before - leaves)
      }
      return Math.max(
        ...operations.map(({ apply }) => left(() => apply(s))),
        left(() => M.random(c.seed)),
        left(() => M.randomTangent(c.seed, s.x))
      )
    }, Tolerance.exact)
  )
  return set
}
