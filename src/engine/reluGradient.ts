/** The rectifier's gradient in one kernel, on engines that have it. */
import * as tf from "@tensorflow/tfjs-core"
import { kernelNames } from "./layerKernels.ts"

let registered = false

/**
 * The gradient of the rectifier runs as that kernel where the engine has it; gradients of the gradient stay possible.
 */
export const registerReluGradient = (): void => {
  const stockGradient = tf.getGradient(tf.Relu)
  if (registered || stockGradient === undefined) return
  registered = true
  tf.unregisterGradient(tf.Relu)
  tf.registerGradient({
    ...stockGradient,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [tf.Tensor]
      const one = dy as tf.Tensor
      const fits = tf.getKernel(kernelNames.reluGradient, tf.getBackend()) !== undefined && x.dtype === "float32" &&
        one.dtype === "float32"
      return fits
        ? { x: () => tf.engine().runKernel(kernelNames.reluGradient, { x, dy: one }) as tf.Tensor }
        : stockGradient.gradFunc(dy, saved, attrs)
    }
  })
  tf.registerGradient({
    kernelName: kernelNames.reluGradient,
    inputsToSave: ["x"],
    gradFunc: (ddy, [x]) => ({
      x: () => tf.zerosLike(x!),
      dy: () => tf.mul(ddy as tf.Tensor, tf.step(x!))
    })
  })
}
