/** The contract between manifolds and engines: operations that an engine may have as one kernel. */
import * as tf from "@tensorflow/tfjs-core"

/** An operation on a point and a vector that an engine may have as one kernel. */
export type FusedOperation = "UnitProject" | "UnitRetract" | "StiefelProject" | "StiefelRetract"

type Binary = (x: tf.Tensor, u: tf.Tensor) => tf.Tensor

let kernelsAllowed = true

/**
 * Whether engines may use their own kernels here.
 *
 * @example
 * ```ts
 * import { FusedKernels } from "finegrain"
 * FusedKernels.allowed() // => true
 * FusedKernels.without(FusedKernels.allowed) // => false
 * ```
 */
export const allowed = (): boolean => kernelsAllowed

/**
 * Runs a synchronous region in which every operation is composed of TensorFlow.js' own, for comparison.
 *
 * @example
 * ```ts
 * import { FusedKernels, Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 3])
 * const x = sphere.random(1)
 * FusedKernels.without(() => sphere.project(x, x)).shape // => [3, 3]
 * ```
 */
export const without = <A>(region: () => A): A => {
  const outside = kernelsAllowed
  kernelsAllowed = false
  try {
    return region()
  } finally {
    kernelsAllowed = outside
  }
}

/**
 * The name under which an engine registers its kernel for an operation.
 *
 * @internal
 */
export const kernelName = (operation: FusedOperation): string => `Finegrain${operation}`

const entriesAtMost = new Map<string, number>()

/**
 * Says that an engine's kernels, or that of one operation, are for matrices of up to so many entries; without a word
 * they are for all.
 *
 * @internal
 */
export const limit = (engine: string, entries: number, operation?: FusedOperation): void => {
  entriesAtMost.set(operation === undefined ? engine : `${engine} ${operation}`, entries)
}

/**
 * Entries of the largest matrix that an engine's kernels, or that of one operation, are for.
 *
 * @internal
 */
export const largest = (engine: string, operation?: FusedOperation): number =>
  entriesAtMost.get(`${engine} ${operation}`) ?? entriesAtMost.get(engine) ?? Infinity

/**
 * An operation as the engine's own kernel where there is one, as the given composition elsewhere: also for matrices
 * above the engine's limit, for tensors of unequal shapes, and under automatic differentiation, which kernels do not
 * take part in.
 *
 * `view` says which matrices m×n a tensor's last two axes stand for.
 *
 * @internal
 */
export const fused = (
  operation: FusedOperation,
  composed: Binary,
  view: (rows: number, columns: number) => readonly [rows: number, columns: number] = (m, n) => [m, n]
): Binary =>
(x, u) => {
  const name = kernelName(operation)
  const engine = tf.engine()
  const backend = tf.getBackend()
  const fits = kernelsAllowed && x.rank >= 2 && x.dtype === "float32" && u.dtype === "float32" &&
    x.shape.join() === u.shape.join() && engine.state.gradientDepth === 0 &&
    tf.getKernel(name, backend) !== undefined
  if (!fits) return composed(x, u)
  const [rows, columns] = view(x.shape.at(-2)!, x.shape.at(-1)!)
  if (rows * columns > largest(backend, operation)) return composed(x, u)
  return engine.runKernel(name, { x, u }, { rows, columns })
}
