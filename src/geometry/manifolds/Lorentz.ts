import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Convergence from "../../numerics/Convergence.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Manifold from "../Manifold.ts"
import { matrixFamily } from "../matrixFamily.ts"
import { gyration } from "./gyration.ts"

const axes = [-2, -1]
const drop = (u: tf.Tensor) => tf.squeeze(u, axes)
const sum = (u: tf.Tensor) => tf.sum(u, axes, true)
const dot = (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(u, v))
const length = (u: tf.Tensor) => Differentiable.length(u, axes)

/** √(1 + s²), of any s. */
const above = (s: tf.Tensor) => Differentiable.length(tf.concat([s, tf.onesLike(s)], -1), axes)

/** u/‖u‖, 0 at 0. */
const unit = (u: tf.Tensor) => {
  const size = length(u)
  return tf.div(u, tf.add(size, Differentiable.equal(size, 0)))
}

/** a where the mask is 1, else b, of whatever shapes that are broadcast. */
const either = (mask: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  Differentiable.choose(tf.mul(mask, tf.onesLike(b)), a, b)

/** What a point is by its entries in space, on which its time depends: (cosh τ, sinh τ·x̂) with ‖x_s‖ = sinh τ. */
interface Polar {
  readonly space: tf.Tensor
  readonly direction: tf.Tensor
  readonly sinh: tf.Tensor
  readonly cosh: tf.Tensor
}

/**
 * The hyperbolic angle t ≥ 0 of the point (cosh t, sinh t) nearest to (time, space): the root of 2 sinh t − time·tanh t
 * = space.
 */
const bisected = (time: tf.Tensor, space: tf.Tensor): tf.Tensor => {
  let low: tf.Tensor = tf.zerosLike(time)
  // At least asinh((|time| + space)/2), of which engines square the argument.
  let high: tf.Tensor = tf.log1p(tf.add(tf.abs(time), space))
  const halvings = Math.ceil(-Math.log2(Arithmetic.current().epsilon)) + 6
  for (let k = 0; k < halvings; k++) {
    const middle = tf.mul(tf.add(low, high), 0.5)
    const excess = tf.sub(tf.sub(tf.mul(tf.sinh(middle), 2), tf.mul(time, tf.tanh(middle))), space)
    const above = tf.greater(excess, 0)
    low = tf.where(above, low, middle)
    high = tf.where(above, middle, high)
  }
  return tf.mul(tf.add(low, high), 0.5)
}

/** The same, with the gradient of the root: dt = (tanh t·dtime + dspace)/(2 cosh t − time/cosh² t). */
const nearestAngle = (time: tf.Tensor, space: tf.Tensor): tf.Tensor =>
  tf.customGrad((...given) => {
    const [inTime, inSpace, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const value = tf.tidy(() => bisected(inTime, inSpace))
    save([inTime, value])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [time, angle]: Array<tf.Tensor>) => {
        const cosh = tf.cosh(angle!)
        const slope = tf.sub(tf.mul(2, cosh), tf.div(time!, tf.square(cosh)))
        const share = tf.div(dy, slope)
        return [tf.mul(share, tf.tanh(angle!)), share]
      }
    }
  })(time, space)

/** The hyperbolic angle whose cosine is within the range of numbers, with room for sums and products of a few. */
const furthest = () => Arithmetic.current() === Arithmetic.float64 ? 700 : 80

/** Geometry of the upper sheet in m×n matrices whose first entry is time. */
const hyperboloid = (m: number, n: number) => {
  const time = () => tf.tensor2d(Array.from({ length: m * n }, (_, i) => (i === 0 ? 1 : 0)), [m, n])
  const space = (u: tf.Tensor) => tf.mul(u, tf.sub(1, time()))
  const first = (u: tf.Tensor) => sum(tf.mul(u, time()))
  const joined = (inSpace: tf.Tensor, inTime: tf.Tensor) => tf.add(inSpace, tf.mul(inTime, time()))

  const polar = (x: tf.Tensor): Polar => {
    const inSpace = space(x)
    const sinh = length(inSpace)
    return { space: inSpace, direction: unit(inSpace), sinh, cosh: above(sinh) }
  }

  /** What of a vector is orthogonal to a direction; twice, since the first time leaves rounding errors of all of it. */
  const across = (direction: tf.Tensor, u: tf.Tensor) => {
    const once = tf.sub(u, tf.mul(direction, dot(direction, u)))
    return tf.sub(once, tf.mul(direction, dot(direction, once)))
  }

  // Near the origin there is no direction: there, and only there, formulas in x itself are as accurate.
  const near = ({ sinh }: Polar) => Differentiable.less(sinh, 1)

  /**
   * A tangent vector as it stands in the rest frame: its radial part divided by cosh τ. Its length there is its length.
   */
  const atRest = (p: Polar, v: tf.Tensor) => {
    const { cosh, direction, space: x } = p
    const inSpace = space(v)
    const shift = tf.div(dot(x, inSpace), tf.mul(cosh, tf.add(1, cosh)))
    const radial = tf.mul(direction, tf.div(dot(direction, inSpace), cosh))
    return either(near(p), tf.sub(inSpace, tf.mul(x, shift)), tf.add(across(direction, inSpace), radial))
  }

  /** The tangent vector that stands so in the rest frame. */
  const moving = (p: Polar, w: tf.Tensor) => {
    const { cosh, direction, space: x } = p
    const radial = tf.mul(direction, tf.mul(dot(direction, w), cosh))
    const shift = tf.div(dot(x, w), tf.add(1, cosh))
    const inSpace = either(near(p), tf.add(w, tf.mul(x, shift)), tf.add(across(direction, w), radial))
    return joined(inSpace, dot(x, w))
  }

  /**
   * sinh²(d/2) = sinh²((τ_x − τ_y)/2) + sinh τ_x sinh τ_y sin²(φ/2), a sum of what does not cancel: with s = sinh(τ_x −
   * τ_y), the first is s²/(2(1 + √(1 + s²))).
   */
  const composed = (x: Polar, y: Polar) => {
    const delta = tf.sub(y.space, x.space)
    const lengths = tf.add(x.sinh, y.sinh)
    const longer = tf.div(dot(delta, tf.add(x.space, y.space)), tf.add(lengths, Differentiable.equal(lengths, 0)))
    const products = tf.add(tf.mul(y.sinh, x.cosh), tf.mul(x.sinh, y.cosh))
    // sinh²τ_y − sinh²τ_x over their products; both 0 at the origin.
    const radial = tf.div(tf.mul(longer, lengths), tf.add(products, Differentiable.equal(products, 0)))
    const chord = tf.sub(x.direction, y.direction)
    const around = tf.mul(tf.mul(x.sinh, tf.mul(y.sinh, dot(chord, chord))), 0.25)
    return tf.add(tf.div(tf.square(radial), tf.mul(2, tf.add(1, above(radial)))), around)
  }
  /** The same, with the gradient of (−⟨x, y⟩ − 1)/2: ½((y₀ − x₀)/x₀·x_s − δ) with respect to x_s. */
  const halfSquared = (x: Polar, y: Polar): tf.Tensor =>
    tf.customGrad((...given) => {
      const [a, b, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
      save([a, b])
      return {
        value: tf.tidy(() => composed(polar(a), polar(b))),
        gradFunc: (dy: tf.Tensor, [a, b]: Array<tf.Tensor>) => {
          const [p, q] = [polar(a!), polar(b!)]
          const delta = tf.sub(b!, a!)
          const later = tf.div(dot(delta, tf.add(a!, b!)), tf.add(p.cosh, q.cosh))
          const half = tf.mul(dy, 0.5)
          return [
            tf.mul(half, tf.sub(tf.mul(a!, tf.div(later, p.cosh)), delta)),
            tf.mul(half, tf.sub(delta, tf.mul(b!, tf.div(later, q.cosh))))
          ]
        }
      }
    })(x.space, y.space)
  return { across, atRest, first, halfSquared, joined, moving, near, polar, space }
}

const at = (m: number, n: number): Manifold.Manifold => {
  const { across, atRest, first, halfSquared, joined, moving, near, polar, space } = hyperboloid(m, n)
  const lift = (u: tf.Tensor) => joined(space(u), above(length(space(u))))
  /**
   * u = tangent part + normal·x with normal = −⟨x, u⟩ = cosh τ·(u₀ − ⟨x_s, u_s⟩/cosh τ). A time entry that is tangent
   * to rounding counts as tangent: far out, what rounding leaves of it would be larger than all else.
   */
  const split = ({ cosh, space: x }: Polar, u: tf.Tensor) => {
    const along = tf.div(dot(x, space(u)), cosh)
    const defect = tf.sub(first(u), along)
    const rounding = tf.mul(16 * Arithmetic.current().epsilon, tf.add(tf.abs(along), tf.abs(first(u))))
    const tangent = Differentiable.less(tf.abs(defect), rounding)
    const normal = tf.mul(cosh, tf.sub(defect, tf.mul(tangent, constant(defect))))
    return { normal, inSpace: tf.sub(space(u), tf.mul(x, normal)) }
  }
  const project = (x: tf.Tensor, u: tf.Tensor) => {
    const at = polar(x)
    const { inSpace } = split(at, u)
    return joined(inSpace, tf.div(dot(at.space, inSpace), at.cosh))
  }
  /** d/sinh d·(y − cosh d·x), from the entries in space. */
  const log = (x: tf.Tensor, y: tf.Tensor) => {
    const [from, to] = [polar(x), polar(y)]
    const half = halfSquared(from, to)
    const inSpace = tf.sub(tf.sub(to.space, from.space), tf.mul(from.space, tf.mul(2, half)))
    const ratio = tf.div(Differentiable.arsinhRatio(half), above(Differentiable.squareRoot(half)))
    const v = tf.mul(inSpace, ratio)
    return joined(v, tf.div(dot(from.space, v), from.cosh))
  }
  /**
   * The radial part in exponentials: ½(e^τ p − e^−τ q) with p, q = cosh t ± α sinh t/t, α the radial speed, t the
   * speed.
   */
  const exp = (x: tf.Tensor, v: tf.Tensor) => {
    const from = polar(x)
    const { cosh, direction, sinh } = from
    const w = atRest(from, v)
    const radial = dot(direction, w)
    const around = across(direction, w)
    const squared = dot(w, w)
    const ratio = Differentiable.sinhRatio(squared)
    const speed = Differentiable.squareRoot(squared)
    const inward = Differentiable.less(radial, 0)
    const outward = either(inward, tf.neg(radial), radial)
    const sums = tf.add(speed, outward)
    // exp(−t) + (t − |α|) sinh t/t for cosh t − |α| sinh t/t, where t − |α| is the square of what is around over t +
    // |α|.
    const rest = tf.div(dot(around, around), tf.add(sums, Differentiable.equal(sums, 0)))
    const slow = tf.sub(tf.cosh(speed), tf.mul(outward, ratio))
    const less = either(Differentiable.less(speed, 0.5), slow, tf.add(tf.exp(tf.neg(speed)), tf.mul(rest, ratio)))
    const more = tf.add(tf.cosh(speed), tf.mul(outward, ratio))
    const grown = tf.add(sinh, cosh)
    const size = tf.mul(
      0.5,
      tf.sub(tf.mul(grown, either(inward, less, more)), tf.div(either(inward, more, less), grown))
    )
    const far = tf.add(tf.mul(direction, size), tf.mul(around, ratio))
    const plain = tf.add(tf.mul(from.space, tf.cosh(speed)), tf.mul(space(v), ratio))
    return lift(either(near(from), plain, far))
  }
  /** How far v leads at most, as a hyperbolic angle: that of x, and the length of v. */
  const reach = (x: tf.Tensor, v: tf.Tensor) => {
    const from = polar(x)
    const angle = tf.log(tf.add(from.sinh, from.cosh))
    return { angle, speed: length(atRest(from, v)) }
  }
  const checkedExp = (x: tf.Tensor, v: tf.Tensor) => {
    const { angle, speed } = reach(constant(x), constant(v))
    Convergence.require({
      what: `the exponential on Lor(${m},${n})`,
      residual: tf.add(angle, speed),
      tolerance: furthest(),
      remedy: "Points further out have no coordinates in these numbers: take a shorter vector."
    })
    return exp(x, v)
  }
  /** The exponential, of a shorter vector where no number would hold the coordinates. */
  const retract = (x: tf.Tensor, v: tf.Tensor) => {
    const { angle, speed } = reach(constant(x), constant(v))
    const most = tf.maximum(tf.sub(furthest(), angle), 1)
    const longer = Differentiable.greater(speed, most)
    return exp(x, tf.mul(v, either(longer, tf.div(most, tf.add(speed, tf.sub(1, longer))), tf.onesLike(speed))))
  }
  return Manifold.make<tf.Tensor>({
    name: `Lor(${m},${n})`,
    shape: [m, n],
    dimension: m * n - 1,
    curvature: Interval.point(m * n < 3 ? 0 : -1),
    norms: {
      spectral: Interval.make(1, Infinity),
      frobenius: Interval.make(1, Infinity),
      rowSum: Interval.make(1, Infinity),
      columnSum: Interval.make(1, Infinity)
    },
    retractionOrder: Infinity,
    injectivityRadius: Infinity,
    inner: (x, u, v) => {
      const at = polar(x)
      const [a, b] = [split(at, u), split(at, v)]
      return drop(tf.sub(dot(atRest(at, a.inSpace), atRest(at, b.inSpace)), tf.mul(a.normal, b.normal)))
    },
    project,
    gradient: (x, e) => project(x, joined(space(e), tf.neg(first(e)))),
    nearest: (given) => {
      const u = Differentiable.shortened(given, Math.cosh(furthest()))
      const inSpace = space(u)
      const size = length(inSpace)
      const none = Differentiable.equal(size, 0)
      const reach = tf.sinh(nearestAngle(first(u), size))
      // On the axis of time the slope of the angle, 1/(2 − time); beyond 2 all directions are as near.
      const slope = tf.div(1, tf.maximum(tf.sub(2, first(u)), 1e-3))
      return lift(tf.mul(inSpace, either(none, slope, tf.div(reach, tf.add(size, none)))))
    },
    retract,
    transport: (x, y, v) => {
      const [from, to] = [polar(x), polar(y)]
      const inBall = (p: Polar) => tf.div(p.space, tf.add(1, p.cosh))
      const gap = (p: Polar) => tf.div(2, tf.add(1, p.cosh))
      const half = halfSquared(from, to)
      const both = tf.mul(gap(from), gap(to))
      const turned = gyration(
        {
          x: inBall(from),
          delta: tf.div(
            either(near(from), to.space, across(from.direction, to.space)),
            tf.add(1, to.cosh)
          ),
          apart: tf.div(tf.add(tf.add(gap(from), gap(to)), tf.mul(half, both)), 2),
          denominator: tf.mul(both, tf.add(1, half))
        },
        atRest(from, v),
        axes
      )
      return moving(to, turned)
    },
    // Of hyperbolic radius below 1.
    random: (seed, batch) => lift(tf.mul(tf.tanh(Seed.normalTensor(seed, [...batch, m, n])), 1 / Math.sqrt(m * n))),
    residual: (x) => drop(tf.abs(tf.sub(tf.div(first(x), polar(x).cosh), 1))),
    exp: checkedExp,
    log,
    dist: (x, y) => {
      const half = halfSquared(polar(x), polar(y))
      return drop(tf.mul(tf.mul(Differentiable.squareRoot(half), Differentiable.arsinhRatio(half)), 2))
    }
  })
}

const lorentz = matrixFamily(() => ({
  symbol: "Lor",
  name: "Lorentz model",
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
 * retractions stay before it, exp fails with NotConverged.
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
