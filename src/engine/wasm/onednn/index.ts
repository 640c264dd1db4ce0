/**
 * An accelerator of the wasm engine: Intel's oneDNN, the library that PyTorch computes convolutions with, on the same
 * tensors, with vectors as wide as the processor has them. It comes from the system, and koffi, which calls it, from
 * npm.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { variable } from "../../variable.ts"
import { Mistaken } from "../flavour.ts"
import { install, type Kernel } from "../kernel.ts"
import { convolutions } from "./convolutions.ts"
import { type Library, load, NoLibrary } from "./library.ts"
import { products } from "./products.ts"
import { type Resources, resources } from "./resources.ts"

/** What may compute beside our own kernels; `auto` takes it where it is found. */
export const accelerators = ["none", "auto", "onednn"] as const
export type Accelerator = (typeof accelerators)[number]

/** What computes on the heap of a backend, by the number of threads. */
type Running = Map<number, { readonly library: Library; readonly kernels: ReadonlyArray<Kernel> }>

const onHeap = new WeakMap<BackendWasm, { readonly running: Running; readonly scope: Resources }>()

/** What runs on a backend; everything that the library made for it is given back when the backend is disposed of. */
const runningOn = (backend: BackendWasm) => {
  const known = onHeap.get(backend)
  if (known !== undefined) return known
  const found = { running: new Map() as Running, scope: resources() }
  onHeap.set(backend, found)
  const dispose = backend.dispose.bind(backend)
  backend.dispose = () => {
    found.running.clear()
    found.scope.release()
    dispose()
  }
  return found
}

const kernelsOf = (library: Library, scope: Resources): ReadonlyArray<Kernel> => {
  const own = (name: string): Kernel => ({
    name,
    run: tf.getKernel(name, "wasm").kernelFunc as unknown as Kernel["run"]
  })
  return [
    ...convolutions(library, scope),
    ...products(library, scope, { plain: own(tf.BatchMatMul), fused: own(tf._FusedMatMul) })
  ]
}

/**
 * Lets oneDNN compute what it is faster at, over the kernels that are installed on the wasm backend; undefined where it
 * does not.
 *
 * @throws NoLibrary where it was asked for by name, and is missing.
 * @throws Mistaken where the variable FINEGRAIN_ONEDNN names one that does not load.
 */
export const accelerated = (
  accelerator: Accelerator,
  threads: number,
  find: (threads: number) => Library = load
): Library | undefined => {
  if (accelerator === "none") return undefined
  try {
    const { running, scope } = runningOn(tf.backend() as BackendWasm)
    const known = running.get(threads)
    const library = known?.library ?? scope.add(find(threads), (library) => library.release())
    const kernels = known?.kernels ?? kernelsOf(library, scope)
    running.set(threads, { library, kernels })
    for (const kernel of kernels) install(kernel)
    return library
  } catch (cause) {
    if (!(cause instanceof NoLibrary)) throw cause
    const named = variable("FINEGRAIN_ONEDNN") ?? ""
    if (named !== "") throw new Mistaken(`FINEGRAIN_ONEDNN is "${named}": ${cause.message}`, { cause })
    if (accelerator === "auto") return undefined
    throw cause
  }
}
