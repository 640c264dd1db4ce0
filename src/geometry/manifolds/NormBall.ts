/** Norm balls: the max-norm constraint as a manifold with boundary. */
import * as tf from "@tensorflow/tfjs-core"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import type * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { ball } from "./balls.ts"

const length = (x: tf.Tensor) => Differentiable.length(x, [-2, -1])

/** How large a ball is. */
export interface NormBallOptions {
  /** The largest norm; default 1. */
  readonly radius?: number
}

/** `Ball:0.25`, as specifications read it: their parts are joined with "+", so that 10²¹ is 1e21. */
const symbolOf = (radius: number): string => radius === 1 ? "Ball" : `Ball:${String(radius).replace("+", "")}`

const at = (m: number, n: number, radius: number): Manifold.Manifold =>
  ball({
    name: `${symbolOf(radius)}(${m},${n})`,
    shape: [m, n],
    radius,
    norms: {
      spectral: Interval.make(0, radius),
      frobenius: Interval.make(0, radius),
      rowSum: Interval.make(0, radius * Math.sqrt(m)),
      columnSum: Interval.make(0, radius * Math.sqrt(n))
    },
    length,
    nearest: (given) => {
      const u = Differentiable.shortened(given, 1e30 * Math.max(1, radius))
      return tf.div(u, tf.maximum(radius === 1 ? length(u) : tf.div(length(u), radius), 1))
    }
  })

const normBall = matrixFamily(({ radius = 1 }: NormBallOptions = {}) => {
  if (!(radius > 0 && Number.isFinite(radius))) {
    throw new RangeError(`NormBall: a radius is a positive number, not ${radius}`)
  }
  return {
    symbol: symbolOf(radius),
    name: "norm ball",
    about: `norm up to ${radius}`,
    retraction: "scaled back",
    at: (m, n) => at(m, n, radius)
  }
})

/**
 * Ball of the Frobenius norm, ‖X‖_F ≤ r: a flat manifold with boundary, weights of bounded size that may shrink. Of
 * vectors, one for each filter or output, it is the max-norm constraint; with a policy whose γ is at most 1, as `none`,
 * it holds for the network's weights ℜω too.
 *
 * project U; retract and nearest by U/max(1, ‖U‖/r), so a step that would leave ends on the sphere (projected gradient
 * descent). Laws of smooth operations hold inside, for steps that stay there; the boundary has its own law, that
 * nearest points do not spread.
 * Source: Bauschke and Combettes 2011, section 4.1.
 *
 * @throws ShapeRefused for a shape that is not m×n; RangeError for a radius that is not positive.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NormBall } from "finegrain"
 * [...NormBall.make([2, 1]).nearest(tf.tensor2d([[3], [4]])).dataSync()].map((x) => x.toFixed(1)) // => ["0.6", "0.8"]
 * NormBall.make([2, 1], { radius: 0.25 }).norms.frobenius.max // => 0.25
 * ```
 */
export const make = normBall.make

/**
 * The family of Frobenius balls, `Ball` in specifications, or `Ball:0.25` for a radius.
 *
 * @throws RangeError for a radius that is not positive.
 *
 * @example
 * ```ts
 * import { NormBall } from "finegrain"
 * NormBall.family().symbol // => "Ball"
 * NormBall.family({ radius: 0.25 }).symbol // => "Ball:0.25"
 * ```
 */
export const family = normBall.family
