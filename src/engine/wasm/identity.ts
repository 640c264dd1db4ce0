/** Operations that change no value share it instead of copying. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { type Kernel, kernel, stock } from "./kernel.ts"

/**
 * Another handle on the same values: the stock kernel copies them, hundreds of times in a step of a deep network.
 *
 * Sharing is safe because no kernel here writes into what it was given, but for one: the second sweep of a step brings
 * its directions, which the first has made, to where the points have moved. Nobody else may have a handle on those.
 *
 * @internal
 */
export const identity: Kernel = kernel(tf.Identity, ({ backend, inputs }) => share(backend, inputs["x"]!))

const share = (backend: BackendWasm, { dataId, dtype, shape }: tf.TensorInfo): tf.TensorInfo => {
  backend.incRef(dataId)
  return { dataId, dtype, shape }
}

/**
 * A cast to the type that values have already, as every gradient of an identity asks for, is another handle as well.
 *
 * @internal
 */
export const cast = (): Kernel => {
  const original = stock(tf.Cast)
  return kernel<{ readonly dtype: tf.DataType }>(tf.Cast, (call) => {
    const { attrs, backend, inputs } = call
    const x = inputs["x"]!
    return attrs.dtype === x.dtype
      ? share(backend, x)
      : original(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.TensorInfo
  })
}
