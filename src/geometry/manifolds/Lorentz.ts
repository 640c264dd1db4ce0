import * as tf from "@tensorflow/tfjs-core"
import * as Interval from "../../numerics/Interval.ts"
import * as Seed from "../../numerics/Seed.ts"
import { distance } from "../lorentz/distance.ts"
import { exponential } from "../lorentz/exponential.ts"
import { drop, hyperboloid } from "../lorentz/hyperboloid.ts"
import { tangents } from "../lorentz/tangents.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"

const fromOne = Interval.make(1, Infinity)

const at = (m: number, n: number): Manifold.Manifold => {
  const sheet = hyperboloid(m, n)
  const { first, joined, lift, polar, space } = sheet
  const name = `Lor(${m},${n})`
  const { inner, norm, project, randomTangent, transport } = tangents(sheet)
  return Manifold.make<tf.Tensor>({
    name,
    shape: [m, n],
    dimension: m * n - 1,
    curvature: Interval.point(m * n < 3 ? 0 : -1),
    norms: { spectral: fromOne, frobenius: fromOne, rowSum: fromOne, columnSum: fromOne },
    retractionOrder: Infinity,
    injectivityRadius: Infinity,
    inner,
    norm,
    project,
    randomTangent,
    gradient: (x, e) => project(x, joined(space(e), tf.neg(first(e)))),
    transport,
    // Of hyperbolic radius below 1.
    random: (seed, batch) => lift(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, m, n])), 1 / Math.sqrt(m * n))),
    residual: (x) => drop(tf.abs(tf.sub(tf.div(first(x), polar(x).cosh), 1))),
    ...exponential(sheet, name),
    ...distance(sheet)
  })
}

const lorentz = matrixFamily(() => ({
  symbol: "Lor",
  name: "Lorentz model",
  about: "hyperbolic, on a sheet",
  retraction: "exponential",
  accepts: ([m, n]) => m * n >= 2,
  at: (m, n) => at(m, n)
}))

/**
 * Lorentz model of hyperbolic space: m×n matrices with −x₁₁² + Σ of the other squares = −1 and x₁₁ > 0, the first entry
 * is time.
 *
 * Metric the Lorentzian product ⟨U, V⟩ = −u₁₁v₁₁ + Σuv, positive on tangent vectors; project U + ⟨X,U⟩X; exp X cosh‖V‖
 * + V sinh‖V‖/‖V‖; parallel transport, an isometry; sectional curvature −1. The same space as the Poincaré ball,
 * without its rim. Far out the time of a point or tangent vector says nothing that rounding has left: operations read
 * their entries in space, on which it depends. Points beyond a hyperbolic angle of 80 have no coordinates in float32:
 * retractions and nearest points stay before it, exp fails with NotConverged.
 * Source: Nickel and Kiela 2018, *Learning continuous hierarchies in the Lorentz model of hyperbolic geometry*.
 *
 * @throws ShapeRefused for a shape that is not m×n with mn ≥ 2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Lorentz } from "finegrain"
 * const M = Lorentz.make([2, 1])
 * const [x, y] = [tf.tensor2d([[1], [0]]), tf.tensor2d([[Math.cosh(2)], [Math.sinh(2)]])]
 * M.dist!(x, y).dataSync()[0]!.toFixed(4) // => "2.0000"
 * ```
 */
export const make = lorentz.make

/**
 * The family of Lorentz models, `Lor` in specifications.
 *
 * @example
 * ```ts
 * import { Lorentz } from "finegrain"
 * Lorentz.family().symbol // => "Lor"
 * ```
 */
export const family = lorentz.family
