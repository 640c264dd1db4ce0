/** Loss and accuracy of a network over a split. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Batches from "../../data/Batches.ts"
import { DatasetInvalid } from "../../data/DataError.ts"
import { type Dataset, type ImageCorrupt, type ImageSource, splitProblem } from "../../data/Dataset.ts"
import type { DeclarationRefused } from "../../network/declarations/Refused.ts"
import { type Loss, softmaxCrossEntropy } from "../../network/losses.ts"
import type * as Network from "../../network/Network.ts"
import type * as Seed from "../../numerics/Seed.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import { classifier } from "../Classifier.ts"
import { type BatchError, batchIsSize } from "../feasible.ts"
import { batchTensors } from "./batchTensors.ts"

/** A network as a classifier; fails with DeclarationRefused where its output is no logits. */
export const classifierOf = (
  network: Network.Network,
  seed: Seed.Seed,
  loss?: Loss,
  classWeights?: ReadonlyArray<number>
) =>
  Effect.try({
    try: () => classifier(network, seed, loss, classWeights),
    catch: (error) => error as DeclarationRefused
  })

/** What a network makes of images. */
export interface Evaluated {
  /** Mean over the images. */
  readonly loss: number
  /** Share of right answers. */
  readonly accuracy: number
  /** The numbers of the classes that it takes them for, `[count]`, in their order. */
  readonly predicted: Uint16Array
  /** How probable it takes these classes for, by a softmax, `[count]`; none where its outputs are no logits. */
  readonly confidence: Float32Array | undefined
}

/** Why images could not be evaluated. */
export type EvaluationError = BatchError | DatasetInvalid | DeclarationRefused | ImageCorrupt | Tensors.ReadFailed

/**
 * Mean loss and accuracy over a split, and the answers themselves. Fails with DatasetInvalid for labels that the
 * dataset's classes do not have.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Models, Network, Trainer } from "finegrain"
 * const split = { images: new Uint8Array(2 * 64), labels: Uint8Array.of(0, 1), count: 2 }
 * const size = { classes: 2, height: 8, width: 8, channels: 1 }
 * const dataset = { name: "blank", ...size, train: split, test: split, checksum: "" }
 * const network = await Effect.runPromise(Network.make(Models.smallCnn({ ...dataset, filters: [2] })))
 * const { accuracy } = await Effect.runPromise(Trainer.evaluate(network, dataset, split, 10))
 * accuracy // => 0.5
 * ```
 */
export const evaluate = Effect.fnUntraced(function*(
  network: Network.Network,
  dataset: Dataset,
  split: ImageSource,
  batchSize: number,
  prepare: (batch: Batches.Batch) => Batches.Batch = (batch) => batch,
  loss: Loss = softmaxCrossEntropy()
): Effect.fn.Return<Evaluated, EvaluationError> {
  yield* batchIsSize(batchSize)
  const wrong = splitProblem(split, dataset, "given")
  if (wrong !== undefined) return yield* new DatasetInvalid({ dataset: dataset.name, reason: wrong })
  const { knowing } = yield* classifierOf(network, 0, loss)
  const order = Int32Array.from({ length: split.count }, (_, i) => i)
  let [cost, correct] = [0, 0]
  const predicted = new Uint16Array(split.count)
  const confidence = new Float32Array(split.count)
  for (let from = 0; from < split.count; from += batchSize) {
    const batch = prepare(yield* Batches.read(split, dataset, order, from, Math.min(from + batchSize, split.count)))
    const size = batch.labels.length
    const read = yield* Tensors.evaluate(() => {
      const { images, labels } = batchTensors(dataset, batch)
      const { answers, correct, loss } = knowing(images, labels)
      return tf.concat([tf.stack([tf.mul(loss, size), correct]), answers.predicted, answers.confidence])
    })
    cost += read[0]!
    correct += read[1]!
    predicted.set(read.subarray(2, 2 + size), from)
    confidence.set(read.subarray(2 + size), from)
    yield* Effect.yieldNow
  }
  return {
    loss: cost / split.count,
    accuracy: correct / split.count,
    predicted,
    confidence: loss.of === "logits" ? confidence : undefined
  }
})
