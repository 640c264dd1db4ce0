import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Ref from "effect/Ref"
import * as Catalogue from "../src/choices/Catalogue.ts"
import * as Backend from "../src/engine/Backend.ts"
import * as Unconstrained from "../src/network/declarations/unconstrained.ts"
import type * as Network from "../src/network/Network.ts"
import * as Optimizers from "../src/optimizer/catalogue.ts"
import { metrics } from "../src/optimizer/metrics.ts"
import { rules } from "../src/optimizer/rules.ts"
import { schedules } from "../src/optimizer/schedules.ts"
import * as Report from "../src/report/Report.ts"
import * as Run from "../src/training/Run.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"
import type * as Trainer from "../src/training/Trainer.ts"
import * as Progress from "./Progress.ts"
import { growing } from "./Table.ts"

const flags = {
  dataset: Flag.String("dataset").pipe(
    Flag.withAlias("d"),
    Flag.withDescription(
      "mnist, fashion-mnist, or a directory: four IDX files, or CIFAR-10 or CIFAR-100, binary version (default mnist)"
    ),
    Flag.optional
  ),
  model: Flag.Literals("model", TrainConfig.models).pipe(
    Flag.withDescription("network (default small-cnn)"),
    Flag.optional
  ),
  collection: Flag.String("collection").pipe(
    Flag.withAlias("c"),
    Flag.withDescription("manifolds inside every convolution kernel, joined by + (default Sp+Ob+St+Euc)"),
    Flag.optional
  ),
  strategy: Flag.Literals("strategy", TrainConfig.strategies).pipe(
    Flag.withDescription("products for input channels, output channels or both (default PIO)"),
    Flag.optional
  ),
  selection: Flag.Literals("selection", TrainConfig.selections).pipe(
    Flag.withDescription("how members are drawn: without replacement, or in order (default random)"),
    Flag.optional
  ),
  policy: Flag.Literals("policy", TrainConfig.policies).pipe(
    Flag.withDescription("geometric scaling γ of the renormalization (default unit)"),
    Flag.optional
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("seed of everything random (default 1)"),
    Flag.optional
  ),
  epochs: Flag.Int("epochs").pipe(
    Flag.withAlias("e"),
    Flag.withDescription("passes over the data (default 2)"),
    Flag.optional
  ),
  batchSize: Flag.Int("batch-size").pipe(
    Flag.withAlias("b"),
    Flag.withDescription("images per step (default 64)"),
    Flag.optional
  ),
  learningRate: Flag.Finite("learning-rate").pipe(
    Flag.withDescription("r₀ of the schedule (default 0.05)"),
    Flag.optional
  ),
  schedule: Flag.String("schedule").pipe(
    Flag.withDescription(
      `${
        Catalogue.help(schedules)
      }; joined as "warmup(5 epochs) then cosine(to=0.01) for 80% then constant(0.01)" (default cosine)`
    ),
    Flag.optional
  ),
  optimizer: Flag.Literals("optimizer", TrainConfig.optimizers).pipe(
    Flag.withDescription(
      `${
        Object.entries(Optimizers.optimizers).map(([name, { about }]) => `${name}: ${about}`).join("; ")
      } (default fg-sgd)`
    ),
    Flag.optional
  ),
  metric: Flag.Literals("metric", Catalogue.names(metrics)).pipe(
    Flag.withDescription(`${Catalogue.help(metrics)} (default points)`),
    Flag.optional
  ),
  rates: Flag.KeyValuePair("rates").pipe(
    Flag.withDescription("factors of the learning rate, as --rates Sp=40 --rates bias=0.1 --rates layers/stem=2"),
    Flag.map((given) => Object.fromEntries(Object.entries(given).map(([label, rate]) => [label, Number(rate)]))),
    Flag.optional
  ),
  ratesAfterRule: Flag.Boolean("rates-after-rule").pipe(
    Flag.withDescription("scale what the step rule gives, not what it gets"),
    Flag.optional
  ),
  clip: Flag.Finite("clip").pipe(Flag.withDescription("largest norm of a direction (default none)"), Flag.optional),
  accumulate: Flag.Int("accumulate").pipe(
    Flag.withDescription("batches whose gradients are taken together (default 1)"),
    Flag.optional
  ),
  rule: Flag.Literals("rule", Catalogue.names(rules)).pipe(
    Flag.withDescription(`${Catalogue.help(rules)} (default curvatureAware)`),
    Flag.optional
  ),
  momentum: Flag.Finite("momentum").pipe(Flag.withDescription("θ in [0, 1) (default 0.9)"), Flag.optional),
  weightDecay: Flag.Finite("weight-decay").pipe(Flag.withDescription("at least 0 (default 0)"), Flag.optional),
  backend: Flag.Literals("backend", TrainConfig.backends).pipe(
    Flag.withDescription("engine that runs the tensors (default auto)"),
    Flag.optional
  ),
  threads: Flag.Int("threads").pipe(
    Flag.withDescription("threads of the wasm backend (default: FINEGRAIN_THREADS, or one per core)"),
    Flag.optional
  ),
  config: Flag.String("config").pipe(
    Flag.withDescription("JSON file with any of these settings, and `layers` by name; flags win"),
    Flag.optional
  ),
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withDescription("directory of the run, new or empty (default runs/<date>)"),
    Flag.optional
  ),
  resume: Flag.Boolean("resume").pipe(
    Flag.withDescription(
      "go on with the run in --output, with its settings, to the same bits; or start it, if there is none"
    ),
    Flag.withDefault(false)
  ),
  checkpointSeconds: Flag.Finite("checkpoint-seconds").pipe(
    Flag.withDescription("write a checkpoint after so many seconds, and at the end of every epoch"),
    Flag.withDefault(30)
  )
}

const readConfigFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    fs.readFileString(path),
    (error) => new TrainConfig.ConfigError({ source: path, problems: error.message })
  )
  const parsed = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => new TrainConfig.ConfigError({ source: path, problems: `not JSON: ${(error as Error).message}` })
  })
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return yield* new TrainConfig.ConfigError({ source: path, problems: "not a JSON object" })
  }
  return parsed
})

/** The settings of the run in a directory, none where there is no run. */
const readRunConfig = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(directory, "manifest.json")
  if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) return {}
  const { config = {} } = (yield* readConfigFile(file)) as { readonly config?: object }
  return config
})

const percent = (share: number) => `${(100 * share).toFixed(2)} %`

const normCell = (norms: ReadonlyArray<Network.LargestNorm>, manifold: string) => {
  const own = norms.filter((norm) => norm.manifold === manifold)
  const largest = Math.max(...own.map((norm) => norm.largest))
  return `${largest.toFixed(4)}${own.some(({ bound }) => bound !== undefined) ? " ≤ 1" : ""}`
}

const measured = ["epoch", "train loss", "train acc", "test loss", "test acc", "s", "images/s"]

/** The row of an epoch, below the header where it is the first. */
const epochRow = (epoch: Trainer.EpochDone, isFirst: boolean): string => {
  const manifolds = [...new Set(epoch.norms.map(({ manifold }) => manifold))]
  const { head, row } = growing([...measured, ...manifolds.map((manifold) => `max norm ${manifold}`)])
  const text = row([
    String(epoch.epoch),
    epoch.trainLoss.toFixed(4),
    percent(epoch.trainAccuracy),
    epoch.testLoss.toFixed(4),
    percent(epoch.testAccuracy),
    epoch.seconds.toFixed(1),
    epoch.imagesPerSecond.toFixed(0),
    ...manifolds.map((manifold) => normCell(epoch.norms, manifold))
  ])
  return isFirst ? `${head}\n${text}` : text
}

const written = [
  "manifest.json",
  "events.jsonl",
  "summary.json",
  "spectra.json",
  "model.json",
  "weights.bin",
  "checkpoint.bin",
  "report.html"
]

/** Where a run is, by the files that are there, and those that are gone. */
const place = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const there = yield* Effect.filter(
    written,
    (name) => Effect.orElseSucceed(fs.exists(path.join(directory, name)), () => false)
  )
  const gone = written.filter((name) => !there.includes(name))
  return `Written to ${directory}: ${there.join(", ")}${gone.length === 0 ? "" : `; gone: ${gone.join(", ")}`}`
})

const describe = (summary: Run.RunSummary): string =>
  [
    `Test accuracy ${summary.testAccuracy === undefined ? "–" : percent(summary.testAccuracy)} ` +
    `after ${summary.steps} steps in ${summary.seconds.toFixed(1)} s (seed ${summary.seed})`,
    `Tensors leaked: ${summary.tensorsLeaked}; norm bounds violated: ${summary.normBoundViolations}`,
    `Weights SHA-256: ${summary.weightsSha256}`
  ].join("\n")

/** Settings that were given and change nothing beside the others. */
const refuseIdle = Effect.fnUntraced(function*(config: TrainConfig.TrainConfig, given: object, source: string) {
  const idle = [...TrainConfig.idle(config)].filter(([key]) => Object.hasOwn(given, key))
  if (idle.length > 0) {
    const problems = idle.map(([key, reason]) => `${key} has no effect: ${reason}`).join("; ")
    return yield* new TrainConfig.ConfigError({ source, problems })
  }
})

const interrupted = (directory: string, isOurs: boolean) =>
  isOurs
    ? `\nInterrupted: what there is was written to ${directory}; --resume --output ${directory} goes on`
    : "\nInterrupted before training began: nothing was written"

const timestamp = (millis: number) => new Date(millis).toISOString().replaceAll(":", "-").replace(/\.\d+Z$/, "")

/** `finegrain train`. */
export const train = Command.make(
  "train",
  flags,
  Effect.fnUntraced(function*({ checkpointSeconds, config: file, output, resume, ...settings }) {
    const fromFile = Option.isSome(file) ? yield* readConfigFile(file.value) : {}
    const fromFlags = Object.fromEntries(
      Object.entries<Option.Option<unknown>>(settings).flatMap(([key, value]) =>
        Option.isSome(value) ? [[key, value.value]] : []
      )
    )
    const source = Option.match(file, { onNone: () => "flags", onSome: (path) => `${path} and flags` })
    if (resume && Option.isNone(output)) {
      return yield* new TrainConfig.ConfigError({ source: "flags", problems: "--resume needs the --output of the run" })
    }
    const fromRun = resume && Option.isSome(output) ? yield* readRunConfig(output.value) : {}
    const config = yield* TrainConfig.decode({ ...fromRun, ...fromFile, ...fromFlags }, source)
    yield* refuseIdle(config, { ...fromFile, ...fromFlags }, source)
    const path = yield* Path.Path
    const now = yield* Clock.currentTimeMillis
    const directory = path.resolve(
      Option.getOrElse(output, () => path.join("runs", timestamp(now)))
    )
    const isFirst = yield* Ref.make(true)
    // Before it has started, the directory may be that of another run.
    const isOurs = yield* Ref.make(false)
    const isDone = yield* Ref.make(false)
    const progress = yield* Progress.make("img")
    const observe = Effect.fnUntraced(function*(event: Run.RunEvent) {
      if (event._tag === "Started") {
        yield* Ref.set(isOurs, true)
        yield* Console.log(
          `${config.model} with ${event.parameters} parameters, ${event.constrained} of them in ${event.poms} POMs ` +
            `(${config.strategy}, ${config.collection}), on ${event.backend}`
        )
        yield* Effect.forEach(event.notes, (note) => Console.log(`Note: ${note}`), { discard: true })
        if (event.unconstrained.length > 0) {
          yield* Console.log(`On no manifold: ${Unconstrained.summary(event.unconstrained)}`)
        }
        yield* progress.start(event.totalImages)
      } else if (event._tag === "Resumed") {
        yield* progress.print(`Resumed after ${event.step} steps`)
        yield* progress.resume(event.images)
      } else if (event._tag === "StepDone") {
        yield* progress.update(event.images, `epoch ${event.epoch}/${config.epochs}  loss ${event.loss.toFixed(3)}`)
      } else if (event._tag === "Found") {
        yield* Ref.set(isDone, true)
        yield* Console.log("Completed before: nothing was trained, and nothing in its directory was touched")
      } else {
        yield* progress.print(epochRow(event, yield* Ref.getAndSet(isFirst, false)))
      }
    })
    const summary = yield* Run.train(config, directory, observe, { resume, checkpointSeconds }).pipe(
      Effect.provide(Backend.layer(config.backend, { threads: config.threads })),
      Effect.onError(() =>
        Effect.flatMap(Ref.get(isOurs), (ours) => ours ? Effect.ignore(Report.write(directory)) : Effect.void)
      ),
      Effect.onInterrupt(() => Effect.flatMap(Ref.get(isOurs), (ours) => Console.error(interrupted(directory, ours))))
    )
    if (!(yield* Ref.get(isDone))) yield* Report.write(directory)
    yield* progress.print(`${describe(summary)}\n${yield* place(directory)}`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("Train a network with FG-SGD"),
  Command.withExamples([
    { command: "finegrain train", description: "The main job: MNIST, PIO of four manifolds" },
    { command: "finegrain train --collection St --strategy PO --epochs 1", description: "Stiefel kernels, one epoch" },
    { command: "finegrain train --dataset ./fashion --output ./run", description: "A dataset of the MNIST family" }
  ])
)
