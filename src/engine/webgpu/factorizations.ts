/**
 * Factorizations on the device, in single precision: one-sided rotations for singular values, Jacobi's for eigenvalues,
 * Gauss–Jordan elimination for systems and determinants.
 */
import * as tf from "@tensorflow/tfjs-core"
import { type Factorization, kernelName } from "../Factorization.ts"
import { complete, diagonalize, eliminate, orthogonalize } from "./factorizationShaders.ts"
import type { Program, WebGpuBackend } from "./packages.ts"
import { declared, int, workgroup } from "./uniforms.ts"

const epsilon = 2 ** -23

/** Below so many entries of a column one invocation has a pair of columns, or a matrix, to itself. */
const alone = 32

interface Dispatch {
  readonly name: string
  readonly code: string
  readonly invocations: number
  readonly inputs?: Readonly<Record<string, tf.Tensor>>
  readonly uniforms: Readonly<Record<string, number>>
}

/** Runs a program that writes into a tensor which is no one else's. */
const dispatch = (to: tf.Tensor, { code, inputs = {}, invocations, name, uniforms }: Dispatch): void => {
  const flat = ({ dataId, dtype, size }: tf.Tensor): tf.TensorInfo => ({ dataId, dtype, shape: [size] })
  const told = Object.fromEntries(Object.entries(uniforms).map(([name, value]) => [name, int(value)]))
  const program: Program = {
    variableNames: Object.keys(inputs),
    uniforms: declared(told),
    outputShape: [to.size],
    shaderKey: `Finegrain ${name}`,
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(invocations / workgroup), 1, 1],
    size: false,
    getUserCode: () => code
  }
  const backend = tf.backend() as unknown as WebGpuBackend
  backend.runWebGPUProgram(program, Object.values(inputs).map(flat), "float32", Object.values(told), flat(to))
}

/** A copy that the device made: what was uploaded may be shared with others. */
const own = (x: tf.Tensor): tf.Tensor => tf.mul(x, 1)

/**
 * The rounds of a tournament, as often as rotations take to converge: faster than any rate once columns are nearly
 * orthogonal.
 */
const schedule = (n: number): ReadonlyArray<number> => {
  const rounds = n + (n % 2) - 1
  return Array.from({ length: n === 1 ? 0 : (Math.ceil(Math.log2(n)) + 5) * rounds }, (_, k) => k % rounds)
}

/** Divided by the largest entry of each matrix, with that. */
const scaled = (a: tf.Tensor) => {
  const largest = tf.max(tf.abs(a), [-2, -1], true)
  const scale = tf.where(tf.equal(largest, 0), tf.onesLike(largest), largest)
  return { scale, unit: tf.div(a, scale) }
}

/** The rows of x in the order of `keys` [count, n], the smallest first. */
const sortRows = (keys: tf.Tensor, x: tf.Tensor): tf.Tensor => {
  const n = keys.shape[1]!
  const [mine, other] = [tf.expandDims(keys, 2), tf.expandDims(keys, 1)]
  const earlier = tf.tensor2d(Array.from({ length: n * n }, (_, e) => (e % n < Math.floor(e / n) ? 1 : 0)), [n, n])
  const isBefore = tf.add(
    tf.cast(tf.less(other, mine), "float32"),
    tf.mul(tf.cast(tf.equal(other, mine), "float32"), earlier)
  )
  const ranks = tf.sum(isBefore, 2)
  const places = tf.reshape(tf.range(0, n), [1, n, 1])
  return tf.matMul(tf.cast(tf.equal(tf.expandDims(ranks, 1), places), "float32"), x)
}

const many = (n: number, count: number, x: tf.Tensor) => tf.add(tf.zeros([count, n, n]), x)

const svd = (a: tf.Tensor): ReadonlyArray<tf.Tensor> => {
  const [count = 0, m = 0, n = 0] = a.shape
  const { scale, unit } = scaled(a)
  const columns = tf.concat([tf.transpose(unit, [0, 2, 1]), many(n, count, tf.eye(n))], 2)
  const lanes = m <= alone ? 1 : workgroup
  const invocations = count * Math.ceil(n / 2) * lanes
  for (const round of schedule(n)) {
    dispatch(columns, {
      name: `orthogonalize ${lanes}`,
      code: orthogonalize(lanes),
      invocations,
      uniforms: { count, rows: m, columns: n, round }
    })
  }
  const [images] = tf.split(columns, [m, n], 2)
  const sorted = sortRows(tf.neg(tf.sum(tf.square(images!), 2)), columns)
  const [left, right] = tf.split(sorted, [m, n], 2)
  const values = tf.sqrt(tf.sum(tf.square(left!), 2, true))
  // Shorter columns have no direction but that of rounding.
  const stands = tf.greater(values, tf.mul(tf.max(values, 1, true), 2 * m * epsilon))
  const known = tf.where(stands, tf.onesLike(values), tf.zerosLike(values))
  const directions = own(tf.div(left!, tf.where(tf.equal(values, 0), tf.onesLike(values), values)))
  dispatch(directions, {
    name: "complete",
    code: complete,
    invocations: count,
    inputs: { known },
    uniforms: { count, rows: m, columns: n }
  })
  return [
    tf.transpose(directions, [0, 2, 1]),
    tf.squeeze(tf.mul(values, scale), [2]),
    tf.transpose(right!, [0, 2, 1])
  ]
}

const eigh = (a: tf.Tensor): ReadonlyArray<tf.Tensor> => {
  const [count = 0, n = 0] = a.shape
  const { scale, unit } = scaled(a)
  let [x, next] = [tf.concat([unit, many(n, count, tf.eye(n))], 1), own(tf.zeros([count, 2 * n, n]))]
  for (const round of schedule(n)) {
    dispatch(next, {
      name: "diagonalize",
      code: diagonalize,
      invocations: count * 2 * n * n,
      inputs: { x },
      uniforms: { count, columns: n, round }
    })
    ;[x, next] = [next, x]
  }
  const [diagonal, vectors] = tf.split(x, 2, 1)
  const values = tf.mul(tf.sum(tf.mul(diagonal!, tf.eye(n)), 2, true), scale)
  const sorted = sortRows(tf.squeeze(values, [2]), tf.concat([values, tf.transpose(vectors!, [0, 2, 1])], 2))
  const [found, rows] = tf.split(sorted, [1, n], 2)
  return [tf.squeeze(found!, [2]), tf.transpose(rows!, [0, 2, 1])]
}

/** The matrices with their first n columns made diagonal. */
const eliminated = (x: tf.Tensor): tf.Tensor => {
  const [count = 0, n = 0, width = 0] = x.shape
  const work = own(x)
  const lanes = n <= alone ? 1 : workgroup
  dispatch(work, {
    name: `eliminate ${lanes}`,
    code: eliminate(lanes),
    invocations: count * lanes,
    uniforms: { count, columns: n, width }
  })
  return work
}

const diagonalOf = (x: tf.Tensor, n: number) => tf.sum(tf.mul(tf.slice(x, [0, 0, 0], [-1, -1, n]), tf.eye(n)), 2, true)

const solve = (a: tf.Tensor, b: tf.Tensor): ReadonlyArray<tf.Tensor> => {
  const n = a.shape[1]!
  const rows = tf.max(tf.abs(a), 2, true)
  const balanced = tf.div(a, rows)
  const done = eliminated(tf.concat([balanced, tf.div(b, rows)], 2))
  const pivots = diagonalOf(done, n)
  const rounding = tf.mul(tf.max(tf.abs(balanced), 1), 4 * n * epsilon)
  const kept = tf.min(tf.cast(tf.greater(tf.abs(tf.squeeze(pivots, [2])), rounding), "float32"), 1)
  const x = tf.div(tf.slice(done, [0, 0, n], [-1, -1, -1]), pivots)
  const singular = tf.less(tf.reshape(kept, [-1, 1, 1]), 1)
  return [tf.where(singular, tf.fill(x.shape, Number.NaN), x)]
}

const determinant = (a: tf.Tensor): ReadonlyArray<tf.Tensor> => [
  tf.prod(tf.squeeze(diagonalOf(eliminated(a), a.shape[1]!), [2]), 1)
]

type Input = (name: string) => tf.Tensor

const all: Readonly<Record<Factorization, (input: Input) => ReadonlyArray<tf.Tensor>>> = {
  Svd: (input) => svd(input("a")),
  Eigh: (input) => eigh(input("a")),
  Solve: (input) => solve(input("a"), input("b")),
  Determinant: (input) => determinant(input("a"))
}

/** Registers the factorizations; doing it twice changes nothing. */
export const registerFactorizations = (): void => {
  for (const [factorization, compute] of Object.entries(all)) {
    const name = kernelName(factorization as Factorization)
    if (tf.getKernel(name, "webgpu") !== undefined) continue
    tf.registerKernel({
      kernelName: name,
      backendName: "webgpu",
      // Within a kernel nothing is recorded for gradients.
      kernelFunc: ({ inputs }) => tf.tidy(() => [...compute((input) => inputs[input] as tf.Tensor)])
    })
  }
}
