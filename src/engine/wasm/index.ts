import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import { registerReluGradient } from "../reluGradient.ts"
import { variable } from "../variable.ts"
import { depthwiseFilterGradient, depthwiseForward, depthwiseInputGradient } from "./depthwise.ts"
import { extrema } from "./extrema.ts"
import { cast, identity } from "./identity.ts"
import { install, type Kernel } from "./kernel.ts"
import { matrixProducts } from "./matMul.ts"
import { guardMemory } from "./memory.ts"
import { pools } from "./pools.ts"
import { reductions } from "./reductions.ts"
import { gatherRows, segmentSum } from "./segments.ts"
import { add, addRelu, relu, reluGradient } from "./simd/activation.ts"
import { batchNorm } from "./simd/batchNorm.ts"
import { convolutions } from "./simd/convolution.ts"
import { manifoldOperations } from "./simd/manifolds.ts"
import { type Simd, simdOn } from "./simd/module.ts"
import { maxPoolGradient } from "./simd/pooling.ts"
import { step } from "./simd/step.ts"
import { sum } from "./simd/sum.ts"
import { type MakePool, nobodyElse } from "./threads/alone.ts"
import { maxPoolOfVolumes, maxPoolOfVolumesGradient, volumesFilterGradient, volumesInputGradient } from "./volumes.ts"

/** What runs on a heap, with the plans that its kernels keep there. */
interface Own {
  readonly simd: Simd
  readonly kernels: ReadonlyArray<Kernel<tf.TensorInfo | ReadonlyArray<tf.TensorInfo>>>
}

const onHeap = new WeakMap<object, Map<string, Promise<Own>>>()

/** Own kernels, once for a backend, a number of threads and a flavour; what did not start may be tried again. */
const ownOn = (backend: BackendWasm, threads: number, makePool: MakePool): Promise<Own> => {
  const key = `${threads} ${variable("FINEGRAIN_SIMD") ?? ""}`
  const known = onHeap.get(backend) ?? new Map<string, Promise<Own>>()
  onHeap.set(backend, known)
  const found = known.get(key)
  if (found !== undefined) return found
  const made = simdOn(backend, threads, makePool).then((simd) => ({ simd, kernels: kernelsOn(simd) }))
  known.set(key, made)
  made.catch(() => known.delete(key))
  return made
}

const kernelsOn = (simd: Simd): Own["kernels"] => [
  ...convolutions(simd),
  ...manifoldOperations(simd),
  ...step(simd),
  ...depthwiseForward(),
  depthwiseFilterGradient,
  depthwiseInputGradient,
  volumesFilterGradient,
  volumesInputGradient,
  maxPoolOfVolumes,
  maxPoolOfVolumesGradient,
  ...matrixProducts(),
  relu(simd),
  reluGradient(simd),
  add(simd),
  addRelu(simd),
  maxPoolGradient(simd),
  ...pools(),
  ...batchNorm(simd),
  sum(simd),
  ...reductions(),
  identity,
  cast(),
  ...extrema(),
  segmentSum,
  gatherRows()
]

/**
 * Makes the wasm backend able to train: kernels that the stock one lacks, has slow, or has wrong. Says how the own ones
 * run.
 *
 * Rejects where the runtime has no SIMD or threads do not start.
 *
 * @internal
 */
export const installTrainingKernels = async (
  backend: BackendWasm,
  threads: number,
  makePool: MakePool = nobodyElse
): Promise<Pick<Simd, "flavour" | "threads">> => {
  guardMemory(backend)
  const { kernels, simd } = await ownOn(backend, threads, makePool)
  for (const kernel of kernels) install(kernel)
  registerReluGradient()
  return simd
}
