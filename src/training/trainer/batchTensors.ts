import * as tf from "@tensorflow/tfjs-core"
import type * as Batches from "../../data/Batches.ts"
import type { Dataset } from "../../data/Dataset.ts"

/** A batch as the network takes it. */
export const batchTensors = ({ channels, height, width }: Dataset, batch: Batches.Batch) => ({
  images: tf.tensor4d(batch.images, [batch.labels.length, height, width, channels]),
  labels: tf.tensor1d(batch.labels, "int32")
})

/** Numbers in the images of a measurement, at most; 512 images of CIFAR have fewer. */
const mostNumbers = 2 ** 22

/** So many images at most, fewer where they are large. */
export const atOnce = ({ channels, height, width }: Dataset, most: number): number =>
  Math.max(16, Math.min(most, Math.floor(mostNumbers / (channels * height * width))))
