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
  network: Pick<Network.Network, "model">,
  seed: Seed.Seed,
  loss?: Loss,
  classWeights?: ReadonlyArray<number>
) =>
  Effect.try({
    try: () => classifier(network, seed, loss, classWeights),
    catch: (error) => error as DeclarationRefused
  })

/** Whether a network that is trained so tells classes apart, of images or of their places. */
export const tellsClasses = ({ targets }: Pick<Dataset, "targets">, loss: Loss = softmaxCrossEntropy()): boolean =>
  loss.of !== "embeddings" && targets?.of !== "numbers"

/** What a network makes of images. */
export interface Evaluated {
  /** Mean over the images. */
  readonly loss: number
  /** Share of right answers; NaN where outputs are no classes. */
  readonly accuracy: number
  /** The numbers of the classes that it takes them for, `[count]`, in their order; empty where they have none. */
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
  network: Pick<Network.Network, "model">,
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
  const isOfClasses = tellsClasses(dataset, loss)
  const isOfImages = isOfClasses && dataset.targets === undefined
  const predicted = new Uint16Array(isOfImages ? split.count : 0)
  const confidence = new Float32Array(isOfImages ? split.count : 0)
  for (let from = 0; from < split.count; from += batchSize) {
    const batch = prepare(yield* Batches.read(split, dataset, order, from, Math.min(from + batchSize, split.count)))
    const size = batch.labels.length
    const read = yield* Tensors.evaluate(() => {
      const { answers, images } = batchTensors(dataset, batch)
      const known = knowing(images, answers)
      const sums = tf.stack([tf.mul(known.loss, size), known.correct])
      return known.answers === undefined
        ? sums
        : tf.concat([sums, known.answers.predicted, known.answers.confidence])
    })
    cost += read[0]!
    correct += read[1]!
    if (isOfImages) {
      predicted.set(read.subarray(2, 2 + size), from)
      confidence.set(read.subarray(2 + size), from)
    }
    yield* Effect.yieldNow
  }
  return {
    loss: cost / split.count,
    accuracy: isOfClasses ? correct / split.count : Number.NaN,
    predicted,
    confidence: loss.of === "logits" && isOfImages ? confidence : undefined
  }
})

/** The outputs of a network for images, in their order. */
export interface Outputs {
  /** Of one image. */
  readonly shape: ReadonlyArray<number>
  /** `[count, ...shape]` */
  readonly values: Float32Array
}

/** The outputs of a network for images, as they are prepared. */
export const outputsOf = Effect.fnUntraced(function*(
  network: Network.Network,
  dataset: Dataset,
  source: ImageSource,
  batchSize: number,
  prepare: (batch: Batches.Batch) => Batches.Batch,
  loss?: Loss
): Effect.fn.Return<Outputs, EvaluationError> {
  const { knowing } = yield* classifierOf(network, 0, loss)
  const order = Int32Array.from({ length: source.count }, (_, i) => i)
  const parts: Array<Float32Array> = []
  let shape: ReadonlyArray<number> = []
  for (let from = 0; from < source.count; from += batchSize) {
    const batch = prepare(yield* Batches.read(source, dataset, order, from, Math.min(from + batchSize, source.count)))
    parts.push(
      yield* Tensors.evaluate(() => {
        const { answers, images } = batchTensors(dataset, batch)
        const { outputs } = knowing(images, answers)
        shape = outputs.shape.slice(1)
        return outputs
      })
    )
    yield* Effect.yieldNow
  }
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    values.set(part, at)
    at += part.length
  }
  return { shape, values }
})
