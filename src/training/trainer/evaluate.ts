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

/** What is made of each batch of a split, in the order of its images, and told with where the batch begins. */
const forBatches = Effect.fnUntraced(function*(
  { dataset, prepare, size, source }: {
    readonly dataset: Dataset
    readonly source: ImageSource
    readonly size: number
    readonly prepare: (batch: Batches.Batch) => Batches.Batch
  },
  make: (batch: ReturnType<typeof batchTensors>, count: number) => tf.Tensor,
  told: (values: Float32Array, from: number, count: number) => void
) {
  const order = Int32Array.from({ length: source.count }, (_, i) => i)
  for (let from = 0; from < source.count; from += size) {
    const batch = prepare(yield* Batches.read(source, dataset, order, from, Math.min(from + size, source.count)))
    const count = batch.labels.length
    told(yield* Tensors.evaluate(() => make(batchTensors(dataset, batch), count)), from, count)
    yield* Effect.yieldNow
  }
})

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
  let [cost, correct] = [0, 0]
  const isOfClasses = tellsClasses(dataset, loss)
  const isOfImages = isOfClasses && dataset.targets === undefined
  const predicted = new Uint16Array(isOfImages ? split.count : 0)
  const confidence = new Float32Array(isOfImages ? split.count : 0)
  yield* forBatches(
    { dataset, source: split, size: batchSize, prepare },
    ({ answers, images }, count) => {
      const known = knowing(images, answers)
      const sums = tf.stack([tf.mul(known.loss, count), known.correct])
      return known.answers === undefined
        ? sums
        : tf.concat([sums, known.answers.predicted, known.answers.confidence])
    },
    (values, from, count) => {
      cost += values[0]!
      correct += values[1]!
      if (!isOfImages) return
      predicted.set(values.subarray(2, 2 + count), from)
      confidence.set(values.subarray(2 + count), from)
    }
  )
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
  const parts: Array<Float32Array> = []
  let shape: ReadonlyArray<number> = []
  yield* forBatches(
    { dataset, source, size: batchSize, prepare },
    ({ answers, images }) => {
      const { outputs } = knowing(images, answers)
      shape = outputs.shape.slice(1)
      return outputs
    },
    (values) => void parts.push(values)
  )
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    values.set(part, at)
    at += part.length
  }
  return { shape, values }
})
