/**
 * A run that is recorded: manifest, events, checkpoints, model, summary and spectra in a directory, from which it goes
 * on to the same bits.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Backend from "../../engine/Backend.ts"
import type * as Network from "../../network/Network.ts"
import * as NetworkSpectra from "../../network/NetworkSpectra.ts"
import type * as Checkpoint from "../Checkpoint.ts"
import * as RunDirectory from "../RunDirectory.ts"
import * as RunFiles from "../RunFiles.ts"
import { sameEnvironment, sameRun } from "../sameRun.ts"
import type { Training } from "../Training.ts"
import type { TrainingEvent } from "../TrainingEvent.ts"
import * as Versions from "../Versions.ts"
import type { Resumed, RunEvent, RunOptions } from "./events.ts"
import { describeLayer } from "./layers.ts"
import { saveModel } from "./model.ts"
import { measuresOf, type RunSummary } from "./summary.ts"

/** What a manifest tells of data; every `Dataset` is such. */
export interface RecordedData {
  readonly name: string
  /** By which data of one name are told apart. */
  readonly checksum: string
  readonly train: { readonly count: number }
  readonly test: { readonly count: number }
  readonly classes?: number
  readonly classNames?: ReadonlyArray<string>
}

/** What is begun when it is known where. */
export interface Begun<E, R> {
  readonly network: Network.Network
  readonly training: Training<E, R>
}

/** What is recorded. */
export interface Recording<OtherRun, E, R, TrainError, TrainContext> {
  readonly directory: string
  /** What decides about the results, for the manifest. */
  readonly settings: object
  readonly seed: number
  /** The name of the model. */
  readonly model: string
  readonly data: RecordedData
  /** What a reader of the results should know of the data. */
  readonly notes: ReadonlyArray<string>
  /** What else stands in the manifest. */
  readonly manifest: object
  /** The settings of an earlier manifest as they are read today; fails where it is one of another run. */
  readonly earlier: (manifest: RunFiles.Manifest) => Effect.Effect<object, OtherRun>
  readonly begin: (
    from: Checkpoint.Snapshot | undefined
  ) => Effect.Effect<Begun<TrainError, TrainContext>, E, R | Scope.Scope>
}

const decodeManifest = RunFiles.decode(RunFiles.Manifest, "manifest")
const decodeSummary = RunFiles.decode(RunFiles.Summary, "summary")

/**
 * The summary of a run that is completed. One whose numbers are none diverged in its last step, and earlier versions
 * did not see it.
 */
const completed = Effect.fnUntraced(function*(output: string) {
  const remedy = "Restore it, or delete it to go on from the last checkpoint."
  const summary = yield* RunDirectory.readOwn(output, "summary.json", decodeSummary, remedy)
  return Option.filter(summary, ({ status, testLoss }) => status === "completed" && Number.isFinite(testLoss))
})

const namesOf = ({ classes = 0, classNames }: RecordedData): ReadonlyArray<string> =>
  classNames ?? Array.from({ length: classes }, (_, label) => String(label))

const describeData = ({ checksum, name, test, train }: RecordedData) => ({
  name,
  sha256: checksum,
  train: train.count,
  test: test.count
})

const describeExit = (exit: Exit.Failure<unknown, { readonly message: string }>): string => {
  if (Exit.hasInterrupts(exit)) return "interrupted"
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value.message : "defect"
}

/** What an earlier process left in the directory: nothing, a run to go on with, or one that is completed. */
const found = Effect.fnUntraced(function*<OtherRun>(
  { directory, earlier }: Pick<Recording<OtherRun, never, never, never, never>, "directory" | "earlier">,
  identity: Parameters<typeof sameEnvironment>[1]
) {
  const manifest = yield* RunDirectory.readOwn(directory, "manifest.json", decodeManifest)
  if (Option.isNone(manifest)) return {}
  yield* sameRun(yield* earlier(manifest.value), manifest.value, identity)
  const done = yield* completed(directory)
  if (Option.isSome(done)) return { done: done.value }
  yield* sameEnvironment(manifest.value, identity)
  const examined = yield* RunDirectory.examine(directory)
  // Another process may have completed it in the meantime.
  const meanwhile = yield* completed(directory)
  return Option.isSome(meanwhile) ? { done: meanwhile.value } : { examined }
})

/**
 * Trains, and keeps everything in the directory. Interrupted or failed, it writes what there is before it ends.
 *
 * @internal
 */
export const record = Effect.fnUntraced(
  function*<OtherRun, E, R, TrainError extends { readonly message: string }, TrainContext>(
    recording: Recording<OtherRun, E, R, TrainError, TrainContext>,
    observe: (event: RunEvent) => Effect.Effect<void>,
    { checkpointSeconds = 30, resume = false }: RunOptions
  ) {
    const { data, directory: output, notes, seed, settings } = recording
    const started = yield* Clock.currentTimeMillis
    const backend = yield* Backend.Backend
    const versions = yield* Versions.versions
    const identity = { config: settings, dataset: describeData(data), backend, versions }
    const { done, examined }: { readonly done?: RunSummary; readonly examined?: RunDirectory.Examined } = resume
      ? yield* found(recording, identity)
      : {}
    if (done !== undefined) {
      yield* observe({ _tag: "Found" })
      return done
    }
    const checkpoint = Option.getOrUndefined(examined?.checkpoint ?? Option.none<Checkpoint.Snapshot>())
    const { network, training } = yield* recording.begin(checkpoint)
    const directory = yield* (examined === undefined ? RunDirectory.open(output) : examined.proceed)
    const parameters = network.model.countParams()
    if (examined === undefined) {
      yield* directory.writeManifest({
        config: settings,
        ...recording.manifest,
        seed,
        versions,
        backend,
        dataset: { ...identity.dataset, classes: namesOf(data), notes },
        model: { name: recording.model, parameters },
        schedule: training.schedule,
        step: training.interpretation,
        layers: network.layers.map(describeLayer),
        unconstrained: network.unconstrained
      })
    }
    const savedAt = yield* Ref.make(started)
    const save = Effect.gen(function*() {
      yield* directory.writeCheckpoint(yield* training.snapshot)
      yield* Ref.set(savedAt, yield* Clock.currentTimeMillis)
    })
    const report = Effect.fnUntraced(function*(event: TrainingEvent) {
      yield* directory.appendEvent(event)
      yield* observe(event)
      const since = (yield* Clock.currentTimeMillis) - (yield* Ref.get(savedAt))
      const isDue = training.resumes === "steps" && since >= 1000 * checkpointSeconds
      if (event._tag === "EpochDone" || isDue) yield* save
    })
    const summarize = Effect.fnUntraced(function*(status: RunSummary["status"], reason: string | undefined) {
      const saved = training.evaluated(saveModel(network, directory, data))
      const summary: RunSummary = {
        status,
        reason,
        ...measuresOf(yield* training.progress),
        seconds: ((yield* Clock.currentTimeMillis) - started) / 1000,
        seed,
        weightsSha256: yield* (status === "completed"
          ? saved
          : Effect.catchTag(saved, ["EngineFailed", "NotConverged"], () => Effect.succeed(undefined))),
        output
      }
      yield* directory.writeSummary(summary)
      return summary
    })
    yield* observe({
      _tag: "Started",
      backend: backend.device,
      parameters,
      constrained: network.layers.reduce((sum, { blocks, shape }) => sum + shape.reduce((a, b) => a * b, blocks), 0),
      poms: network.layers.reduce((sum, { groups }) => sum + groups.length, 0),
      unconstrained: network.unconstrained,
      images: data.train.count,
      totalImages: training.epochs * data.train.count,
      notes,
      output
    })
    if (examined !== undefined) {
      const { epoch, from, step } = checkpoint?.position ?? { epoch: 1, from: 0, step: 0 }
      const resumed: Resumed = { _tag: "Resumed", step, images: (epoch - 1) * data.train.count + from }
      yield* directory.appendEvent({ ...resumed, backend, versions })
      yield* observe(resumed)
    }
    yield* training.train(report).pipe(
      Effect.onExit((exit) =>
        Exit.isSuccess(exit)
          ? Effect.void
          : Effect.andThen(
            Exit.hasInterrupts(exit) && training.resumes === "steps" ? Effect.ignore(save) : Effect.void,
            Effect.ignore(summarize(Exit.hasInterrupts(exit) ? "interrupted" : "failed", describeExit(exit)))
          )
      )
    )
    yield* directory.writeSpectra(yield* training.evaluated(NetworkSpectra.measure(network)))
    return yield* summarize("completed", undefined)
  },
  Effect.scoped
)
