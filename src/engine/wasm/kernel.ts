/** How kernels are put into the stock wasm backend, beside those or in place of those that it has. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"

/** What a kernel of the wasm backend is called with. */
export interface Call<Attributes> {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>
  readonly attrs: Attributes
  readonly backend: BackendWasm
}

/** A kernel for the wasm backend, of one result or several. */
export interface Kernel<A = tf.TensorInfo> {
  readonly name: string
  readonly run: (call: Call<never>) => A
}

/** What the kernel under way has made on a backend; undefined where none is. */
interface UnderWay {
  made: Array<tf.DataId> | undefined
}

const onBackends = new WeakMap<BackendWasm, UnderWay>()

const underWayOn = (backend: BackendWasm): UnderWay => {
  const known = onBackends.get(backend)
  if (known !== undefined) return known
  const found: UnderWay = { made: undefined }
  onBackends.set(backend, found)
  const makeOutput = backend.makeOutput.bind(backend)
  backend.makeOutput = (...given) => {
    const output = makeOutput(...given)
    found.made?.push(output.dataId)
    return output
  }
  return found
}

/** A kernel whose attributes have a type. What it has made is freed where it throws: nobody else knows of it. */
export const kernel = <Attributes, A = tf.TensorInfo>(
  name: string,
  run: (call: Call<Attributes>) => A
): Kernel<A> => {
  const freeing = (call: Call<Attributes>): A => {
    const underWay = underWayOn(call.backend)
    const outer = underWay.made
    const made: Array<tf.DataId> = []
    underWay.made = made
    try {
      return run(call)
    } catch (cause) {
      for (const dataId of made) call.backend.disposeData(dataId, true)
      throw cause
    } finally {
      underWay.made = outer
    }
  }
  return { name, run: freeing as Kernel<A>["run"] }
}

/** A tensor of one number throughout. */
export const filled = (
  backend: BackendWasm,
  shape: ReadonlyArray<number>,
  dtype: "float32" | "int32" | "bool",
  value = 0
): tf.TensorInfo => {
  const out = backend.makeOutput([...shape], dtype)
  backend.typedArrayFromHeap(out).fill(value)
  return out
}

/**
 * A kernel composed of operations on tensors; what they make in between is freed.
 *
 * Within a kernel nothing is recorded for gradients, so operations may be used freely.
 */
export const composed = <Attributes>(
  name: string,
  run: (input: (name: string) => tf.Tensor, attrs: Attributes, given: (name: string) => boolean) => tf.Tensor
): Kernel =>
  kernel<Attributes>(name, ({ attrs, backend, inputs }) =>
    tf.tidy(() =>
      run(
        (input) => {
          const info = inputs[input]!
          if (info instanceof tf.Tensor) return info
          // A second handle on the same data, which the region frees again.
          backend.incRef(info.dataId)
          return tf.engine().makeTensorFromTensorInfo(info, backend)
        },
        attrs,
        (input) => inputs[input] !== undefined && inputs[input] !== null
      )
    ))

const stockKernels = new Map<string, tf.KernelFunc>()

/** The kernel that TensorFlow.js itself has for a name. */
export const stock = (name: string): tf.KernelFunc => {
  const found = stockKernels.get(name) ?? tf.getKernel(name, "wasm").kernelFunc
  stockKernels.set(name, found)
  return found
}

/** The kernel that TensorFlow.js itself has for a name, from tensors to a tensor. */
export const original = (name: string) => {
  const run = stock(name)
  return (inputs: Readonly<Record<string, tf.Tensor>>, attrs: object): tf.Tensor => {
    const backend = tf.backend() as BackendWasm
    const info = run({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo
    return tf.engine().makeTensorFromTensorInfo(info, backend)
  }
}

/** Puts a kernel in the place of the stock one, keeping that for `stock`; doing it twice changes nothing. */
export const install = ({ name, run }: Kernel<tf.TensorInfo | ReadonlyArray<tf.TensorInfo>>): void => {
  const existing = tf.getKernelsForBackend("wasm").find(({ kernelName }) => kernelName === name)
  if (existing !== undefined) {
    if (existing.kernelFunc === (run as unknown)) return
    stock(name)
    tf.unregisterKernel(name, "wasm")
  }
  tf.registerKernel({
    kernelName: name,
    backendName: "wasm",
    kernelFunc: run as unknown as tf.KernelFunc,
    ...(existing?.setupFunc === undefined ? {} : { setupFunc: existing.setupFunc })
  })
}
