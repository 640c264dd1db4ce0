import * as tf from "@tensorflow/tfjs-core"

interface Attributes {
  readonly strides: [number, number, number] | number
  readonly pad: "valid" | "same"
}

/**
 * Lets transposed convolutions of volumes be differentiated, which TensorFlow.js has no gradient of; doing it twice
 * changes nothing.
 */
export const registerVolumeGradients = (): void => {
  if (tf.getGradient(tf.Conv3DBackpropInputV2) !== undefined) return
  tf.registerGradient({
    kernelName: tf.Conv3DBackpropInputV2,
    inputsToSave: ["dy", "filter"],
    // The map of dy is the adjoint of the convolution, so its own adjoint is that convolution.
    gradFunc: (ddx, [dy, filter], attrs) => {
      const { pad, strides } = attrs as unknown as Attributes
      return {
        dy: () => tf.conv3d(ddx as tf.Tensor5D, filter as tf.Tensor5D, strides, pad),
        filter: () =>
          tf.engine().runKernel(
            tf.Conv3DBackpropFilterV2,
            { x: ddx as tf.Tensor, dy: dy! },
            { strides, pad, filterShape: filter!.shape }
          )
      }
    }
  })
}
