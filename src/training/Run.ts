import * as tf from "@tensorflow/tfjs-core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { createHash } from "node:crypto"
import type { Dataset } from "../data/Dataset.ts"
import * as Subset from "../data/Subset.ts"
import * as Backend from "../engine/Backend.ts"
import type * as Network from "../network/Network.ts"
import * as NetworkSpectra from "../network/NetworkSpectra.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as Door from "./Door.ts"
import * as made from "./made.ts"
import * as RunDirectory from "./RunDirectory.ts"
import * as RunFiles from "./RunFiles.ts"
import { sameEnvironment, sameRun } from "./sameRun.ts"
import type { TrainConfig } from "./TrainConfig.ts"
import * as Trainer from "./Trainer.ts"
import * as Versions from "./Versions.ts"

/** How a run ended, with what was measured; `summary.json` of a run directory. */
export interface RunSummary {
  readonly status: "completed" | "interrupted" | "failed"
  readonly reason: string | undefined
  readonly testAccuracy: number | undefined
  readonly testLoss: number | undefined
  readonly trainLoss: number | undefined
  readonly trainAccuracy: number | undefined
  /** Mean over the steps of the last epoch. */
  readonly gradientNorm: number | undefined
  readonly epochs: number
  readonly steps: number
  readonly seconds: number
  readonly seed: number
  readonly tensorsLeaked: number
  readonly normBoundViolations: number
  /**
   * SHA-256 of all weights: the same seed gives the same bits on the same backend. Missing where the engine that held
   * them failed.
   */
  readonly weightsSha256: string | undefined
  readonly output: string
}

/**
 * Layers of more matrices than this have them counted and hashed, not listed: those of a ResNet-101 would fill half a
 * gigabyte.
 */
const mostListed = 4096

const describeIndices = (indices: ReadonlyArray<number> | Int32Array, listed: boolean) =>
  listed
    ? indices
    : { count: indices.length, sha256: createHash("sha256").update(Int32Array.from(indices)).digest("hex") }

const describeLayer = (layer: Network.ConstrainedLayer) => ({
  layer: layer.name,
  shape: layer.shape,
  ...(layer.blocks === 1 ? {} : { blocks: layer.blocks }),
  matricization: layer.matricization.name,
  strategy: layer.strategy.name,
  selection: layer.strategy.selection,
  manifolds: layer.kinds.map(({ indices, manifold }) => ({ manifold: manifold.name, matrices: indices.length })),
  groups: layer.groups.map(({ indices, manifold }) => ({
    manifold: layer.specification[manifold]!.symbol,
    matrices: describeIndices(
      indices,
      layer.groups.reduce((sum, group) => sum + group.indices.length, 0) <= mostListed
    )
  }))
})

const weightBytes = (artifacts: tf.io.ModelArtifacts): Uint8Array => {
  const { weightData } = artifacts
  const buffers = weightData === undefined ? [] : Array.isArray(weightData) ? weightData : [weightData]
  return Buffer.concat(buffers.map((buffer) => Buffer.from(buffer)))
}

/** The trained model in the format of TensorFlow.js (`model.json`, `weights.bin`), and the checksum of its weights. */
const saveModel = Effect.fnUntraced(function*(
  network: Network.Network,
  directory: RunDirectory.RunDirectory,
  { classNames }: Dataset
) {
  const artifacts = yield* Tensors.engineFailures(
    Effect.promise(() =>
      new Promise<tf.io.ModelArtifacts>((resolve, reject) => {
        network.model.save(tf.io.withSaveHandler((artifacts) => {
          resolve(artifacts)
          return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } })
        })).catch(reject)
      })
    )
  )
  const weights = weightBytes(artifacts)
  yield* directory.writeBytes("weights.bin", weights)
  yield* directory.writeBytes(
    "model.json",
    new TextEncoder().encode(JSON.stringify({
      format: "layers-model",
      modelTopology: artifacts.modelTopology,
      // Where TensorFlow.js keeps what it does not know: the names of the logits.
      ...(classNames === undefined ? {} : { userDefinedMetadata: { classes: classNames } }),
      weightsManifest: [{ paths: ["weights.bin"], weights: artifacts.weightSpecs }]
    }))
  )
  return createHash("sha256").update(weights).digest("hex")
})

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

const namesOf = ({ classNames, classes }: Dataset): ReadonlyArray<string> =>
  classNames ?? Array.from({ length: classes }, (_, label) => String(label))

/** What a reader of the results should know of the data. */
const notesOf = ({ batchSize }: TrainConfig, { notes = [], train: { count } }: Dataset): ReadonlyArray<string> => [
  ...notes,
  ...(batchSize > count
    ? [`a batch of ${batchSize} is more than the ${count} training images: steps take all of them`]
    : [])
]

/** What an observer of a job is told first. */
export interface Started {
  readonly _tag: "Started"
  readonly backend: string
  readonly parameters: number
  readonly constrained: number
  readonly poms: number
  /** Layers that are on no manifold, and why. */
  readonly unconstrained: ReadonlyArray<Network.Unconstrained>
  readonly images: number
  readonly totalImages: number
  /** What was left out of the data, or is otherwise than it may seem. */
  readonly notes: ReadonlyArray<string>
  readonly output: string
}

/** A job that goes on where an earlier process stopped. */
export interface Resumed {
  readonly _tag: "Resumed"
  readonly step: number
  /** Images seen before. */
  readonly images: number
}

/** The run was completed by an earlier process: nothing is trained, and nothing in its directory is touched. */
export interface AlreadyCompleted {
  readonly _tag: "Found"
}

/** Events of a job: its start, then those of the trainer. */
export type RunEvent = Started | Resumed | AlreadyCompleted | Trainer.TrainingEvent

/** How a job treats its directory. */
export interface RunOptions {
  /** Goes on with the run in the directory, if there is one. */
  readonly resume?: boolean
  /** A checkpoint is written at the end of every epoch, and after so many seconds within one; default 30. */
  readonly checkpointSeconds?: number
}

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
  const started = yield* Clock.currentTimeMillis
  const backend = yield* Backend.Backend
  const door = yield* Door.open(config.use ?? [])
  const { known } = door
  const dataset = yield* Effect.flatMap(made.dataset(config, known), (all) => Subset.take(all, config))
  const notes = notesOf(config, dataset)
  const data = {
    name: dataset.name,
    sha256: dataset.checksum,
    train: dataset.train.count,
    test: dataset.test.count
  }
  const identity = { config, door, dataset: data, backend, versions: yield* Versions.versions }
  const manifest = resume
    ? yield* RunDirectory.readOwn(output, "manifest.json", decodeManifest)
    : Option.none<RunFiles.Manifest>()
  if (Option.isSome(manifest)) {
    yield* sameRun(output, manifest.value, identity)
    const done = yield* completed(output)
    if (Option.isSome(done)) {
      yield* observe({ _tag: "Found" })
      return done.value
    }
    yield* sameEnvironment(manifest.value, identity)
  }
  const earlier = Option.isSome(manifest)
    ? Option.some(yield* RunDirectory.examine(output))
    : Option.none<RunDirectory.Examined>()
  // Another process may have completed it in the meantime.
  const meanwhile = Option.isSome(earlier) ? yield* completed(output) : Option.none<RunSummary>()
  if (Option.isSome(meanwhile)) {
    yield* observe({ _tag: "Found" })
    return meanwhile.value
  }
  const checkpoint = Option.flatMap(earlier, ({ checkpoint }) => checkpoint)
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
  const directory = yield* (Option.isSome(earlier) ? earlier.value.proceed : RunDirectory.open(output))
  if (Option.isNone(earlier)) {
    yield* directory.writeManifest({
      config,
      ...(door.used.length === 0 ? {} : { use: door.used }),
      seed: config.seed,
      versions: identity.versions,
      backend,
      dataset: { ...data, classes: namesOf(dataset), notes },
      model: { name: config.model, parameters: network.model.countParams() },
      schedule: schedule.name,
      step: trainer.interpretation,
      layers: network.layers.map(describeLayer),
      unconstrained: network.unconstrained
    })
  }
  const savedAt = yield* Ref.make(started)
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
  const summarize = Effect.fnUntraced(function*(status: RunSummary["status"], reason: string | undefined) {
    const { epochs, steps, tensorsLeaked } = yield* trainer.progress
    const last = epochs.at(-1)
    const saved = trainer.evaluated(saveModel(network, directory, dataset))
    const summary: RunSummary = {
      status,
      reason,
      testAccuracy: last?.testAccuracy,
      testLoss: last?.testLoss,
      trainLoss: last?.trainLoss,
      trainAccuracy: last?.trainAccuracy,
      gradientNorm: last?.gradientNorm,
      epochs: epochs.length,
      steps,
      seconds: ((yield* Clock.currentTimeMillis) - started) / 1000,
      seed: config.seed,
      tensorsLeaked,
      normBoundViolations: epochs.reduce((sum, epoch) => sum + epoch.normBoundViolations, 0),
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
    parameters: network.model.countParams(),
    constrained: network.layers.reduce((sum, { blocks, shape }) => sum + shape.reduce((a, b) => a * b, blocks), 0),
    poms: network.layers.reduce((sum, { groups }) => sum + groups.length, 0),
    unconstrained: network.unconstrained,
    images: dataset.train.count,
    totalImages: config.epochs * dataset.train.count,
    notes,
    output
  })
  if (Option.isSome(earlier)) {
    const { epoch, from, step } = Option.getOrElse(
      Option.map(checkpoint, ({ position }) => position),
      () => ({ epoch: 1, from: 0, step: 0 })
    )
    const resumed: Resumed = { _tag: "Resumed", step, images: (epoch - 1) * dataset.train.count + from }
    yield* directory.appendEvent({ ...resumed, backend, versions: identity.versions })
    yield* observe(resumed)
  }
  yield* trainer.train(report).pipe(
    Effect.onExit((exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : Effect.andThen(
          Exit.hasInterrupts(exit) ? Effect.ignore(save) : Effect.void,
          Effect.ignore(summarize(Exit.hasInterrupts(exit) ? "interrupted" : "failed", describeExit(exit)))
        )
    )
  )
  yield* directory.writeSpectra(yield* trainer.evaluated(NetworkSpectra.measure(network)))
  return yield* summarize("completed", undefined)
}, Effect.scoped)

const describeExit = (exit: Exit.Failure<unknown, { readonly message: string }>): string => {
  if (Exit.hasInterrupts(exit)) return "interrupted"
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value.message : "defect"
}
