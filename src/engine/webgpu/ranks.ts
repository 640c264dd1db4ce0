import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../sizeOf.ts"
import type { WebGpuBackend } from "./packages.ts"

/**
 * Up to this rank the stock kernels for Tile and Select run on the device; above it they read from it, which cannot be,
 * or refuse.
 */
const highest = 4

const seenAs = ({ dataId, dtype }: tf.TensorInfo, shape: ReadonlyArray<number>): tf.TensorInfo => ({
  dataId,
  dtype,
  shape: [...shape]
})

type Call = Parameters<tf.KernelFunc>[0]

/** Repetition along one axis after the other, each of which is one along the middle axis of three. */
const tile = (stock: tf.KernelFunc) => (call: Call): tf.TensorInfo => {
  const { x } = call.inputs as { readonly x: tf.TensorInfo }
  const { reps } = call.attrs as unknown as { readonly reps: ReadonlyArray<number> }
  if (x.shape.length <= highest || x.dtype === "string") return stock(call) as tf.TensorInfo
  const backend = call.backend as tf.KernelBackend
  const shape = [...x.shape]
  let current = x
  for (const [axis, times] of reps.entries()) {
    if (times === 1) continue
    const folded = [sizeOf(shape.slice(0, axis)), 1, sizeOf(shape.slice(axis))]
    const repeated = stock({
      ...call,
      inputs: { x: seenAs(current, folded) },
      attrs: { reps: [1, times, 1] }
    }) as tf.TensorInfo
    if (current !== x) backend.disposeData(current.dataId)
    current = repeated
    shape[axis]! *= times
  }
  // Nothing to repeat: a second handle on the same data.
  if (current === x) backend.incRef(x.dataId)
  return seenAs(current, shape)
}

/** A choice between numbers at the same place, whatever axes there are. */
const select = (stock: tf.KernelFunc) => (call: Call): tf.TensorInfo => {
  const { condition, e, t } = call.inputs as Readonly<Record<"condition" | "t" | "e", tf.TensorInfo>>
  if (t.shape.length <= highest || condition.shape.length !== t.shape.length) return stock(call) as tf.TensorInfo
  const flat = (info: tf.TensorInfo) => seenAs(info, [sizeOf(info.shape)])
  const chosen = stock({ ...call, inputs: { condition: flat(condition), t: flat(t), e: flat(e) } }) as tf.TensorInfo
  return seenAs(chosen, t.shape)
}

/** Where a vector's extreme entry is: one number, which the stock kernel gives an axis. */
const place = (stock: tf.KernelFunc) => (call: Call): tf.TensorInfo => {
  const { x } = call.inputs as { readonly x: tf.TensorInfo }
  const found = stock(call) as tf.TensorInfo
  return x.shape.length === 1 ? seenAs(found, []) : found
}

/** Integers and truth values as floats; the stock kernel hands on their bits, of which transposes make no shader. */
const cast = (stock: tf.KernelFunc) => (call: Call): tf.TensorInfo => {
  const { x } = call.inputs as { readonly x: tf.TensorInfo }
  const { dtype } = call.attrs as unknown as { readonly dtype: tf.DataType }
  const seen = stock(call) as tf.TensorInfo
  if (dtype !== "float32" || (x.dtype !== "bool" && x.dtype !== "int32")) return seen
  const backend = call.backend as WebGpuBackend
  const zero = backend.makeTensorInfo([], "float32", new Float32Array(1))
  const inputs = { a: seen, b: zero }
  const floats = tf.getKernel(tf.Add, "webgpu").kernelFunc({ inputs, backend, attrs: undefined! }) as tf.TensorInfo
  for (const { dataId } of [seen, zero]) backend.disposeData(dataId)
  return floats
}

let replaced = false

/** Puts kernels that are right for tensors of every rank and type in the place of stock ones that are not. */
export const registerRanks = (): void => {
  if (replaced) return
  replaced = true
  for (
    const [kernelName, ours] of [
      [tf.Cast, cast],
      [tf.Tile, tile],
      [tf.Select, select],
      [tf.ArgMin, place],
      [tf.ArgMax, place]
    ] as const
  ) {
    const { kernelFunc } = tf.getKernel(kernelName, "webgpu")
    tf.unregisterKernel(kernelName, "webgpu")
    tf.registerKernel({ kernelName, backendName: "webgpu", kernelFunc: ours(kernelFunc) })
  }
}
