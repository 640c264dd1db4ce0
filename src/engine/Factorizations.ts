/**
 * Matrix factorizations, by the kernels of the engine in use.
 */
import * as tf from "@tensorflow/tfjs-core"
import { type Factorization, kernelName } from "./Factorization.ts"
import { registerOnHost } from "./host/factorizations.ts"

/** How a factorization is differentiated; `saved` holds inputs, then outputs, as named. */
export interface Gradient {
  readonly inputsToSave?: Array<string>
  readonly outputsToSave?: Array<boolean>
  readonly gradFunc: tf.GradFunc
}

/**
 * Runs the kernel of the engine in use. Engines that register none of their own compute on the host, in double
 * precision.
 */
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
