/**
 * An accelerator of the wasm engine: Intel's oneDNN, the library that PyTorch computes convolutions with, on the same
 * tensors, with vectors as wide as the processor has them. It comes from the system, and koffi, which calls it, from
 * npm.
 */
import * as tf from "@tensorflow/tfjs-core"
import { install, type Kernel } from "../kernel.ts"
import { convolutions } from "./convolutions.ts"
import { type Library, load, NoLibrary } from "./library.ts"
import { products } from "./products.ts"

/** What may compute beside our own kernels; `auto` takes it where it is found. */
export const accelerators = ["none", "auto", "onednn"] as const
export type Accelerator = (typeof accelerators)[number]

const known = new Map<number, { readonly library: Library; readonly kernels: ReadonlyArray<Kernel> }>()

const kernelsOf = (threads: number) => {
  const library = load(threads)
  const own = (name: string): Kernel => ({
    name,
    run: tf.getKernel(name, "wasm").kernelFunc as unknown as Kernel["run"]
  })
  const multiplied = products(library, { plain: own(tf.BatchMatMul), fused: own(tf._FusedMatMul) })
  return { library, kernels: [...convolutions(library), ...multiplied] }
}

/**
 * Lets oneDNN compute what it is faster at, over the kernels that are installed; undefined where it does not.
 *
 * @throws NoLibrary where it was asked for by name, and is missing.
 */
export const accelerated = (accelerator: Accelerator, threads: number): Library | undefined => {
  if (accelerator === "none") return undefined
  try {
    const { kernels, library } = known.get(threads) ?? kernelsOf(threads)
    known.set(threads, { library, kernels })
    for (const kernel of kernels) install(kernel)
    return library
  } catch (cause) {
    if (accelerator === "auto" && cause instanceof NoLibrary) return undefined
    throw cause
  }
}
