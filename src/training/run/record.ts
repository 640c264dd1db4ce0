/**
 * A run that is recorded: manifest, events, checkpoints, model, summary and measures at the end in a directory, from
 * which it goes on to the same bits.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Backend from "../../engine/Backend.ts"
import type * as Network from "../../network/Network.ts"
import * as Shape from "../../numerics/Shape.ts"
import type { Kept } from "../Answers.ts"
import type * as Checkpoint from "../Checkpoint.ts"
import { hardlyMoved, type HardlyMoves } from "../hardlyMoves.ts"
import type { EndMeasure } from "../measures/EndMeasure.ts"
import { atEnd } from "../measures/ends.ts"
import { OptionRefused } from "../options.ts"
import * as RunDirectory from "../RunDirectory.ts"
import type * as RunFiles from "../RunFiles.ts"
import type { RunIdentity } from "../sameRun.ts"
import * as Tracing from "../Tracing.ts"
import type { Training } from "../Training.ts"
import type { TrainingEvent } from "../TrainingEvent.ts"
import * as Versions from "../Versions.ts"
import { earlierRun, stood } from "./earlier.ts"
import type { Examined } from "./examine.ts"
import { type Described, identityOf, manifestOf } from "./manifest.ts"
import type { Resumed, RunEvent, Started } from "./RunEvent.ts"
import { measuresOf, type RunSummary } from "./RunSummary.ts"
import { saveModel } from "./saveModel.ts"

/** How a run treats its directory. */
export interface RunOptions {
  /** Goes on with the run in the directory, if there is one. */
  readonly resume?: boolean
  /**
   * A checkpoint is written at the end of every epoch, and after so many seconds within one where its training can go
   * on from there; default 30.
   */
  readonly checkpointSeconds?: number
}

/** A network, and the training that is to be recorded. */
interface Begun<E, R> {
  readonly network: Network.Network
  readonly training: Training<E, R>
  /** What should be told of the rates. */
  readonly hardlyMoves?: HardlyMoves | undefined
}

/** What is recorded. */
export interface Recording<OtherRun, E, R, TrainError, TrainContext> extends Described {
  readonly directory: string
  /** What decides about the results. */
  readonly settings: object
  /** The settings of an earlier manifest as they are read today; fails where it is one of another run. */
  readonly settingsOf: (manifest: RunFiles.Manifest) => Effect.Effect<object, OtherRun>
  /** Begins anew, or where an earlier process stopped. */
  readonly begin: (
    from: Checkpoint.Snapshot | undefined
  ) => Effect.Effect<Begun<TrainError, TrainContext>, E, R | Scope.Scope>
  readonly observe: (event: RunEvent) => Effect.Effect<void>
}

/** A run that trains in its directory. */
interface Running<E, R> extends Begun<E, R>, Described {
  readonly identity: RunIdentity
  readonly directory: RunDirectory.RunDirectory
  readonly output: string
  /** When it began, in milliseconds. */
  readonly began: number
  readonly observe: (event: RunEvent) => Effect.Effect<void>
}

/** Tells an observer, and the log, what begins or goes on. */
const announce = Effect.fnUntraced(function*<E, R>(
  { data, directory, hardlyMoves, identity: { backend, versions }, network, notes, observe, output, training }: Running<
    E,
    R
  >,
  earlier: Option.Option<Examined>
) {
  const started: Started = {
    _tag: "Started",
    backend: backend.device,
    parameters: network.model.countParams(),
    constrained: network.layers.reduce((sum, { blocks, shape }) => sum + blocks * Shape.size(shape), 0),
    poms: network.layers.reduce((sum, { groups }) => sum + groups.length, 0),
    unconstrained: network.unconstrained,
    images: data.train.count,
    totalImages: training.epochs * data.train.count,
    notes,
    output
  }
  yield* observe(started)
  if (hardlyMoves !== undefined) {
    yield* observe(hardlyMoves)
    // A log that goes on has it already.
    const isNew = Option.isNone(Option.flatMap(earlier, ({ checkpoint }) => checkpoint))
    if (isNew) yield* directory.appendEvent(hardlyMoves)
  }
  if (Option.isNone(earlier)) return
  const resumed: Resumed = { _tag: "Resumed", ...stood(earlier.value, data.train.count) }
  yield* directory.appendEvent({ ...resumed, backend, versions })
  yield* observe(resumed)
})

/** Writes the model as it is tested, and `summary.json`. */
const summarize = Effect.fnUntraced(function*<E, R>(
  { began, data, directory, network, output, seed, training }: Running<E, R>,
  status: RunSummary["status"],
  reason: string | undefined
) {
  const saved = training.evaluated(saveModel(network, training, directory, data))
  const summary: RunSummary = {
    status,
    reason,
    ...measuresOf(yield* training.progress),
    bestEpoch: training.best === undefined ? undefined : yield* training.best,
    seconds: ((yield* Clock.currentTimeMillis) - began) / 1000,
    seed,
    weightsSha256: yield* (status === "completed"
      ? saved
      : Effect.catchTag(saved, ["EngineFailed", "NotConverged"], () => Effect.succeed(undefined))),
    output
  }
  yield* directory.writeSummary(summary)
  return summary
})

/** How it ended, in a word or by its error. */
const describeExit = (exit: Exit.Failure<unknown, { readonly message: string }>): string => {
  if (Exit.hasInterrupts(exit)) return "interrupted"
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value.message : "defect"
}

/** Measures the model in hand at its end, or once it is the best; what is of the best one the last does not replace. */
const measure = Effect.fnUntraced(function*<E, R>({ directory, network, training }: Running<E, R>, kept: Kept) {
  const isBestKept = training.best !== undefined
  for (const [name, { isOfBest = false, make }] of Object.entries<EndMeasure>(atEnd)) {
    if ((kept.model === "best") !== (isOfBest && isBestKept)) continue
    const measuring = make({ ...training, network, kept })
    if (measuring !== undefined) yield* directory.writeMeasure(name, yield* training.evaluated(measuring))
  }
})

/** Trains to the end, with checkpoints; interrupted or failed, it writes what there is before it ends. */
const run = Effect.fnUntraced(function*<E extends { readonly message: string }, R>(
  running: Running<E, R>,
  checkpointSeconds: number
) {
  const { began, data, directory, hardlyMoves, network, observe, training } = running
  const isAnywhere = training.resumes === "steps"
  const savedAt = yield* Ref.make(began)
  const save = Effect.gen(function*() {
    yield* Tracing.span("checkpoint")(Effect.flatMap(training.snapshot, directory.writeCheckpoint))
    yield* Ref.set(savedAt, yield* Clock.currentTimeMillis)
  })
  const report = Effect.fnUntraced(function*(event: TrainingEvent) {
    yield* directory.appendEvent(event)
    yield* observe(event)
    const moved = event._tag === "EpochDone" && event.epoch === 1 && hardlyMoves === undefined
      ? hardlyMoved(event)
      : undefined
    if (moved !== undefined) {
      yield* directory.appendEvent(moved)
      yield* observe(moved)
    }
    const since = (yield* Clock.currentTimeMillis) - (yield* Ref.get(savedAt))
    if (event._tag === "EpochDone" && training.best !== undefined && (yield* training.best) === event.epoch) {
      yield* training.evaluated(saveModel(network, training, directory, data, "best."))
      yield* measure(running, { model: "best", epoch: event.epoch })
    }
    if (event._tag === "EpochDone" || isAnywhere && since >= 1000 * checkpointSeconds) yield* save
  })
  yield* training.train(report).pipe(
    Effect.onExit((exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : Effect.andThen(
          Exit.hasInterrupts(exit) && isAnywhere ? Effect.ignore(save) : Effect.void,
          Effect.ignore(summarize(running, Exit.hasInterrupts(exit) ? "interrupted" : "failed", describeExit(exit)))
        )
    )
  )
  yield* measure(running, { model: "last", epoch: (yield* training.progress).epochs.length })
  return yield* summarize(running, "completed", (yield* training.progress).stopped)
})

/**
 * Trains, and keeps everything in the directory; goes on with the run that is there, where that is asked for.
 *
 * @internal
 */
export const record = Effect.fnUntraced(
  function*<OtherRun, E, R, TrainError extends { readonly message: string }, TrainContext>(
    recording: Recording<OtherRun, E, R, TrainError, TrainContext>,
    { checkpointSeconds = 30, resume = false }: RunOptions
  ) {
    if (!(checkpointSeconds >= 0)) {
      const expected = "a number of seconds from 0 upwards"
      return yield* new OptionRefused({ option: "checkpointSeconds", expected, actual: String(checkpointSeconds) })
    }
    const { begin, data, directory: output, observe, settings, settingsOf } = recording
    const began = yield* Clock.currentTimeMillis
    const backend = yield* Backend.Backend
    const versions = yield* Versions.versions
    const identity: RunIdentity = { config: settings, dataset: identityOf(data), backend, versions }
    const { done, earlier } = resume
      ? yield* earlierRun(output, identity, settingsOf)
      : { done: Option.none(), earlier: Option.none() }
    if (Option.isSome(done)) {
      yield* observe({ _tag: "Found" })
      return done.value
    }
    const checkpoint = Option.flatMap(earlier, ({ checkpoint }) => checkpoint)
    const begun = yield* begin(Option.getOrUndefined(checkpoint))
    const { network, training } = begun
    const directory = yield* (Option.isSome(earlier) ? earlier.value.proceed : RunDirectory.open(output))
    if (Option.isNone(earlier)) {
      yield* directory.writeManifest(manifestOf(recording, identity, network, training))
    }
    yield* Effect.annotateCurrentSpan({ "finegrain.directory": output, "finegrain.device": backend.device })
    const running = { ...recording, ...begun, identity, directory, output, began }
    yield* announce(running, earlier)
    return yield* run(running, checkpointSeconds)
  },
  Effect.scoped,
  (effect, { model, data, seed }) => Tracing.span("run", { model, dataset: data.name, seed })(effect)
)
