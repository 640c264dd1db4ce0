import { filterGradient, forward, inputGradient } from "./convolution.ts"
import { depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise.ts"
import { install } from "./kernel.ts"
import { matrixProducts } from "./matMul.ts"
import { maxPoolGradient } from "./pooling.ts"
import { gatherRows, segmentSum } from "./segments.ts"

/**
 * Makes the wasm backend able to train: kernels that the stock one lacks, has slow, or has wrong.
 *
 * @internal
 */
export const installTrainingKernels = (): void => {
  for (
    const kernel of [
      ...forward(),
      filterGradient,
      inputGradient,
      depthwiseFilterGradient,
      depthwiseInputGradient,
      ...matrixProducts(),
      maxPoolGradient,
      segmentSum,
      gatherRows()
    ]
  ) install(kernel)
}
