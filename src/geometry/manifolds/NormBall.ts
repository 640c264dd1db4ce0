import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Interval from "../../numerics/Interval.ts"
import type * as Points from "../../numerics/Points.ts"
import * as Manifold from "../Manifold.ts"
import { ball } from "./balls.ts"

const length = (x: tf.Tensor) => tf.sqrt(tf.sum(tf.square(x), [-2, -1], true))

const at = (m: number, n: number): Manifold.Manifold =>
  ball({
    name: `Ball(${m},${n})`,
    shape: [m, n],
    norms: {
      spectral: Interval.make(0, 1),
      frobenius: Interval.make(0, 1),
      rowSum: Interval.make(0, Math.sqrt(m)),
      columnSum: Interval.make(0, Math.sqrt(n))
    },
    length,
    nearest: (u) => tf.div(u, tf.maximum(length(u), 1))
  })

/**
 * Unit ball of the Frobenius norm, ‖X‖_F ≤ 1: a flat manifold with boundary, weights of bounded size that may shrink.
 *
 * project U; retract and nearest by U/max(1, ‖U‖), so a step that would leave ends on the sphere (projected gradient descent). Laws of
 * smooth operations hold inside, for steps that stay there; the boundary has its own law, that nearest points do not spread.
 * Source: Bauschke and Combettes 2011, section 4.1.
 *
 * @throws ShapeRefused for a shape that is not m×n.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NormBall } from "finegrain"
 * [...NormBall.make([2, 1]).nearest(tf.tensor2d([[3], [4]])).dataSync()].map((x) => x.toFixed(1)) // => ["0.6", "0.8"]
 * ```
 */
export const make = (shape: Points.Shape): Manifold.Manifold => Result.getOrThrow(family().at(shape))

/**
 * The family of Frobenius balls, `Ball` in specifications.
 *
 * @example
 * ```ts
 * import { NormBall } from "finegrain"
 * NormBall.family().symbol // => "Ball"
 * ```
 */
export const family = (): Manifold.Family => ({
  symbol: "Ball",
  name: "norm ball",
  at: (shape) => Result.map(Manifold.matrixShape("Ball", shape, () => true), ([m, n]) => at(m, n))
})
