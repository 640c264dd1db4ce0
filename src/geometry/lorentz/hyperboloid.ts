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
    const shift = tf.div(dot(tf.div(x, tf.add(1, cosh)), inSpace), cosh)
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

/** cosh and sinh of half the hyperbolic angle. */
const halved = ({ cosh, sinh }: Polar) => {
  const half = tf.sqrt(tf.mul(0.5, tf.add(1, cosh)))
  return { cosh: half, sinh: tf.div(sinh, tf.mul(2, half)) }
}

/**
 * sinh(d/2)² = sinh²((τ_y − τ_x)/2) + sinh τ_x sinh τ_y ‖ŷ − x̂‖²/4 as the root of a sum of what does not cancel, of
 * numbers whose squares need not be any: sinh τ_y − sinh τ_x = 2 cosh((τ_x + τ_y)/2) sinh((τ_y − τ_x)/2).
 */
const apart = (x: Polar, y: Polar) => {
  const lengths = tf.add(x.sinh, y.sinh)
  const outward = tf.div(tf.add(x.space, y.space), tf.add(lengths, Differentiable.equal(lengths, 0)))
  const longer = dot(tf.sub(y.space, x.space), outward)
  const [a, b] = [halved(x), halved(y)]
  const radial = tf.div(longer, tf.mul(2, tf.add(tf.mul(a.cosh, b.cosh), tf.mul(a.sinh, b.sinh))))
  const chord = tf.sub(y.direction, x.direction)
  const around = tf.mul(tf.mul(tf.sqrt(x.sinh), tf.sqrt(y.sinh)), tf.mul(length(chord), 0.5))
  return { radial, chord, value: length(tf.concat([radial, around], -1)) }
}

/**
 * Half the gradient of sinh(d/2)² with respect to y_s: ŷ·(sinh(τ_y − τ_x)/cosh τ_y + sinh τ_x ‖ŷ − x̂‖²/2)/4 + sinh
 * τ_x/4 times what of ŷ − x̂ is across ŷ.
 */
const slope = (x: Polar, y: Polar, { chord, radial }: Omit<ReturnType<typeof apart>, "value">) => {
  const difference = tf.mul(tf.mul(2, radial), above(radial))
  const along = tf.add(tf.div(difference, y.cosh), tf.mul(tf.mul(x.sinh, dot(chord, chord)), 0.5))
  return tf.mul(0.25, tf.add(tf.mul(y.direction, along), tf.mul(across(y.direction, chord), x.sinh)))
}

/** sinh(d/2), with its gradient; 0 where points coincide. */
const halfAngle = (polar: Coordinates["polar"]) => (x: Polar, y: Polar): tf.Tensor =>
  tf.customGrad((...given) => {
    const [a, b, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const value = tf.tidy(() => apart(polar(a), polar(b)).value)
    save([a, b, value])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [a, b, sinh]: Array<tf.Tensor>) => {
        const [p, q] = [polar(a!), polar(b!)]
        const { chord, radial } = apart(p, q)
        const zero = Differentiable.equal(sinh!, 0)
        const share = tf.div(tf.mul(dy, tf.sub(1, zero)), tf.add(sinh!, zero))
        return [
          tf.mul(share, slope(q, p, { chord: tf.neg(chord), radial: tf.neg(radial) })),
          tf.mul(share, slope(p, q, { chord, radial }))
        ]
      }
    }
  })(x.space, y.space)

/** Geometry of the upper sheet in m×n matrices whose first entry is time. */
export const hyperboloid = (m: number, n: number) => {
  const own = coordinates(m, n)
  return { ...own, ...restFrame(own), across, near, halfAngle: halfAngle(own.polar) }
}

export type Hyperboloid = ReturnType<typeof hyperboloid>
