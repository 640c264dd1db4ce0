import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { depthwiseFilterGradient, depthwiseForward, depthwiseInputGradient } from "./depthwise.ts"
import { extrema } from "./extrema.ts"
import { identity } from "./identity.ts"
import { install } from "./kernel.ts"
import { matrixProducts } from "./matMul.ts"
import { gatherRows, segmentSum } from "./segments.ts"
import { relu } from "./simd/activation.ts"
import { batchNorm } from "./simd/batchNorm.ts"
import { convolutions } from "./simd/convolution.ts"
import { manifoldOperations } from "./simd/manifolds.ts"
import { type Simd, simdOn } from "./simd/module.ts"
import { maxPoolGradient } from "./simd/pooling.ts"

const onHeap = new WeakMap<object, Simd>()

/** Own kernels, once for a backend. */
const simdOf = (backend: BackendWasm): Simd => {
  const found = onHeap.get(backend) ?? simdOn(backend)
  onHeap.set(backend, found)
  return found
}

/**
 * Makes the wasm backend able to train: kernels that the stock one lacks, has slow, or has wrong. Says which SIMD the own ones use.
 *
 * @throws Error where the runtime has no SIMD.
 * @internal
 */
export const installTrainingKernels = (backend: BackendWasm): Simd["flavour"] => {
  const simd = simdOf(backend)
  for (
    const kernel of [
      ...convolutions(simd),
      ...manifoldOperations(simd),
      ...depthwiseForward(),
      depthwiseFilterGradient,
      depthwiseInputGradient,
      ...matrixProducts(),
      relu(simd),
      maxPoolGradient(simd),
      ...batchNorm(simd),
      identity,
      ...extrema(),
      segmentSum,
      gatherRows()
    ]
  ) install(kernel)
  return simd.flavour
}
