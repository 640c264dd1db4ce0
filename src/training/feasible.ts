/** Whether a network can be trained on a dataset, told before the first step. */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { totalmem } from "node:os"
import { counted } from "../choices/counted.ts"
import type { DatasetInvalid } from "../data/DataError.ts"
import * as Dataset from "../data/Dataset.ts"
import { leavesOf } from "../network/layers/graph.ts"
import type * as Network from "../network/Network.ts"
import type { PlanError } from "../network/PlanError.ts"
import { windowProblem } from "../network/windows.ts"

/** A batch that no step can take. */
export class BatchError extends Schema.TaggedError<BatchError>()("BatchError", {
  batchSize: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `A batch of ${counted(this.batchSize, "image")}: ${this.reason}`
  }
}

/** Bytes that tensors can take on this engine, where that is known: 32-bit addresses of wasm reach 4 GiB. */
const room = (): number => {
  const engine = tf.getBackend()
  return engine === "wasm" ? 2 ** 32 : engine === "cpu" || engine === "tensorflow" ? totalmem() : Infinity
}

/** Entries of one image's features that its gradients need at least: of whatever has weights of several dimensions. */
const kept = (model: tfl.LayersModel): number =>
  leavesOf(model).filter(({ layer }) => layer.weights.some(({ shape }) => shape.length > 1)).reduce(
    (sum, { layer }) => {
      const outputs = layer.inboundNodes.flatMap(({ outputShapes }) => outputShapes) as ReadonlyArray<tfl.Shape>
      return sum + outputs.reduce((own, shape) => own + shape.slice(1).reduce<number>((a, b) => a * (b ?? 1), 1), 0)
    },
    0
  )

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(2)} GiB`

/**
 * A batch is of one image at least.
 *
 * @internal
 */
export const batchIsSize = (batchSize: number): Effect.Effect<void, BatchError> =>
  Number.isInteger(batchSize) && batchSize >= 1
    ? Effect.void
    : Effect.fail(new BatchError({ batchSize, reason: "a whole number from 1 upwards is needed" }))

const batchProblem = (
  { model }: Network.Network,
  { channels, height, train: { count }, width }: Dataset.Dataset,
  batchSize: number
): BatchError | undefined => {
  const pixels = 4 * height * width * channels
  const images = Math.min(batchSize, count)
  const refuse = (each: number, all: number) =>
    new BatchError({
      batchSize,
      reason:
        `a step of ${counted(images, "image")} takes ${gigabytes(images * each)} at least, and ${
          gigabytes(all)
        } are all ` +
        `there is: take at most ${Math.max(1, Math.floor(all / 2 / each))}`
    })
  // Wherever it is computed, a batch is gathered in the memory of this machine.
  if (images * pixels > totalmem()) return refuse(pixels, totalmem())
  const each = pixels + 4 * kept(model)
  return images * each > room() ? refuse(each, room()) : undefined
}

/**
 * Whether a network can be trained on a dataset by batches of a size: the dataset is what it says, the network's
 * windows fit into the images, and one step of it into the memory, as far as that can be told beforehand.
 *
 * @internal
 */
export const feasible = Effect.fnUntraced(function*(
  network: Network.Network,
  dataset: Dataset.Dataset,
  batchSize: number
): Effect.fn.Return<void, BatchError | DatasetInvalid | PlanError> {
  yield* batchIsSize(batchSize)
  yield* Effect.fromResult(Dataset.check(dataset))
  const tooSmall = windowProblem(network.model, [null, dataset.height, dataset.width, dataset.channels])
  if (tooSmall !== undefined) return yield* tooSmall
  const tooLarge = batchProblem(network, dataset, batchSize)
  if (tooLarge !== undefined) return yield* tooLarge
})
