import * as tf from "@tensorflow/tfjs-core"
import type * as Batches from "../../data/Batches.ts"
import type { Dataset } from "../../data/Dataset.ts"

/** What the outputs of a network for a batch are held to: class numbers [images], or targets [images, ...shape]. */
export const answersOf = (
  { targets }: Dataset,
  { labels, targets: values }: Pick<Batches.Batch, "labels" | "targets">
) =>
  targets === undefined || values === undefined
    ? tf.tensor1d(labels, "int32")
    : tf.tensor(values, [labels.length, ...targets.shape], targets.of === "classes" ? "int32" : "float32")

/** A batch as the network takes it. */
export const batchTensors = (dataset: Dataset, batch: Batches.Batch) => ({
  images: tf.tensor4d(batch.images, [batch.labels.length, dataset.height, dataset.width, dataset.channels]),
  answers: answersOf(dataset, batch)
})

/** Numbers in the images of a measurement, at most; 512 images of CIFAR have fewer. */
const mostNumbers = 2 ** 22

/** So many images at most, fewer where they are large. */
export const atOnce = ({ channels, height, width }: Dataset, most: number): number =>
  Math.max(16, Math.min(most, Math.floor(mostNumbers / (channels * height * width))))
