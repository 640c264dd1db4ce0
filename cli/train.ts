import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Ref from "effect/Ref"
import * as Backend from "../src/engine/Backend.ts"
import * as Unconstrained from "../src/network/declarations/unconstrained.ts"
import type * as Network from "../src/network/Network.ts"
import * as Report from "../src/report/Report.ts"
import type { Catalogues } from "../src/training/Catalogues.ts"
import * as Run from "../src/training/Run.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"
import type * as Trainer from "../src/training/Trainer.ts"
import * as ConfigFile from "./configFile.ts"
import * as Progress from "./Progress.ts"
import * as Settings from "./settings.ts"
import { growing } from "./Table.ts"

const flagsOf = (known: Catalogues) => ({
  settings: Settings.flags(known),
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
const refuseIdle = Effect.fnUntraced(function*(
  config: TrainConfig.TrainConfig,
  given: object,
  source: string,
  known: Catalogues
) {
  const idle = [...TrainConfig.idle(config, known)].filter(([key]) => Object.hasOwn(given, key))
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

/** `finegrain train`, with what modules of the user's own add to its choices. */
export const train = (known: Catalogues, use: ReadonlyArray<string>) =>
  Command.make(
    "train",
    flagsOf(known),
    Effect.fnUntraced(function*({ checkpointSeconds, config: file, output, resume, settings }) {
      const fromFile = Option.isSome(file) ? yield* ConfigFile.read(file.value) : {}
      const fromFlags = Settings.given(settings)
      const source = Option.match(file, { onNone: () => "flags", onSome: (path) => `${path} and flags` })
      if (resume && Option.isNone(output)) {
        return yield* new TrainConfig.ConfigError({
          source: "flags",
          problems: "--resume needs the --output of the run"
        })
      }
      const fromRun = resume && Option.isSome(output) ? yield* ConfigFile.ofRun(output.value) : {}
      const given = { ...fromFile, ...fromFlags, ...(use.length === 0 ? {} : { use }) }
      const config = yield* TrainConfig.decode({ ...fromRun, ...given }, source, known)
      yield* refuseIdle(config, given, source, known)
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
        Effect.provide(Backend.layer(config.backend, config)),
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
      {
        command: "finegrain train --collection St --strategy PO --epochs 1",
        description: "Stiefel kernels, one epoch"
      },
      { command: "finegrain train --dataset ./fashion --output ./run", description: "A dataset of the MNIST family" }
    ])
  )
