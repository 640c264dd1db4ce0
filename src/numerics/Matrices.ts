/**
 * Linear algebra on batches of matrices `[…, m, n]`, each in a number of tensor operations that does not depend on the batch.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "./Arithmetic.ts"
import { constant, largestOr } from "./Constant.ts"
import * as Convergence from "./Convergence.ts"
import * as Seed from "./Seed.ts"

const tiny = 1e-30

const size = (x: tf.Tensor, axis: -1 | -2): number => x.shape[x.rank + axis]!

/**
 * The transposes of a batch of matrices: `[…, m, n]` → `[…, n, m]`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.transpose(tf.zeros([5, 3, 2])).shape // => [5, 2, 3]
 * ```
 */
export const transpose = (x: tf.Tensor): tf.Tensor => {
  const axes = x.shape.map((_, i) => i)
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2])
}

/**
 * Matrix products X·Y of two batches, either one transposed on request.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.multiply(tf.ones([5, 3, 2]), tf.ones([5, 3, 4]), { transposeA: true }).shape // => [5, 2, 4]
 * ```
 */
export const multiply = (
  x: tf.Tensor,
  y: tf.Tensor,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {}
): tf.Tensor => tf.matMul(x, y, options.transposeA ?? false, options.transposeB ?? false)

/**
 * The symmetric part (M + Mᵀ)/2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.sym(tf.tensor2d([[1, 2], [4, 3]])).dataSync().join() // => "1,3,3,3"
 * ```
 */
export const sym = (x: tf.Tensor): tf.Tensor => tf.mul(tf.add(x, transpose(x)), 0.5)

/**
 * The skew-symmetric part (M − Mᵀ)/2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.skew(tf.tensor2d([[1, 2], [4, 3]])).dataSync().join() // => "0,-1,1,0"
 * ```
 */
export const skew = (x: tf.Tensor): tf.Tensor => tf.mul(tf.sub(x, transpose(x)), 0.5)

/**
 * The traces of a batch of square matrices; shape `[…]`, or `[…, 1, 1]` with `keepDims`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.trace(tf.eye(3)).dataSync()[0] // => 3
 * ```
 */
export const trace = (x: tf.Tensor, keepDims = false): tf.Tensor =>
  tf.sum(tf.mul(x, tf.eye(size(x, -1))), [-2, -1], keepDims)

/**
 * The factor Q of the thin QR factorization Y = QR whose R has a positive diagonal, for `[…, m, n]` with m ≥ n.
 *
 * Modified Gram–Schmidt, one column of all matrices at a time: about 9n tensor operations. A column that depends on the
 * earlier ones becomes zero.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.qf(tf.tensor2d([[2, 1], [0, 3]])).dataSync()] // => [1, 0, 0, 1]
 * ```
 */
export const qf = (y: tf.Tensor): tf.Tensor => gramSchmidt(y).q

/** Q as in `qf`, and the columns' norms after orthogonalization (the diagonal of R) as `[n, …]`. */
const gramSchmidt = (y: tf.Tensor): { readonly q: tf.Tensor } => {
  const n = size(y, -1)
  // Columns in front, so that one column of all matrices is one contiguous slice.
  const axes = y.shape.map((_, i) => i)
  let rest = tf.transpose(y, [y.rank - 1, ...axes.slice(0, -1)])
  const columns: Array<tf.Tensor> = []
  for (let j = 0; j < n; j++) {
    const column = j === n - 1 ? rest : first(rest)
    const length = tf.sqrt(tf.sum(tf.square(column), -1, true))
    const q = tf.div(column, tf.maximum(length, tiny))
    columns.push(q)
    if (j < n - 1) {
      const others = afterFirst(rest)
      rest = tf.sub(others, tf.mul(q, tf.sum(tf.mul(q, others), -1, true)))
    }
  }
  const q = columns.length === 1 ? columns[0]! : tf.concat(columns, 0)
  return { q: tf.transpose(q, [...axes.slice(1), 0]) }
}

const first = (x: tf.Tensor) => tf.slice(x, x.shape.map(() => 0), [1, ...x.shape.slice(1)])
const afterFirst = (x: tf.Tensor) =>
  tf.slice(x, [1, ...x.shape.slice(1).map(() => 0)], [x.shape[0]! - 1, ...x.shape.slice(1)])

/**
 * The polar factor U of Y = UP with P positive semidefinite, that is, the matrix with orthonormal columns nearest to Y,
 * for `[…, m, n]` with m ≥ n.
 *
 * Newton–Schulz iteration with the optimal cubic of each step, a Chebyshev acceleration: for singular values in [l, 1] the
 * odd cubic nearest to 1 is 2·((l²+l+1)σ − σ³)/(2e³+l²+l) with 3e² = l²+l+1. The number of steps follows from l. Without
 * `lower`, a bound of σ_min/σ_max from below, every matrix has a polar factor, singular ones and zero too: a fixed frame of the size of
 * rounding is added first, and the steps reach down to it. Singular values under a given bound stay under 1, they never diverge.
 *
 * Source: Higham 2008, *Functions of Matrices*, chapter 8; the cubic is the minimax polynomial on an interval.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.polar(tf.tensor2d([[0, -3], [0.5, 0]])).dataSync()].map((x) => x.toFixed(5)) // => ["0.00000", "-1.00000", "1.00000", "0.00000"]
 * ```
 */
export const polar = (y: tf.Tensor, options: { readonly lower?: number } = {}): tf.Tensor => {
  const largest = tf.maximum(tf.max(tf.abs(y), [-2, -1], true), tiny)
  const scaled = tf.div(y, largest)
  const rounding = 8 * Arithmetic.current().epsilon
  const safe = options.lower === undefined ? tf.add(scaled, tf.mul(frame(size(y, -2), size(y, -1)), rounding)) : scaled
  const gram = multiply(safe, safe, { transposeA: true })
  // σ₁² ≤ ‖YᵀY‖_∞ ≤ √n·σ₁²: scaled by it, σ₁ lies in [n^−1/4, 1].
  const bound = tf.sqrt(tf.maximum(tf.max(tf.sum(tf.abs(gram), -1, true), -2, true), tiny))
  const lower = (options.lower ?? rounding / 1e4) / size(y, -1) ** 0.25
  return cubics(lower).reduce(newtonSchulz, tf.div(safe, bound))
}

/** Orthonormal columns in general position: no structured matrix is singular in the same directions. */
const frame = (m: number, n: number): tf.Tensor => qf(Seed.normalTensor(Seed.split(0, `frame ${m}×${n}`), [m, n]))

type Cubic = readonly [linear: number, cubic: number]

const newtonSchulz = (y: tf.Tensor, [linear, cubic]: Cubic): tf.Tensor =>
  tf.sub(tf.mul(y, linear), multiply(y, tf.mul(multiply(y, y, { transposeA: true }), cubic)))

const cubics = (lower: number): ReadonlyArray<Cubic> => {
  const steps: Array<Cubic> = []
  let [l, u] = [lower, 1]
  while (u - l > 1e-2) {
    // The cubic of a wider interval would send σ₁ close to 0, where rounding eats it; this one costs 6 % of the growth.
    const from = Math.max(l, 0.12 * u)
    const s = from * from + from * u + u * u
    const e = Math.sqrt(s / 3)
    const ends = from * u * (from + u)
    const c = 2 / (2 * e ** 3 + ends)
    steps.push([c * s, c])
    const error = (2 * e ** 3 - ends) / (2 * e ** 3 + ends)
    l = Math.min(c * (s * l - l ** 3), 1 - error)
    u = 1 + error
  }
  // Plain steps square the distance to 1: two of them end below float32 rounding, three below that of float64.
  return [...steps, ...Array.from({ length: inDouble() ? 3 : 2 }, () => plain)]
}

const plain: Cubic = [1.5, 0.5]
const inDouble = () => Arithmetic.current() === Arithmetic.float64

/**
 * One Newton–Schulz step Y(3I − YᵀY)/2: squares the distance of nearly orthonormal columns to orthonormality.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.polish(tf.tensor2d([[1.01]])).dataSync()[0]! - 1 < 2e-4 // => true
 * ```
 */
export const polish = (y: tf.Tensor): tf.Tensor => newtonSchulz(y, plain)

/**
 * The matrix exponential, by scaling and squaring of the Taylor polynomial of degree 10 (18 in float64).
 *
 * Four squarings for ‖M‖_∞ ≤ 16, one more for every doubling of that, matrix by matrix. The error is that of M's own rounding,
 * ε‖M‖; where that is more than 1/16, no digit of the result is known.
 *
 * @throws NotConverged for ‖M‖_∞ > 1/(16 ε); on webgpu the next read fails with it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.expm(tf.tensor2d([[0, -Math.PI], [Math.PI, 0]])).dataSync()].map(Math.round) // => [-1, 0, 0, -1]
 * ```
 */
export const expm = (x: tf.Tensor): tf.Tensor => {
  const { epsilon } = Arithmetic.current()
  const norm = rowSum(constant(x))
  Convergence.require({
    what: "the exponential of a matrix",
    residual: tf.mul(norm, epsilon),
    tolerance: 1 / 16,
    remedy: "Its norm, over the rounding unit, is the error of every method: scale the matrix down."
  })
  return squareAgain(x, norm, (y) => y)
}

/**
 * The exponential of skew-symmetric matrices, an orthogonal matrix for every norm.
 *
 * As `expm`, orthonormalized after every squaring but the first four. Above ‖S‖_∞ = 1/ε, where rounding leaves no digit of an angle, it is
 * the exponential of S/2ᵏ with the first k that is below: a point of the same one-parameter group.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const turn = Matrices.expSkew(tf.tensor2d([[0, -1e30], [1e30, 0]]))
 * Matrices.determinant(turn).dataSync()[0]!.toFixed(5) // => "1.00000"
 * ```
 */
export const expSkew = (s: tf.Tensor): tf.Tensor => polish(squareAgain(s, rowSum(constant(s)), polish))

/** ‖M‖_∞ as `[…, 1, 1]`. */
const rowSum = (x: tf.Tensor) => tf.max(tf.sum(tf.abs(x), -1, true), -2, true)

/** e^X as the square of e^(X/2), as often as its norm asks for; `mend` undoes what rounding did to a square beyond the fourth. */
const squareAgain = (x: tf.Tensor, norm: tf.Tensor, mend: (y: tf.Tensor) => tf.Tensor): tf.Tensor => {
  const most = Math.round(-Math.log2(Arithmetic.current().epsilon)) - expmSquarings
  const doublings = tf.relu(tf.ceil(tf.div(tf.log(tf.maximum(tf.div(norm, expmReach), 1)), Math.LN2)))
  const times = tf.minimum(doublings, most)
  // A power of two that pow gives with a rounding errs like X itself does.
  const half = tf.exp(tf.mul(doublings, -Math.LN2))
  const scaled = tf.mul(tf.mul(x, tf.where(tf.greater(doublings, 0), half, tf.onesLike(half))), 2 ** -expmSquarings)
  const identity = tf.eye(size(x, -1))
  const degree = inDouble() ? 18 : 10
  let sum: tf.Tensor = tf.add(tf.mul(scaled, 1 / degree), identity)
  for (let k = degree - 1; k >= 1; k--) sum = tf.add(tf.mul(multiply(scaled, sum), 1 / k), identity)
  for (let k = 0; k < expmSquarings; k++) sum = multiply(sum, sum)
  for (let k = 0; k < largestOr(most, times); k++) {
    sum = tf.where(tf.greater(times, k), mend(multiply(sum, sum)), sum)
  }
  return sum
}

const expmSquarings = 4
const expmReach = 2 ** expmSquarings

/**
 * The Cayley transform (I − S/2)⁻¹(I + S/2) of skew-symmetric matrices, an orthogonal matrix for every norm.
 *
 * As the square of the polar factor of I + S/2, which has no singular value below 1: matrix products only, no inverse whose condition
 * would be the square of S's. Where rounding has no room for both I and S/2, S is taken shorter, so that it has.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.cayley(tf.tensor2d([[0, -2], [2, 0]])).dataSync()].map((x) => x.toFixed(5)) // => ["0.00000", "-1.00000", "1.00000", "0.00000"]
 * ```
 */
export const cayley = (s: tf.Tensor): tf.Tensor => {
  const room = 16 * Arithmetic.current().epsilon
  const half = tf.mul(s, 0.5)
  const norm = rowSum(constant(half))
  const shortened = tf.div(half, tf.maximum(tf.mul(norm, room), 1))
  const longest = largestOr(1 / room, norm)
  const root = polar(tf.add(shortened, tf.eye(size(s, -1))), { lower: 1 / (1 + longest) })
  return polish(multiply(root, root))
}

/**
 * The determinants of a batch of square matrices; shape `[…]`.
 *
 * By the recursion of Faddeev and LeVerrier, n matrix products: meant for small, well-conditioned matrices such as orthogonal ones.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * Matrices.determinant(tf.tensor2d([[1, 2], [3, 4]])).dataSync()[0] // => -2
 * ```
 */
export const determinant = (x: tf.Tensor): tf.Tensor => {
  const n = size(x, -1)
  const identity = tf.eye(n)
  let power = x
  for (let k = 1; k < n; k++) power = multiply(x, tf.sub(power, tf.mul(tf.div(trace(power, true), k), identity)))
  return tf.mul(trace(power), (n % 2 === 0 ? -1 : 1) / n)
}

/**
 * The inverses of a batch of positive definite matrices: Gauss–Jordan elimination, one row of all matrices at a time, without pivoting.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.inverse(tf.tensor2d([[2, 0], [0, 4]])).dataSync()] // => [0.5, 0, 0, 0.25]
 * ```
 */
export const inverse = (x: tf.Tensor): tf.Tensor => {
  const n = size(x, -1)
  const identity = tf.eye(n)
  const part = (u: tf.Tensor, [row, column]: readonly [number, number], [rows, columns]: readonly [number, number]) =>
    tf.slice(u, [...u.shape.slice(0, -2).map(() => 0), row, column], [...u.shape.slice(0, -2), rows, columns])
  let both: tf.Tensor = tf.concat([x, tf.add(tf.zerosLike(x), identity)], -1)
  for (let k = 0; k < n; k++) {
    const row = tf.div(part(both, [k, 0], [1, 2 * n]), part(both, [k, k], [1, 1]))
    const column = tf.sub(part(both, [0, k], [n, 1]), part(identity, [0, k], [n, 1]))
    both = tf.sub(both, tf.mul(column, row))
  }
  return part(both, [0, n], [n, n])
}

/** Eigenvalues `[…, n]`, in no order, and orthonormal eigenvectors as columns `[…, n, n]`. */
export interface Eigen {
  readonly values: tf.Tensor
  readonly vectors: tf.Tensor
}

/**
 * The eigendecompositions A = V diag(λ) Vᵀ of a batch of symmetric matrices.
 *
 * Jacobi rotations, ⌊n/2⌋ disjoint ones of all matrices at a time: about 20 tensor operations for each of the n − 1 rounds of a sweep.
 * Source: Golub and Van Loan 2013, *Matrix Computations*, section 8.5.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * [...Matrices.eigh(tf.tensor2d([[2, 1], [1, 2]])).values.dataSync()].map((l) => l.toFixed(4)) // => ["3.0000", "1.0000"]
 * ```
 */
export const eigh = (a: tf.Tensor): Eigen => {
  const n = size(a, -1)
  const batch = a.shape.slice(0, -2)
  let rest = tf.reshape(a, [-1, n, n])
  let vectors = tf.add(tf.zerosLike(rest), tf.eye(n))
  const sweeps = Math.ceil(Math.log2(n)) + (inDouble() ? 6 : 4)
  const rounds = tournament(n).map((pairs) => rotations(n, pairs))
  for (let k = 0; k < sweeps; k++) {
    for (const rotate of rounds) {
      const j = rotate(rest)
      rest = multiply(multiply(j, rest, { transposeA: true }), j)
      vectors = multiply(vectors, j)
    }
  }
  const values = tf.sum(tf.mul(rest, tf.eye(n)), -1)
  return { values: tf.reshape(values, [...batch, n]), vectors: tf.reshape(vectors, a.shape) }
}

type Pair = readonly [p: number, q: number]

/** All pairs of 0 … n − 1 in rounds of disjoint ones: the schedule of a tournament, whose first player keeps the seat. */
const tournament = (n: number): ReadonlyArray<ReadonlyArray<Pair>> => {
  const seats = n + (n % 2)
  return Array.from({ length: seats - 1 }, (_, round) => {
    const at = (i: number) => i === 0 ? 0 : 1 + ((i - 1 + round) % (seats - 1))
    return Array.from({ length: seats / 2 }, (_, i) => [at(i), at(seats - 1 - i)] as const)
      .filter(([p, q]) => p < n && q < n)
  }).filter((pairs) => pairs.length > 0)
}

/** The rotations by which disjoint pairs of rows and columns lose their off-diagonal entries. */
const rotations = (n: number, pairs: ReadonlyArray<Pair>) => {
  const mask = (entries: (pair: Pair) => ReadonlyArray<readonly [row: number, column: number, value: number]>) => {
    const values = Array.from({ length: pairs.length * n * n }, () => 0)
    pairs.forEach((pair, k) => {
      for (const [row, column, value] of entries(pair)) values[k * n * n + row * n + column] = value
    })
    return tf.tensor2d(values, [pairs.length, n * n])
  }
  const difference = mask(([p, q]) => [[p, p, 1], [q, q, -1]])
  const beside = mask(([p, q]) => [[p, q, 1], [q, p, 1]])
  const cosines = mask(([p, q]) => [[p, p, 1], [q, q, 1]])
  const sines = mask(([p, q]) => [[p, q, -1], [q, p, 1]])
  const idle = Array.from({ length: n }, (_, i) => (pairs.some((pair) => pair.includes(i)) ? 0 : 1))
  const kept = tf.reshape(tf.diag(tf.tensor1d(idle)), [1, n * n])
  return (a: tf.Tensor): tf.Tensor => {
    const flat = tf.reshape(a, [-1, n * n]) as tf.Tensor2D
    const d = tf.matMul(flat, difference, false, true)
    const sign = tf.sub(1, tf.mul(2, tf.cast(tf.less(d, 0), "float32")))
    // tan 2θ = 2a_pq/(a_pp − a_qq) with |θ| ≤ π/4, the smaller of the two rotations.
    const theta = tf.mul(tf.atan2(tf.mul(tf.matMul(flat, beside, false, true), sign), tf.abs(d)), 0.5)
    const turned = tf.add(tf.matMul(tf.cos(theta), cosines), tf.matMul(tf.sin(theta), sines))
    return tf.reshape(tf.add(turned, kept), [-1, n, n])
  }
}

/**
 * V f(diag λ) Vᵀ, a function of symmetric matrices by their eigenvalues.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Matrices } from "finegrain"
 * const root = Matrices.ofEigen(Matrices.eigh(tf.tensor2d([[5, 4], [4, 5]])), tf.sqrt)
 * [...root.dataSync()].map((x) => x.toFixed(3)) // => ["2.000", "1.000", "1.000", "2.000"]
 * ```
 */
export const ofEigen = ({ values, vectors }: Eigen, f: (values: tf.Tensor) => tf.Tensor): tf.Tensor =>
  multiply(tf.mul(vectors, tf.expandDims(f(values), -2)), vectors, { transposeB: true })
