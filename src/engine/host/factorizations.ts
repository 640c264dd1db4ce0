/**
 * Factorizations in double precision on the host, by ml-matrix: for engines whose values can be read at once.
 */
import * as tf from "@tensorflow/tfjs-core"
import { EigenvalueDecomposition, LuDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix"
import type { Factorization } from "../Factorization.ts"
import { sizeOf } from "../sizeOf.ts"

/** One matrix in, the entries of every result out. */
type Compute = (...matrices: ReadonlyArray<Matrix>) => ReadonlyArray<ArrayLike<number>>

interface Host {
  readonly inputs: ReadonlyArray<string>
  /** Shapes of the results without the batch. */
  readonly shapes: (...shapes: ReadonlyArray<ReadonlyArray<number>>) => ReadonlyArray<ReadonlyArray<number>>
  readonly compute: Compute
}

const svd: Compute = (a) => {
  const { diagonal, leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(a)
  return [leftSingularVectors.to1DArray(), diagonal, rightSingularVectors.to1DArray()]
}

const eigh: Compute = (a) => {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(a, { assumeSymmetric: true })
  return [realEigenvalues, eigenvectorMatrix.to1DArray()]
}

const largest = (values: ReadonlyArray<number>) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/** Rows divided by their largest entries: then a pivot that is rounding against its column tells a singular matrix. */
const solve: Compute = (a, b) => {
  const n = a.rows
  const rows = Array.from({ length: n }, (_, i) => largest(a.getRow(i)))
  const singular = () => [new Float64Array(n * b!.columns).fill(Number.NaN)]
  if (rows.includes(0)) return singular()
  const balanced = Matrix.zeros(n, n)
  for (const [i, row] of rows.entries()) balanced.setRow(i, a.getRow(i).map((value) => value / row))
  const lu = new LuDecomposition(balanced)
  const pivots = lu.upperTriangularMatrix.diagonal()
  const rounding = 4 * n * Number.EPSILON
  if (pivots.some((pivot, j) => !(Math.abs(pivot) > rounding * largest(balanced.getColumn(j))))) return singular()
  const right = b!.clone()
  for (const [i, row] of rows.entries()) right.setRow(i, b!.getRow(i).map((value) => value / row))
  return [lu.solve(right).to1DArray()]
}

const hosts: Readonly<Record<Factorization, Host>> = {
  Eigh: { inputs: ["a"], shapes: ([n = 0] = []) => [[n], [n, n]], compute: eigh },
  Svd: { inputs: ["a"], shapes: ([m = 0, n = 0] = []) => [[m, n], [n], [n, n]], compute: svd },
  Solve: { inputs: ["a", "b"], shapes: (_, b) => [b!], compute: solve },
  Determinant: { inputs: ["a"], shapes: () => [[]], compute: (a) => [[new LuDecomposition(a).determinant]] }
}

/** The matrices of a batch, one after the other; undefined where one of a number's places holds none. */
const reader = (info: tf.TensorInfo, values: ArrayLike<number>) => {
  const [, rows = 0, columns = 0] = info.shape
  return (index: number): Matrix | undefined => {
    const own = Array.from({ length: rows * columns }, (_, e) => values[index * rows * columns + e]!)
    return own.every(Number.isFinite) ? Matrix.from1DArray(rows, columns, own) : undefined
  }
}

/** Registers a factorization on an engine whose values can be read at once. */
export const registerOnHost = (factorization: Factorization, kernelName: string, backendName: string): void => {
  const { compute, inputs: names, shapes } = hosts[factorization]
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ backend, inputs }) => {
      const { readSync, write } = {
        readSync: (data: object) => (backend as tf.KernelBackend).readSync(data) as tf.TypedArray,
        write: (values: tf.TypedArray, shape: Array<number>) =>
          (backend as tf.KernelBackend).write(values, shape, "float32")
      }
      const infos = names.map((name) => inputs[name] as tf.TensorInfo)
      const count = infos[0]!.shape[0]!
      const matrices = infos.map((info) => reader(info, readSync(info.dataId)))
      const results = shapes(...infos.map(({ shape }) => shape.slice(1)))
      // Looked up here: it means double precision where tensors are computed in that.
      const outputs = results.map((shape) => new Float32Array(count * sizeOf(shape)))
      for (let index = 0; index < count; index++) {
        const given = matrices.map((at) => at(index))
        const found = given.every((matrix) => matrix !== undefined) ? compute(...given) : undefined
        for (const [k, output] of outputs.entries()) {
          const size = sizeOf(results[k]!)
          if (found === undefined) output.fill(Number.NaN, index * size, (index + 1) * size)
          else output.set(found[k]!, index * size)
        }
      }
      return outputs.map((output, k) => {
        const shape = [count, ...results[k]!]
        return { dataId: write(output, shape), shape, dtype: "float32" as const }
      })
    }
  })
}
