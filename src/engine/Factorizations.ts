/**
 * The contract of matrix factorizations, which every engine has as kernels of its own, on batches `[count, …]`.
 *
 * Eigh: `a` [count, n, n], symmetric → values [count, n], the smallest first, and orthonormal vectors as columns [count, n, n].
 * Svd: `a` [count, m, n], m ≥ n → left [count, m, n], values [count, n], the largest first, right [count, n, n]; left and right
 * have orthonormal columns whatever the rank. Solve: `a` [count, n, n], `b` [count, n, k] → a⁻¹b; NaN where a is singular to rounding.
 * Determinant: `a` [count, n, n] → [count]. Matrices that hold NaN or infinity give NaN.
 */
import * as tf from "@tensorflow/tfjs-core"
import { registerOnHost } from "./host/factorizations.ts"

export type Factorization = "Eigh" | "Svd" | "Solve" | "Determinant"

/** The name under which engines register a factorization. */
export const kernelName = (factorization: Factorization): string => `Finegrain${factorization}`

/** How a factorization is differentiated; `saved` holds inputs, then outputs, as named. */
export interface Gradient {
  readonly inputsToSave?: Array<string>
  readonly outputsToSave?: Array<boolean>
  readonly gradFunc: tf.GradFunc
}

/** Runs the kernel of the engine in use. Engines that register none of their own compute on the host, in double precision. */
export const run = (
  factorization: Factorization,
  inputs: Readonly<Record<string, tf.Tensor>>,
  gradient: Gradient
): ReadonlyArray<tf.Tensor> => {
  const name = kernelName(factorization)
  if (tf.getGradient(name) === undefined) tf.registerGradient({ kernelName: name, ...gradient })
  if (tf.getKernel(name, tf.getBackend()) === undefined) registerOnHost(factorization, name, tf.getBackend())
  const result: tf.Tensor | Array<tf.Tensor> = tf.engine().runKernel(name, { ...inputs })
  return Array.isArray(result) ? result : [result]
}
