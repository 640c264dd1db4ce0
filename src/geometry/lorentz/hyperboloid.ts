/** The upper sheet of the hyperboloid: points by their entries in space, and tangent vectors in the frame at rest. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"

export const axes = [-2, -1]
export const drop = (u: tf.Tensor) => tf.squeeze(u, axes)
const sum = (u: tf.Tensor) => tf.sum(u, axes, true)
export const dot = (u: tf.Tensor, v: tf.Tensor) => sum(tf.mul(u, v))
export const length = (u: tf.Tensor) => Differentiable.length(u, axes)

/** √(1 + s²), of any s. */
export const above = (s: tf.Tensor) => Differentiable.length(tf.concat([s, tf.onesLike(s)], -1), axes)

/** u/‖u‖, 0 at 0. */
const unit = (u: tf.Tensor) => {
  const size = length(u)
  return tf.div(u, tf.add(size, Differentiable.equal(size, 0)))
}

/** a where the mask is 1, else b, of whatever shapes that are broadcast. */
export const either = (mask: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  Differentiable.choose(tf.mul(mask, tf.onesLike(b)), a, b)

/** What a point is by its entries in space, on which its time depends: (cosh τ, sinh τ·x̂) with ‖x_s‖ = sinh τ. */
export interface Polar {
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

/** `bisected` with the gradient of the root: dt = (tanh t·dtime + dspace)/(2 cosh t − time/cosh² t). */
export const nearestAngle = (time: tf.Tensor, space: tf.Tensor): tf.Tensor =>
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
export const furthest = () => Arithmetic.current() === Arithmetic.float64 ? 700 : 80

/** Entries of m×n matrices whose first is time. */
const coordinates = (m: number, n: number) => {
  const time = () => tf.tensor2d(Array.from({ length: m * n }, (_, i) => (i === 0 ? 1 : 0)), [m, n])
  const space = (u: tf.Tensor) => tf.mul(u, tf.sub(1, time()))
  const first = (u: tf.Tensor) => sum(tf.mul(u, time()))
  const joined = (inSpace: tf.Tensor, inTime: tf.Tensor) => tf.add(inSpace, tf.mul(inTime, time()))

  const polar = (x: tf.Tensor): Polar => {
    const inSpace = space(x)
    const sinh = length(inSpace)
    return { space: inSpace, direction: unit(inSpace), sinh, cosh: above(sinh) }
  }

  /** The point above some entries in space. */
  const lift = (u: tf.Tensor) => joined(space(u), above(length(space(u))))
  return { first, joined, lift, polar, space }
}

type Coordinates = ReturnType<typeof coordinates>

/** What of a vector is orthogonal to a direction; twice, since the first time leaves rounding errors of all of it. */
const across = (direction: tf.Tensor, u: tf.Tensor) => {
  const once = tf.sub(u, tf.mul(direction, dot(direction, u)))
  return tf.sub(once, tf.mul(direction, dot(direction, once)))
}

// Near the origin there is no direction: there, and only there, formulas in x itself are as accurate.
const near = ({ sinh }: Polar) => Differentiable.less(sinh, 1)

/** Tangent vectors in the frame at rest, and back. */
const restFrame = ({ joined, space }: Coordinates) => {
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
  return { atRest, moving }
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

/** `composed` with the gradient of (−⟨x, y⟩ − 1)/2: ½((y₀ − x₀)/x₀·x_s − δ) with respect to x_s. */
const halfSquared = (polar: Coordinates["polar"]) => (x: Polar, y: Polar): tf.Tensor =>
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

/** Geometry of the upper sheet in m×n matrices whose first entry is time. */
export const hyperboloid = (m: number, n: number) => {
  const own = coordinates(m, n)
  return { ...own, ...restFrame(own), across, near, halfSquared: halfSquared(own.polar) }
}

export type Hyperboloid = ReturnType<typeof hyperboloid>
