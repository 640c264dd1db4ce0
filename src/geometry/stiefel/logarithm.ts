/** The logarithm and the distance on Stiefel manifolds, by iterations that are checked. */
import * as tf from "@tensorflow/tfjs-core"
import * as Schema from "effect/Schema"
import * as Convergence from "../../numerics/Convergence.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import { arrival, connect, type Connection, goal, lengthOf, pullback, tangentOf } from "./connection.ts"

/** The manifold's name, β of its metric, and the radius below which geodesics are the shortest. */
export interface Subject {
  readonly name: string
  readonly beta: number
  readonly radius: number
}

/** Two points between which no geodesic is known to be the shortest. */
class NoLogarithm extends Schema.TaggedError<NoLogarithm>()("NoLogarithm", {
  manifold: Schema.String,
  residual: Schema.Number,
  length: Schema.Number,
  radius: Schema.Finite
}) {
  override get message() {
    const { length, manifold, radius, residual } = this
    const found = Number.isFinite(residual + length)
      ? `the path found has the length ${length.toFixed(3)} and ends ${residual.toExponential(0)} from the point`
      : "their entries are not finite"
    return `No logarithm on ${manifold}: no geodesic below the injectivity radius ${
      radius.toFixed(3)
    } was found between two ` +
      `points, ${found}. Give nearer points, or go in several steps.`
  }
}

/** The geodesic from x to y, if it is shorter than the radius. */
const connected = (x: tf.Tensor, y: tf.Tensor, { beta, name, radius }: Subject): Connection => {
  const found = connect(x, y, beta)
  const { frame, residual, z } = found
  const length = lengthOf(frame, z)
  const tolerance = 8 * goal(frame)
  Convergence.judge(tf.stack([residual, length]), (values) => {
    const half = values.length / 2
    const wrong = Array.from({ length: half }, (_, i) => [values[i]!, values[half + i]!] as const)
      // NaN fails every comparison.
      .find(([residual, length]) => !(residual <= tolerance && length <= radius))
    return wrong && new NoLogarithm({ manifold: name, residual: wrong[0], length: wrong[1], radius })
  })
  return found
}

/** A gradient at x and y that has none in turn: no second derivative may be wrong in silence. */
const final = (name: string, gradient: tf.Tensor, x: tf.Tensor, y: tf.Tensor): tf.Tensor =>
  tf.customGrad((given) => ({
    value: tf.clone(given as tf.Tensor),
    gradFunc: () => {
      throw new RangeError(`${name} has first derivatives only: take differences of gradients for second ones`)
    }
  }))(gradient, x, y)

type Six = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]

/** An operation of two points with the gradients by both, of what the geodesic between them tells. */
const ofConnection = (
  subject: Subject,
  operation: string,
  value: (connection: Connection, x: tf.Tensor, y: tf.Tensor) => tf.Tensor,
  gradients: (
    connection: Connection,
    x: tf.Tensor,
    y: tf.Tensor,
    by: tf.Tensor
  ) => readonly [dx: tf.Tensor, dy: tf.Tensor]
) =>
(x: tf.Tensor, y: tf.Tensor): tf.Tensor =>
  tf.customGrad((...given) => {
    const [x, y, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const { beside, frame, residual, y0, z } = connected(x, y, subject)
    save([x, y, beside, residual, y0, z])
    return {
      value: value({ beside, frame, residual, y0, z }, x, y),
      gradFunc: (by: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [x, y, beside, residual, y0, z] = saved as Six
        const found = gradients({ beside, frame, residual, y0, z }, x, y, by)
        return found.map((gradient) => final(`${operation} on ${subject.name}`, gradient, x, y))
      }
    }
  })(x, y)

const unit = (u: tf.Tensor) => {
  const length = tf.sqrt(tf.sum(tf.square(u), [-2, -1], true))
  const safe = tf.where(tf.greater(length, 0), length, tf.onesLike(length))
  return [tf.div(u, safe), safe] as const
}

/**
 * The logarithm on the Stiefel manifold of m×n matrices, m > n ≥ 2: the tangent vector at X, shorter than the
 * injectivity radius, whose geodesic leads to Y.
 *
 * The gradient by Y solves the transposed equation of Jacobi fields; that by X follows, since rotations of ℝᵐ carry
 * logarithms into logarithms.
 *
 * @throws NoLogarithm where there is none; on webgpu the next read fails with it.
 *
 * @internal
 */
export const stiefelLog = (subject: Subject): (x: tf.Tensor, y: tf.Tensor) => tf.Tensor =>
  ofConnection(subject, "log", tangentOf, (connection, x, y, by) => {
    const [direction, size] = unit(by)
    const { dy, residual } = pullback(connection, x, direction)
    Convergence.require({
      what: `the gradient of the logarithm on ${subject.name}`,
      residual,
      tolerance: 8 * goal(connection.frame),
      remedy: "Give points that are farther from the cut locus."
    })
    // K X with 2K = (D Vᵀ − E Yᵀ) − (D Vᵀ − E Yᵀ)ᵀ, D and E the gradients by V and Y.
    const turning = (a: tf.Tensor, b: tf.Tensor) =>
      tf.sub(Matrices.multiply(a, Matrices.transposeTimes(b, x)), Matrices.multiply(b, Matrices.transposeTimes(a, x)))
    const twice = tf.sub(turning(direction, tangentOf(connection, x)), turning(dy, y))
    const dx = tf.sub(twice, tf.mul(0.5, Matrices.multiply(x, Matrices.transposeTimes(x, twice))))
    return [tf.mul(dx, size), tf.mul(dy, size)]
  })

/**
 * The distance: the length of the logarithm. Its gradients are the unit velocities of the geodesic; 0 where X = Y.
 *
 * @throws NoLogarithm where there is none; on webgpu the next read fails with it.
 *
 * @internal
 */
export const stiefelDistance = (subject: Subject): (x: tf.Tensor, y: tf.Tensor) => tf.Tensor => {
  // ⟨G, W⟩_X = ⟨E, W⟩ for the gradient G of the metric and E of the entries.
  const euclidean = (x: tf.Tensor, u: tf.Tensor) =>
    subject.beta === 2 ? u : tf.sub(u, tf.mul(0.5, Matrices.multiply(x, Matrices.transposeTimes(x, u))))
  return ofConnection(
    subject,
    "dist",
    ({ frame, z }) => tf.squeeze(lengthOf(frame, z), [-2, -1]),
    (connection, x, y, by) => {
      const length = lengthOf(connection.frame, connection.z)
      const safe = tf.where(tf.greater(length, 0), length, tf.onesLike(length))
      const perLength = tf.div(tf.reshape(by, length.shape), safe)
      return [
        tf.mul(euclidean(x, tangentOf(connection, x)), tf.neg(perLength)),
        tf.mul(euclidean(y, arrival(connection, x)), perLength)
      ]
    }
  )
}
