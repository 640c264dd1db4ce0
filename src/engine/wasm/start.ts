/** How the wasm engine starts on any runtime: the stock backend, and this library's kernels on its heap. */
import { type BackendWasm, version_wasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { counted } from "../../choices/counted.ts"
import type { Engine } from "../Engine.ts"
import { installTrainingKernels } from "./index.ts"
import { rounding } from "./simd/fused.ts"
import type { Simd } from "./simd/module.ts"
import { type MakePool, nobodyElse } from "./threads/alone.ts"

/** How the kernels run. */
export type Running = Pick<Simd, "flavour" | "threads">

/** The library that computes beside them. */
interface Helper {
  readonly version: string
  readonly instructions: string | undefined
}

/**
 * Lets the stock backend start, and puts the kernels on its heap. Rejects where either fails.
 *
 * @internal
 */
export const start = async (
  stock: () => Promise<boolean>,
  threads = 1,
  makePool: MakePool = nobodyElse
): Promise<Running> => {
  if (!await stock()) throw new Error("TensorFlow.js could not start it")
  const backend = tf.backend() as BackendWasm
  try {
    return await installTrainingKernels(backend, threads, makePool)
  } catch (error) {
    // Threads that do not start are no reason to do without the rest.
    if (threads === 1) throw error
    return installTrainingKernels(backend, 1)
  }
}

/** How the helper rounds: its sums depend on its instructions, and on how many threads share them. */
const helped = ({ instructions, version }: Helper, threads: number) =>
  `, oneDNN ${version}${instructions === undefined ? "" : ` by ${instructions}`} with ${threads}`

/**
 * What the engine says of itself, with the library that computes beside it, where one does.
 *
 * @internal
 */
export const described = ({ flavour, threads }: Running, oneDnn?: Helper): Engine => {
  const simd = `${flavour === "relaxed" ? "relaxed " : ""}SIMD`
  const helper = oneDnn === undefined ? "" : ` and oneDNN ${oneDnn.version}`
  return {
    name: "wasm",
    engine: "wasm",
    device: `CPU, WebAssembly ${simd}${helper}, ${counted(threads, "thread")}`,
    version: version_wasm,
    arithmetic: rounding(flavour) + (oneDnn === undefined ? "" : helped(oneDnn, threads))
  }
}
