/**
 * Runs that are kept in a directory: as configured, or with a network, data and a loop of the user's own.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import type { Dataset } from "../data/Dataset.ts"
import * as LabelNoise from "../data/LabelNoise.ts"
import * as Subset from "../data/Subset.ts"
import type * as Network from "../network/Network.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import * as Door from "./Door.ts"
import { difference } from "./doors/sources.ts"
import { hardlyMoves } from "./hardlyMoves.ts"
import * as made from "./made.ts"
import type { RecordedData } from "./run/manifest.ts"
import { record as recorded, type RunOptions } from "./run/record.ts"
import type { RunEvent } from "./run/RunEvent.ts"
import type * as RunFiles from "./RunFiles.ts"
import * as TrainConfig from "./TrainConfig.ts"
import * as Trainer from "./Trainer.ts"
import type { Training } from "./Training.ts"

export type { HardlyMoves } from "./hardlyMoves.ts"
export { evaluate, type EvaluateOptions, keptModels, type ModelEvaluation, parts } from "./run/evaluate.ts"
export type { RecordedData } from "./run/manifest.ts"
export type { RunOptions } from "./run/record.ts"
export type { AlreadyCompleted, Resumed, RunEvent, Started } from "./run/RunEvent.ts"
export type { RunSummary } from "./run/RunSummary.ts"

/** What a reader of the results should know of the data. */
const notesOf = (
  { batchSize, keepBest = false, patience, plateau, validationImages, watch = "test-loss" }: TrainConfig.TrainConfig,
  { notes = [], train: { count } }: Dataset
): ReadonlyArray<string> => [
  ...notes,
  ...((keepBest || patience !== undefined || plateau !== undefined) && watch !== "training-loss" &&
      validationImages === undefined
    ? ["epochs are chosen by the test images, which then are unseen no more: set validationImages"]
    : []),
  ...(batchSize > count
    ? [`a batch of ${batchSize} is more than the ${count} training images: steps take all of them`]
    : [])
]

/**
 * Trains as configured and keeps everything in a run directory: `manifest.json`, `events.jsonl` (one JSON line per
 * event), `summary.json`, the model, and at the end `spectra.json` and `evaluation.json` (confusion
 * matrix, accuracy by class, calibration). Interrupted or failed, it writes what there is
 * before it ends.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Backend, Run, TrainConfig } from "finegrain"
 * const job = Effect.gen(function*() {
 *   const config = yield* TrainConfig.decode({ dataset: "/nowhere" }, "example")
 *   return yield* Run.train(config, "/tmp/never-made", () => Effect.void)
 * })
 * const error = await Effect.runPromise(Effect.flip(job).pipe(Effect.provide([NodeServices.layer, Backend.cpu])))
 * error._tag // => "DatasetMissing"
 * ```
 */
export const train = Effect.fnUntraced(function*(
  config: TrainConfig.TrainConfig,
  output: string,
  observe: (event: RunEvent) => Effect.Effect<void>,
  options: RunOptions = {}
) {
  const { known, used } = yield* Door.open(config.use ?? [])
  const part = yield* Effect.flatMap(made.dataset(config, known), (all) => Subset.take(all, config))
  const dataset = yield* LabelNoise.apply(part, { share: config.labelNoise ?? 0, seed: config.seed })
  const begin = Effect.fnUntraced(function*(from: Checkpoint.Snapshot | undefined) {
    const controlled = made.controls(config, yield* made.schedule(config, dataset, known))
    const network = yield* made.network(config, dataset, known)
    yield* Effect.addFinalizer(() => Effect.sync(() => network.model.dispose()))
    const loss = yield* made.loss(config, dataset, known)
    const training = yield* Trainer.make({
      ...Struct.pick(config, ["epochs", "batchSize", "seed", "augment", "normalize", "measureLambda", "measureBounds"]),
      network,
      dataset,
      ...controlled,
      vary: yield* made.variations(config, dataset, known),
      ...yield* made.classWeights(config, dataset, known),
      measures: yield* made.measures(config, dataset, loss, known),
      loss,
      transform: yield* made.transform(config, dataset, controlled.schedule, known),
      ...Struct.pick(config, ["evaluate", "measuresEvery", "testEvery"]),
      from
    })
    return { network, training, hardlyMoves: hardlyMoves(network.problem.collection, config, known.optimizers) }
  })
  const recording = {
    directory: output,
    settings: config,
    seed: config.seed,
    model: config.model,
    data: dataset,
    notes: notesOf(config, dataset),
    manifest: used.length === 0 ? {} : { use: used },
    settingsOf: Effect.fnUntraced(function*(manifest: RunFiles.Manifest) {
      const changed = difference(manifest.use ?? [], used)
      if (changed !== undefined) {
        return yield* new Door.DoorError({ file: output, reason: `the run was begun with other modules. ${changed}` })
      }
      return yield* TrainConfig.decode(manifest.config, output, known)
    }),
    begin,
    observe
  }
  return yield* recorded(recording, options)
})

/** A run with a network, data and a training of the user's own. */
export interface OwnRun<E, R, TrainError, TrainContext> extends RunOptions {
  /** A directory that is new or empty, or that of the run to go on with. */
  readonly directory: string
  /**
   * Everything that decides about the results, as JSON: it stands in the manifest, and must be the same to go on with
   * the run.
   */
  readonly settings: object
  /** Default 1. */
  readonly seed?: number
  readonly network: Network.Network
  /** A `Dataset`, or what there is to tell of other data. */
  readonly data: RecordedData
  /** `Trainer.make` or `Loop.make`, from where an earlier process stopped. */
  readonly training: (
    from: Checkpoint.Snapshot | undefined
  ) => Effect.Effect<Training<TrainError, TrainContext>, E, R | Scope.Scope>
  /** What is told of the run while it runs; default nothing. */
  readonly observe?: (event: RunEvent) => Effect.Effect<void>
}

/**
 * A run with a network, data and a training of the user's own, recorded as every other: manifest, events, checkpoints,
 * model, summary and spectra; interrupted or failed, it writes what there is before it ends, and with `resume` a later
 * process goes on.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { mkdtempSync } from "node:fs"
 * import { Backend, Loop, Network, Run, Schedule } from "finegrain"
 * const directory = `${mkdtempSync("/tmp/finegrain-")}/own`
 * const program = Effect.gen(function*() {
 *   yield* Backend.Backend
 *   const model = tfl.sequential({ layers: [tfl.layers.dense({ name: "own", inputShape: [3], units: 2 })] })
 *   const network = yield* Network.make(model, { overrides: { own: { specification: "St" } } })
 *   const x = tf.tensor2d([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
 *   const loss = () => tf.mean(tf.square(model.apply(x) as tf.Tensor)) as tf.Scalar
 *   return yield* Run.record({
 *     directory,
 *     settings: { epochs: 2, rate: 0.1 },
 *     network,
 *     data: { name: "three points", checksum: "", train: { count: 3 }, test: { count: 3 } },
 *     training: (from) =>
 *       Loop.make({
 *         network,
 *         from,
 *         schedule: Schedule.constant(0.1),
 *         epochs: 2,
 *         examples: 3,
 *         steps: () => Stream.make({ examples: 3, loss: () => ({ loss: loss() }) }),
 *         test: Effect.sync(() => ({ loss: loss().dataSync()[0]! }))
 *       })
 *   })
 * })
 * const { status, steps } = await Effect.runPromise(program.pipe(Effect.provide([NodeServices.layer, Backend.cpu])))
 * [status, steps] // => ["completed", 2]
 * ```
 */
export const record = <E, R, TrainError extends { readonly message: string } = never, TrainContext = never>(
  { data, directory, network, observe = () => Effect.void, seed = 1, settings, training, ...options }: OwnRun<
    E,
    R,
    TrainError,
    TrainContext
  >
) =>
  recorded<never, E, R, TrainError, TrainContext>(
    {
      directory,
      settings,
      seed,
      model: network.model.name,
      data,
      notes: [],
      settingsOf: ({ config }) => Effect.succeed(config),
      observe,
      begin: (from) => Effect.map(training(from), (training) => ({ network, training }))
    },
    options
  )
