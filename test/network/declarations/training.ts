import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Network, Schedule, Trainer } from "finegrain"
import { tinyDataset as dataset } from "../../tinyDataset.ts"

/** What training a model came to. */
export interface Trained {
  readonly losses: ReadonlyArray<number>
  readonly epochs: ReadonlyArray<Trainer.EpochDone>
  readonly leaked: number
  readonly network: Network.Network
}

/** Options of both, of which none is needed. */
export type Options = Network.NetworkOptions & Partial<Omit<Trainer.TrainerOptions, "network">>

/** Trains a model for some epochs on the tiny dataset, and tells of every step. */
export const training = (
  model: tfl.LayersModel,
  options: Options = {},
  report: (event: Trainer.TrainingEvent) => void = () => {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const losses: Array<number> = []
    const network = yield* Network.make(model, options)
    const run = yield* Trainer.make({
      network,
      dataset,
      schedule: Schedule.constant(0.1),
      epochs: 1,
      batchSize: 32,
      seed: 3,
      ...options
    })
    const { epochs, tensorsLeaked } = yield* run.train((event) =>
      Effect.sync(() => {
        if (event._tag === "StepDone") losses.push(event.loss)
        report(event)
      })
    )
    return { losses, epochs, leaked: tensorsLeaked, network }
  }))

/** Runs it. */
export const train = (...given: Parameters<typeof training>): Promise<Trained> => Effect.runPromise(training(...given))

/** The line by which it is refused. */
export const refusal = async (...given: Parameters<typeof training>): Promise<string> => {
  const error = await Effect.runPromise(Effect.flip(training(...given)))
  return `${error._tag}: ${error.message}`
}

/** Values of a model's weight whose name contains a word. */
export const weight = async (model: tfl.LayersModel, name: string): Promise<Float32Array> =>
  (await model.weights.find(({ originalName }) => originalName.includes(name))!.read().data()) as Float32Array

/** The images of the tiny dataset. */
export const images = (): tf.Tensor4D =>
  tf.tensor4d(Float32Array.from(dataset.train.images, (byte) => byte / 255), [dataset.train.count, 8, 8, 1])
