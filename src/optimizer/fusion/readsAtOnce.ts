import * as tf from "@tensorflow/tfjs-core"

/** Whether the present engine's tensors can be read at once; a GPU's cannot. */
export const readsAtOnce = () => tf.getBackend() !== "webgpu"
