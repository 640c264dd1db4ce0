/** A run in progress, as a value, and what of it follows from the options. */
import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import * as Augment from "../../data/Augment.ts"
import type * as Batches from "../../data/Batches.ts"
import { type ChannelStatistics, type Dataset, isStream } from "../../data/Dataset.ts"
import type { Preprocessing } from "../../network/models/index.ts"
import type * as Network from "../../network/Network.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as FgSgd from "../../optimizer/FgSgd.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"
import type { Scaling } from "../../optimizer/Transform.ts"
import type * as Checkpoint from "../Checkpoint.ts"
import type { Classifier } from "../Classifier.ts"
import { perSum } from "../measures/steps.ts"
import type { TrainerOptions } from "../options.ts"
import type { EpochDone } from "../TrainingEvent.ts"
import type { Evaluated } from "./evaluate.ts"

/** Where the optimizer stands. */
export type State = Optimizer.State<Network.NetworkPoint>

/** What takes steps: a network, its optimizer, and where both stand. */
export interface Stepping {
  readonly options: Pick<TrainerOptions, "controls" | "epochs" | "evaluate" | "keepBest" | "network" | "schedule">
  readonly optimizer: Optimizer.Optimizer<Network.NetworkPoint, Network.NetworkWeights>
  readonly state: Ref.Ref<State>
}

/** A run in progress, whoever chooses its steps. */
export interface Standing extends Stepping {
  readonly position: Ref.Ref<Checkpoint.Position>
  readonly epochsDone: Ref.Ref<ReadonlyArray<EpochDone>>
}

/** A run in progress on a dataset: what it works with, and where it stands. */
export interface Session extends Standing {
  readonly options: TrainerOptions
  readonly learning: Classifier["learning"]
  /** What becomes of every batch, in training, tests and measurements. */
  readonly prepare: (batch: Batches.Batch) => Batches.Batch
  /** What the last test found. */
  readonly tested: Ref.Ref<Evaluated | undefined>
}

/** Before the first step. */
export const start: Checkpoint.Position = {
  step: 0,
  epoch: 1,
  from: 0,
  measuredIn: 0,
  lossSum: 0,
  ...perSum(() => 0),
  correctSum: 0,
  leaked: 0,
  seconds: 0,
  tensorsLeaked: 0
}

/** Before the first step of the next epoch: what the sums of this one are for is done. */
export const afterEpoch = ({ epoch, step, tensorsLeaked, waiting }: Checkpoint.Position): Checkpoint.Position => ({
  ...start,
  step,
  tensorsLeaked,
  waiting,
  measuredIn: epoch,
  epoch: epoch + 1
})

/** What of the options says how steps are taken. */
export type OptimizerOptions = Pick<
  TrainerOptions,
  "momentum" | "network" | "rule" | "schedule" | "transform" | "weightDecay"
>

/** The optimizer that the options name: the given chain, or FG-SGD. */
export const optimizerOf = (
  { momentum = 0.9, network, rule, schedule, transform, weightDecay = 0 }: OptimizerOptions
): Effect.Effect<Stepping["optimizer"], Optimizer.OptimizerError> =>
  Effect.try({
    try: () =>
      Optimizer.make(
        network.problem,
        transform ?? FgSgd.transform({ schedule, momentum, weightDecay, ...(rule === undefined ? {} : { rule }) })
      ),
    catch: (error) => Optimizer.refusal(error)
  })

const measured = new WeakMap<object, ChannelStatistics>()

/** Known where images are streams, measured elsewhere, once. */
const normalizationOf = ({ channels, normalization, train }: Dataset) => {
  if (normalization !== undefined || isStream(train)) return normalization
  const found = measured.get(train) ?? Augment.normalization(train, channels)
  measured.set(train, found)
  return found
}

/** Batches as the network is to see them: normalized, where that is asked for. */
export const preparation = ({ dataset, normalize = false }: TrainerOptions): Session["prepare"] => {
  const scale = normalize ? normalizationOf(dataset) : undefined
  return (batch) => scale === undefined ? batch : Augment.normalized(batch, scale)
}

/** What `Batches` and `preparation` do to the images of a dataset, for those who use the network later. */
export const preprocessing = ({ dataset, normalize = false }: Pick<TrainerOptions, "dataset" | "normalize">) => {
  const { train } = dataset
  const images = isStream(train) ? train.read(Int32Array.of(0), undefined) : Effect.succeed(train.images)
  return Effect.map(images, (pixels): Preprocessing => ({
    scale: pixels instanceof Float32Array ? 1 : 1 / 255,
    ...(normalize ? normalizationOf(dataset) : undefined)
  }))
}

/** How the images of a step are varied: a function of the step, so that a resumed run sees the same ones. */
export const variation = ({ augment, seed }: TrainerOptions, step: number): Seed.Seed | undefined =>
  augment === "crop-flip" ? Seed.split(Seed.split(seed, "augment"), step) : undefined

/** Frees ℜ, which the session owns. */
export const disposeScaling = (scaling: Scaling): void => {
  for (const factor of scaling) factor?.dispose()
}
