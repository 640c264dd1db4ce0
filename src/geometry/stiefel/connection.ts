/**
 * Geodesics of the Stiefel manifold between two points, in the span of both.
 *
 * With Q orthonormal beside X and spanning Y − XXᵀY with it, a tangent vector XA + QR is the skew matrix
 * Z = [[A, −Rᵀ], [R, 0]], and its geodesic ends at [X Q]·exp([[βA, −Rᵀ], [R, 0]])·[I; 0]·exp((1 − β)A): β = 1 for the
 * canonical metric, β = 2 for the embedded one.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Postponed from "../../engine/Postponed.ts"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { broyden } from "../../numerics/Broyden.ts"
import { gradientsWithin } from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as Seed from "../../numerics/Seed.ts"
import { firstColumns } from "./generator.ts"
import { complement } from "./orthonormal.ts"
import { principalLog, turned } from "./rotations.ts"

const twiceSkew = (x: tf.Tensor) => tf.sub(x, Matrices.transpose(x))
const rows = (x: tf.Tensor, from: number, count: number) =>
  tf.slice(x, [...x.shape.slice(0, -2).map(() => 0), from, 0], [...x.shape.slice(0, -2), count, x.shape.at(-1)!])

/** What there is to know of the metric: β, and how large p = n + q and n are. */
export interface Frame {
  readonly beta: number
  readonly n: number
  readonly q: number
}

/** A p×p matrix constant on the blocks A (n×n), R (below it) and the one beside A; 0 on the last. */
const blocks = ({ n, q }: Frame, a: number, below: number, beside: number): tf.Tensor =>
  tf.tensor2d(
    Array.from({ length: n + q }, (_, i) =>
      Array.from({ length: n + q }, (_, j) => (i < n ? (j < n ? a : beside) : j < n ? below : 0)))
  )

/** Weights of the metric: ⟨Z, Z′⟩ = Σ wᵢⱼ Zᵢⱼ Z′ᵢⱼ. */
const weights = (frame: Frame): tf.Tensor => blocks(frame, frame.beta / 2, 1, 0)

/** ‖Z‖, `[…, 1, 1]`. */
export const lengthOf = (frame: Frame, z: tf.Tensor): tf.Tensor =>
  tf.sqrt(tf.sum(tf.mul(tf.square(z), weights(frame)), [-2, -1], true))

const squarings = 4
const factorial = (k: number): number => k < 2 ? 1 : k * factorial(k - 1)

/**
 * The exponential of matrices of norms up to 5, by Taylor's polynomial of M/16, in as few operations as possible; that
 * of longer ones loses digits.
 */
const shortExp = (x: tf.Tensor): tf.Tensor => {
  const degree = Arithmetic.current() === Arithmetic.float64 ? 16 : 8
  const identity = tf.eye(x.shape.at(-1)!)
  const scaled = tf.mul(x, 2 ** -squarings)
  const square = Matrices.multiply(scaled, scaled)
  let sum: tf.Tensor = tf.mul(identity, 1 / factorial(degree))
  for (let k = degree - 2; k >= 0; k -= 2) {
    const linear = tf.mul(tf.add(scaled, tf.mul(identity, k + 1)), 1 / factorial(k + 1))
    sum = tf.add(Matrices.multiply(square, sum), linear)
  }
  for (let k = 0; k < squarings; k++) sum = Matrices.multiply(sum, sum)
  return sum
}

/** Both rotations of a geodesic's end: exp([[βA, −Rᵀ], [R, 0]]), and exp((β − 1)A), which is none where β = 1. */
const rotations = (frame: Frame, z: tf.Tensor): readonly [left: tf.Tensor, right: tf.Tensor | undefined] => {
  const { beta, n } = frame
  if (beta === 1) return [shortExp(z), undefined]
  const generators = [tf.mul(z, blocks(frame, beta, 1, 1)), tf.mul(z, blocks(frame, beta - 1, 0, 0))]
  const [left, right] = tf.unstack(shortExp(tf.stack(generators)))
  return [left!, firstColumns(rows(right!, 0, n), n)]
}

/** Terms of the exponential that carries the gap half the way back: the series of numbers up to 2 and 5. */
const terms = (beta: number) => beta === 1 ? 6 : 12

/**
 * The tangent vector from the end of Z's geodesic to Y₀ = [XᵀY; QᵀY], about half a parallel transport nearer to X: its
 * derivative by Z is near −1, and almost self-adjoint.
 *
 * Transport in a naturally reductive space is e^{−ad/2} with the bracket's tangent part.
 */
const gap = (frame: Frame, z: tf.Tensor, y0: tf.Tensor): tf.Tensor => {
  const { beta, q } = frame
  const [left, right] = rotations(frame, z)
  const seen = Matrices.transposeTimes(left, right === undefined ? y0 : Matrices.multiply(y0, right))
  const wide = tf.concat([seen, tf.zeros([...y0.shape.slice(0, -1), q])], -1)
  const direct = twiceSkew(tf.mul(wide, blocks(frame, 0.5, 1, 0)))
  const generator = tf.mul(z, blocks(frame, 2 * beta - 1, beta, 1))
  const bracket = (k: number) => blocks(frame, 0.5 / k, 0.5 / k, (0.5 / k) * (beta / (2 * beta - 1)))
  let term = direct
  let sum = direct
  for (let k = 1; k <= terms(beta); k++) {
    term = twiceSkew(tf.mul(Matrices.multiply(generator, term), bracket(k)))
    sum = tf.add(sum, term)
  }
  return sum
}

/** Fixed columns in general position. */
const general = (m: number, n: number) => Seed.normalTensor(Seed.split(0, `columns ${m}×${n}`), [m, n])
const spread = (x: tf.Tensor, like: tf.Tensor) => tf.add(x, tf.zeros([...like.shape.slice(0, -2), 1, 1]))

/**
 * Where to look for Z: in the logarithm of a rotation [Y₀ W], exact where R or A is 0.
 *
 * W is turned to be what the rotation by R alone has in its place: N M Nᵀ for the block M of Y₀ and the polar factor N
 * of the other one.
 */
const guess = (frame: Frame, y0: tf.Tensor): tf.Tensor => {
  const { n, q } = frame
  const p = n + q
  const beside = complement(y0, spread(general(p, q), y0))
  const rotation = turned(tf.concat([y0, beside], -1), p - 1)
  const w = tf.slice(rotation, [...y0.shape.slice(0, -2).map(() => 0), 0, n], [...y0.shape.slice(0, -2), p, q])
  const polar = Matrices.ofSingular(rows(y0, n, q), Matrices.isometry())
  const target = Matrices.multiply(Matrices.multiply(polar, rows(y0, 0, n)), polar, { transposeB: true })
  const turn = Matrices.ofSingular(Matrices.transposeTimes(rows(w, n, q), target), Matrices.rotation)
  return tf.mul(principalLog(tf.concat([y0, Matrices.multiply(w, turn)], -1)), blocks(frame, 1, 1, 1))
}

/** A geodesic from X to Y: in which frame, its tangent vector at X, and how far its end is from Y. */
export interface Connection {
  readonly frame: Frame
  readonly beside: tf.Tensor
  readonly y0: tf.Tensor
  readonly z: tf.Tensor
  readonly residual: tf.Tensor
}

/**
 * The geodesic from X to Y that Broyden's method finds; its residual and length tell whether it is one, and the
 * shortest.
 *
 * @internal
 */
export const connect = (x: tf.Tensor, y: tf.Tensor, beta: number): Connection => {
  const [m, n] = [x.shape.at(-2)!, x.shape.at(-1)!]
  const frame = { beta, n, q: Math.min(n, m - n) }
  const spanned = 2 * n <= m
    ? tf.sub(y, Matrices.multiply(x, Matrices.transposeTimes(x, y)))
    : spread(general(m, frame.q), x)
  const beside = complement(x, spanned)
  const y0 = tf.concat([Matrices.transposeTimes(x, y), Matrices.transposeTimes(beside, y)], -2)
  const { residual, root } = broyden({
    f: (z) => gap(frame, z, y0),
    start: guess(frame, y0),
    weights: weights(frame),
    goal: goal(frame),
    // Where nobody sees that fewer are enough, what nine tenths of the injectivity radius take in float32.
    rounds: Postponed.here() ? 20 : 42
  })
  return { frame, beside, y0, z: root, residual }
}

/** A few roundings of every entry of the gap. */
export const goal = ({ n, q }: Frame): number => 4 * Arithmetic.current().epsilon * Math.sqrt((n + q) * n)

/** The tangent vector XA + QR. */
export const tangentOf = ({ beside, frame: { n, q }, z }: Connection, x: tf.Tensor): tf.Tensor => {
  const columns = firstColumns(z, n)
  return tf.add(Matrices.multiply(x, rows(columns, 0, n)), Matrices.multiply(beside, rows(columns, n, q)))
}

/** The velocity at Y: [X Q]·exp([[βA, −Rᵀ], [R, 0]])·[A; R]·exp((1 − β)A). */
export const arrival = ({ beside, frame, z }: Connection, x: tf.Tensor): tf.Tensor => {
  const [left, right] = rotations(frame, z)
  const columns = Matrices.multiply(left, firstColumns(z, frame.n))
  const turnedBack = right === undefined ? columns : Matrices.multiply(columns, right, { transposeB: true })
  return Matrices.multiply(tf.concat([x, beside], -1), turnedBack)
}

/**
 * The gradient by Y of a function of the tangent vector, given that by the vector.
 *
 * Inside the span by the derivative of the gap, whose transposed equation Broyden's method solves, too; outside, where
 * a change S of R gives S·Φ with Φ = [I 0]·∫exp(s[[βA, −Rᵀ], [R, 0]])ds·[I; 0]·exp((1 − β)A), by the inverse of Φ.
 */
export const pullback = (
  { beside, frame, y0, z }: Connection,
  x: tf.Tensor,
  dv: tf.Tensor
): { readonly dy: tf.Tensor; readonly residual: tf.Tensor } => {
  const { beta, n, q } = frame
  const metric = weights(frame)
  const basis = tf.concat([x, beside], -1)
  const inside = Matrices.transposeTimes(basis, dv)
  const wide = tf.concat([inside, tf.zeros([...inside.shape.slice(0, -1), q])], -1)
  const given = twiceSkew(tf.mul(wide, blocks(frame, 1 / beta, 1, 0)))
  const slopes = (lambda: tf.Tensor) =>
    gradientsWithin((at, to) => tf.sum(tf.mul(tf.mul(gap(frame, at!, to!), lambda), metric)), [z, y0])
  const { residual, root } = broyden({
    f: (lambda) => tf.sub(twiceSkew(tf.mul(slopes(lambda)[0]!, blocks(frame, 1 / beta, 1, 1))), given),
    start: tf.neg(given),
    weights: metric,
    goal: goal(frame),
    // A linear equation takes fewer.
    rounds: Postponed.here() ? 14 : 42
  })
  const dy = Matrices.multiply(basis, tf.neg(slopes(root)[1]!))
  if (n + q === x.shape.at(-2)) return { dy, residual }
  const [, right] = rotations(frame, z)
  const outside = tf.sub(dv, Matrices.multiply(basis, inside))
  const first = spread(tf.eye(n + q, n), z)
  const generator = tf.concat([
    tf.concat([tf.mul(z, blocks(frame, beta, 1, 1)), first], -1),
    tf.zeros([...z.shape.slice(0, -2), n, n + q + n])
  ], -2)
  const mean = tf.slice(
    shortExp(generator),
    [...z.shape.slice(0, -2).map(() => 0), 0, n + q],
    [...z.shape.slice(0, -2), n, n]
  )
  const phi = right === undefined ? mean : Matrices.multiply(mean, right, { transposeB: true })
  const solved = Matrices.transpose(Matrices.solve(phi, Matrices.transpose(outside)))
  return { dy: tf.add(dy, solved), residual }
}
