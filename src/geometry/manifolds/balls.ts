import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import type { NormIntervals } from "../../numerics/Norms.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"

/** What tells one closed ball of matrices from another. */
interface Ball {
  readonly name: string
  readonly shape: readonly [m: number, n: number]
  /** Default 1. */
  readonly radius?: number
  readonly norms: NormIntervals
  /** The norm whose ball it is; shape `[…, 1, 1]`. */
  readonly length: (x: tf.Tensor) => tf.Tensor
  readonly nearest: (u: tf.Tensor) => tf.Tensor
}

/**
 * A closed ball of matrices, as a manifold with boundary: flat inside; a step that would leave is projected back.
 *
 * @internal
 */
export const ball = ({ length, name, nearest, norms, radius = 1, shape: [m, n] }: Ball): Manifold.Manifold =>
  Manifold.make<tf.Tensor>({
    name,
    shape: [m, n],
    dimension: m * n,
    curvature: Interval.point(0),
    norms,
    retractionOrder: 2,
    project: (_x, u) => u,
    transport: (_x, _y, v) => v,
    nearest,
    retract: (x, v) => nearest(tf.add(x, v)),
    // Inside, where there are tangent spaces on all sides.
    random: (seed, batch) => {
      const u = Seed.normalTensor(seed, [...batch, m, n])
      const size = length(u)
      return tf.mul(u, tf.div(tf.mul(tf.tanh(size), 0.5 * radius), size))
    },
    residual: (x) => tf.squeeze(tf.relu(tf.sub(radius === 1 ? length(x) : tf.div(length(x), radius), 1)), [-2, -1])
  })
