/** The wasm engine beside another one: its kernels for an optimizer's step, on copies of the weights. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import type { Kernel as WasmKernel } from "../wasm/kernel.ts"
import { guardMemory } from "../wasm/memory.ts"
import { simdOn } from "../wasm/simd/module.ts"
import { step } from "../wasm/simd/step.ts"
import { onSharedHeap } from "../wasm/threads/sharedHeap.ts"
import { type Kernel, kernel, numbersOf, onHost } from "./library.ts"

/** Inputs that a kernel writes over: the step's second sweep brings directions to where the points have moved. */
const isOverwritten = (name: string) => name.startsWith("direction")

/** A kernel of the wasm engine that is given copies of tensors on another one, and whose results are copied back. */
const onCopies = (wasm: BackendWasm, { name, run }: WasmKernel<ReadonlyArray<tf.TensorInfo>>): Kernel =>
  kernel<never>(name, ({ attrs, backend, inputs }) => {
    const given = new Map<tf.DataId, tf.Tensor>()
    const onHeap = new Set<tf.DataId>()
    const copied = (input: tf.Tensor): tf.TensorInfo => {
      const dataId = wasm.write(numbersOf(backend, input), input.shape, "float32")
      given.set(dataId, input)
      onHeap.add(dataId)
      return { dataId, dtype: input.dtype, shape: input.shape }
    }
    const back = ({ dataId, shape }: tf.TensorInfo): tf.TensorInfo => {
      onHeap.add(dataId)
      const same = given.get(dataId)
      if (same === undefined) return onHost(backend, wasm.readSync(dataId) as Float32Array, shape)
      // What the kernel hands back as it is stays as it is.
      backend.incRef(same.dataId)
      return { dataId: same.dataId, dtype: same.dtype, shape: [...shape] }
    }
    try {
      const copies = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, copied(input)]))
      const results = run({ attrs, backend: wasm, inputs: copies })
      for (const [name, { dataId }] of Object.entries(copies)) {
        // A kernel made them: they are on the host, but where an operation has read them, which takes them for its own.
        if (isOverwritten(name)) numbersOf(backend, inputs[name]!).set(wasm.readSync(dataId) as Float32Array)
      }
      return results.map(back)
    } finally {
      for (const dataId of onHeap) wasm.disposeData(dataId, true)
    }
  })

/**
 * The kernels of a step, by one thread: a step on the weights of a network is a few milliseconds, and the other
 * engine's threads are not to wait for cores.
 *
 * Rejects where the runtime has no SIMD or no shared memory.
 */
const make = async () => {
  const wasm = await onSharedHeap()
  guardMemory(wasm)
  const simd = await simdOn(wasm)
  return { flavour: simd.flavour, kernels: step(simd).map((kernel) => onCopies(wasm, kernel)) }
}

let made: ReturnType<typeof make> | undefined

/** Made once in a process. */
export const helper = (): ReturnType<typeof make> => made ??= make()
