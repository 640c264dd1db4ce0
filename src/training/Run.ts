import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { Dataset } from "../data/Dataset.ts"
import * as Subset from "../data/Subset.ts"
import * as Backend from "../engine/Backend.ts"
import type * as Network from "../network/Network.ts"
import * as NetworkSpectra from "../network/NetworkSpectra.ts"
import * as Shape from "../numerics/Shape.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import * as Door from "./Door.ts"
import * as made from "./made.ts"
import { earlierRun, stood } from "./run/earlier.ts"
import { identityOf, manifestOf, notesOf } from "./run/manifest.ts"
import type { Resumed, RunEvent, Started } from "./run/RunEvent.ts"
import { measuresOf, type RunSummary } from "./run/RunSummary.ts"
import { saveModel } from "./run/saveModel.ts"
import * as RunDirectory from "./RunDirectory.ts"
import type { RunIdentity } from "./sameRun.ts"
import type { TrainConfig } from "./TrainConfig.ts"
import * as Trainer from "./Trainer.ts"
import * as Versions from "./Versions.ts"

export type { AlreadyCompleted, Resumed, RunEvent, Started } from "./run/RunEvent.ts"
export type { RunSummary } from "./run/RunSummary.ts"

/** How a run treats its directory. */
export interface RunOptions {
  /** Goes on with the run in the directory, if there is one. */
  readonly resume?: boolean
  /** A checkpoint is written at the end of every epoch, and after so many seconds within one; default 30. */
  readonly checkpointSeconds?: number
}

const describeExit = (exit: Exit.Failure<unknown, { readonly message: string }>): string => {
  if (Exit.hasInterrupts(exit)) return "interrupted"
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value.message : "defect"
}

/** A run that trains in its directory. */
interface Running {
  readonly identity: RunIdentity
  readonly dataset: Dataset
  readonly network: Network.Network
  readonly trainer: Trainer.Training
  readonly directory: RunDirectory.RunDirectory
  readonly output: string
  /** When it began, in milliseconds. */
  readonly began: number
  readonly observe: (event: RunEvent) => Effect.Effect<void>
}

/** Network, schedule and trainer as configured, from where an earlier process stood. */
const prepare = Effect.fnUntraced(function*(
  { config, door: { known } }: RunIdentity,
  dataset: Dataset,
  checkpoint: Option.Option<Checkpoint.Snapshot>
) {
  const schedule = yield* made.schedule(config, dataset, known)
  const network = yield* made.network(config, dataset, known)
  yield* Effect.addFinalizer(() => Effect.sync(() => network.model.dispose()))
  const trainer = yield* Trainer.make({
    network,
    dataset,
    schedule,
    epochs: config.epochs,
    batchSize: config.batchSize,
    seed: config.seed,
    loss: yield* made.loss(config, known),
    transform: yield* made.transform(config, schedule, known),
    augment: config.augment,
    normalize: config.normalize,
    measureLambda: config.measureLambda,
    measureBounds: config.measureBounds,
    ...(config.evaluate === undefined ? {} : { evaluate: config.evaluate }),
    ...(Option.isSome(checkpoint) ? { from: checkpoint.value } : {})
  })
  return { network, schedule, trainer }
})

/** Tells an observer, and the log, what begins or goes on. */
const announce = Effect.fnUntraced(function*(
  { dataset, directory, identity: { backend, config, versions }, network, observe, output }: Running,
  earlier: Option.Option<RunDirectory.Examined>
) {
  const started: Started = {
    _tag: "Started",
    backend: backend.device,
    parameters: network.model.countParams(),
    constrained: network.layers.reduce((sum, { blocks, shape }) => sum + blocks * Shape.size(shape), 0),
    poms: network.layers.reduce((sum, { groups }) => sum + groups.length, 0),
    unconstrained: network.unconstrained,
    images: dataset.train.count,
    totalImages: config.epochs * dataset.train.count,
    notes: notesOf(config, dataset),
    output
  }
  yield* observe(started)
  if (Option.isNone(earlier)) return
  const resumed: Resumed = { _tag: "Resumed", ...stood(earlier.value, dataset.train.count) }
  yield* directory.appendEvent({ ...resumed, backend, versions })
  yield* observe(resumed)
})

/** Writes the model as it is tested, and `summary.json`. */
const summarize = Effect.fnUntraced(function*(
  { began, dataset, directory, identity: { config }, network, output, trainer }: Running,
  status: RunSummary["status"],
  reason: string | undefined
) {
  const saved = trainer.evaluated(saveModel(network, directory, dataset))
  const summary: RunSummary = {
    status,
    reason,
    ...measuresOf(yield* trainer.progress),
    seconds: ((yield* Clock.currentTimeMillis) - began) / 1000,
    seed: config.seed,
    weightsSha256: yield* (status === "completed"
      ? saved
      : Effect.catchTag(saved, ["EngineFailed", "NotConverged"], () => Effect.succeed(undefined))),
    output
  }
  yield* directory.writeSummary(summary)
  return summary
})

/** Trains to the end, with checkpoints; interrupted or failed, it writes what there is before it ends. */
const run = Effect.fnUntraced(function*(running: Running, checkpointSeconds: number) {
  const { began, directory, network, observe, trainer } = running
  const savedAt = yield* Ref.make(began)
  const save = Effect.gen(function*() {
    yield* directory.writeCheckpoint(yield* trainer.snapshot)
    yield* Ref.set(savedAt, yield* Clock.currentTimeMillis)
  })
  const report = Effect.fnUntraced(function*(event: Trainer.TrainingEvent) {
    yield* directory.appendEvent(event)
    yield* observe(event)
    const since = (yield* Clock.currentTimeMillis) - (yield* Ref.get(savedAt))
    if (event._tag === "EpochDone" || since >= 1000 * checkpointSeconds) yield* save
  })
  yield* trainer.train(report).pipe(
    Effect.onExit((exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : Effect.andThen(
          Exit.hasInterrupts(exit) ? Effect.ignore(save) : Effect.void,
          Effect.ignore(summarize(running, Exit.hasInterrupts(exit) ? "interrupted" : "failed", describeExit(exit)))
        )
    )
  )
  yield* directory.writeSpectra(yield* trainer.evaluated(NetworkSpectra.measure(network)))
  return yield* summarize(running, "completed", undefined)
})

/**
 * Trains as configured and keeps everything in a run directory: `manifest.json`, `events.jsonl` (one JSON line per
 * event), `summary.json`, the model, and at the end `spectra.json`. Interrupted or failed, it writes what there is
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
  config: TrainConfig,
  output: string,
  observe: (event: RunEvent) => Effect.Effect<void>,
  { checkpointSeconds = 30, resume = false }: RunOptions = {}
) {
  const began = yield* Clock.currentTimeMillis
  const backend = yield* Backend.Backend
  const door = yield* Door.open(config.use ?? [])
  const dataset = yield* Effect.flatMap(made.dataset(config, door.known), (all) => Subset.take(all, config))
  const versions = yield* Versions.versions
  const identity: RunIdentity = { config, door, dataset: identityOf(dataset), backend, versions }
  const { done, earlier } = resume
    ? yield* earlierRun(output, identity)
    : { done: Option.none(), earlier: Option.none() }
  if (Option.isSome(done)) {
    yield* observe({ _tag: "Found" })
    return done.value
  }
  const checkpoint = Option.flatMap(earlier, ({ checkpoint }) => checkpoint)
  const { network, schedule, trainer } = yield* prepare(identity, dataset, checkpoint)
  const directory = yield* (Option.isSome(earlier) ? earlier.value.proceed : RunDirectory.open(output))
  if (Option.isNone(earlier)) {
    yield* directory.writeManifest(manifestOf(identity, dataset, network, schedule.name, trainer))
  }
  const running: Running = { identity, dataset, network, trainer, directory, output, began, observe }
  yield* announce(running, earlier)
  return yield* run(running, checkpointSeconds)
}, Effect.scoped)
