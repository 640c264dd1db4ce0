/** What TensorFlow.js' native backend offers beyond its declared interface: operations of the C library by name. */
import * as tf from "@tensorflow/tfjs-core"

/** An attribute of an operation: its type is one of the numbers of the binding. */
interface Attribute {
  readonly name: string
  readonly type: number
  readonly value: boolean | number | string
}

/** The backend that runs kernels on TensorFlow's C library. */
export interface Library extends tf.KernelBackend {
  readonly binding:
    & Readonly<Record<"TF_ATTR_TYPE" | "TF_ATTR_BOOL" | "TF_ATTR_FLOAT" | "TF_ATTR_STRING" | "TF_FLOAT", number>>
    & { readonly TF_Version: string }
  readonly isUsingGpuDevice: boolean
  readonly executeMultipleOutputs: (
    name: string,
    attributes: ReadonlyArray<Attribute>,
    inputs: ReadonlyArray<tf.TensorInfo>,
    outputs: number
  ) => Array<tf.Tensor>
  readonly readSync: (data: tf.DataId) => tf.BackendValues
  readonly write: (values: tf.BackendValues, shape: ReadonlyArray<number>, dtype: tf.DataType) => tf.DataId
  readonly incRef: (data: tf.DataId) => void
}

/** What a kernel on the library is called with. */
export interface Call<Attributes> {
  readonly inputs: Readonly<Record<string, tf.Tensor>>
  readonly attrs: Attributes
  readonly backend: Library
}

/** A kernel on the library, of one result or several. */
export interface Kernel {
  readonly name: string
  readonly run: (call: Call<never>) => tf.TensorInfo | Array<tf.TensorInfo>
}

/** A kernel whose attributes have a type. */
export const kernel = <Attributes>(
  name: string,
  run: (call: Call<Attributes>) => tf.TensorInfo | Array<tf.TensorInfo>
): Kernel => ({ name, run: run as Kernel["run"] })

/** Float32 numbers of a tensor, and back. */
export const numbersOf = (library: Library, { dataId }: tf.TensorInfo): Float32Array =>
  library.readSync(dataId) as Float32Array

/** A tensor of numbers on the host, which go to the library when an operation of its first asks for them. */
export const onHost = (library: Library, numbers: Float32Array, shape: ReadonlyArray<number>): tf.TensorInfo => ({
  dataId: library.write(numbers, shape, "float32"),
  shape: [...shape],
  dtype: "float32"
})

/** Puts kernels beside those of the backend; doing it twice changes nothing. */
export const install = (kernels: ReadonlyArray<Kernel>): void => {
  const known = new Set(tf.getKernelsForBackend("tensorflow").map(({ kernelName }) => kernelName))
  for (const { name, run } of kernels) {
    if (known.has(name)) continue
    tf.registerKernel({ kernelName: name, backendName: "tensorflow", kernelFunc: run as unknown as tf.KernelFunc })
  }
}
