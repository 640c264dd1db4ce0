/** `finegrain train`: a run from flags, a file, or the run that is resumed. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Ref from "effect/Ref"
import { counted } from "../src/choices/counted.ts"
import * as Backend from "../src/engine/Backend.ts"
import * as Report from "../src/report/Report.ts"
import type { Catalogues } from "../src/training/Catalogues.ts"
import * as Run from "../src/training/Run.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"
import * as ConfigFile from "./configFile.ts"
import * as Progress from "./Progress.ts"
import * as Settings from "./settings.ts"
import { endLines, epochRow, hardlyMovesLine, place, startLines } from "./trainWords.ts"
import * as Voice from "./Voice.ts"

const flagsOf = (known: Catalogues) => ({
  settings: Settings.flags(known),
  config: Flag.String("config").pipe(
    Flag.withDescription(
      `file with any of these settings, and \`layers\` by name, as ${ConfigFile.notationsHelp}; flags win`
    ),
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
    Flag.withDescription("write a checkpoint after so many seconds, and at the end of every epoch (default 30)"),
    Flag.withDefault(30)
  )
})

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

/** What the arguments say of the settings. */
interface Arguments {
  readonly file: Option.Option<string>
  readonly output: Option.Option<string>
  readonly resume: boolean
  /** Settings given as flags. */
  readonly given: object
}

/** The configuration of a run: flags win over the file, and both over the run that is resumed. */
const configOf = Effect.fnUntraced(function*(
  { file, given: fromFlags, output, resume }: Arguments,
  known: Catalogues,
  use: ReadonlyArray<string>
) {
  const fromFile = Option.isSome(file) ? yield* ConfigFile.read(file.value) : {}
  const source = Option.match(file, { onNone: () => "flags", onSome: (path) => `${path} and flags` })
  if (resume && Option.isNone(output)) {
    return yield* new TrainConfig.ConfigError({ source: "flags", problems: "--resume needs the --output of the run" })
  }
  const fromRun = resume && Option.isSome(output) ? yield* ConfigFile.ofRun(output.value) : {}
  const given = { ...fromFile, ...fromFlags, ...(use.length === 0 ? {} : { use }) }
  const config = yield* TrainConfig.decode({ ...fromRun, ...given }, source, known)
  yield* refuseIdle(config, given, source, known)
  return config
})

/** Shows the events of a run; tells whether its directory is ours by now. */
const observer = Effect.fnUntraced(function*(config: TrainConfig.TrainConfig) {
  const isFirst = yield* Ref.make(true)
  // Before it has started, the directory may be that of another run.
  const isOurs = yield* Ref.make(false)
  const progress = yield* Progress.make("img")
  const observe = Effect.fnUntraced(function*(event: Run.RunEvent) {
    switch (event._tag) {
      case "Started":
        yield* Ref.set(isOurs, true)
        yield* Effect.forEach(startLines(event, config), (line) => Console.log(line), { discard: true })
        return yield* progress.start(event.totalImages)
      case "HardlyMoves":
        return yield* progress.print(hardlyMovesLine(event))
      case "Resumed":
        yield* progress.print(`Resumed after ${counted(event.step, "step")}`)
        return yield* progress.resume(event.images)
      case "StepDone":
        return yield* progress.update(
          event.images,
          `epoch ${event.epoch}/${config.epochs}  loss ${event.loss.toFixed(3)}`
        )
      case "Found":
        return yield* Console.log("Completed before: nothing was trained, and nothing in its directory was touched")
      case "EpochDone":
        return yield* progress.print(epochRow(event, yield* Ref.getAndSet(isFirst, false)))
    }
  })
  return { observe, print: progress.print, isOurs: Ref.get(isOurs) }
})

/** `finegrain train`, with what modules of the user's own add to its choices. */
export const train = (known: Catalogues, use: ReadonlyArray<string>) =>
  Command.make(
    "train",
    flagsOf(known),
    Effect.fnUntraced(function*({ checkpointSeconds, config: file, output, resume, settings }) {
      const config = yield* configOf({ file, output, resume, given: Settings.given(settings) }, known, use)
      const path = yield* Path.Path
      const now = yield* Clock.currentTimeMillis
      const directory = path.resolve(
        Option.getOrElse(output, () => path.join("runs", timestamp(now)))
      )
      const { isOurs, observe, print } = yield* observer(config)
      const run = (observe: (event: Run.RunEvent) => Effect.Effect<void>) =>
        Run.train(config, directory, observe, { resume, checkpointSeconds })
      const summary = yield* Report.withPage(directory, run, observe).pipe(
        Effect.provide(Backend.layer(config.backend, config)),
        Effect.onInterrupt(() => Effect.flatMap(isOurs, (ours) => Console.error(interrupted(directory, ours))))
      )
      yield* print(`${endLines(summary)}\n${yield* place(directory)}`)
      yield* Voice.result({ ...summary, directory })
    }, Effect.scoped)
  ).pipe(
    Command.withDescription("Train a network with FG-SGD or another optimizer"),
    Command.withExamples([
      { command: "finegrain train", description: "The main job: MNIST, PIO of four manifolds" },
      {
        command: "finegrain train --collection St --strategy PO --epochs 1",
        description: "Stiefel kernels, one epoch"
      },
      { command: "finegrain train --dataset ./fashion --output ./run", description: "A dataset of the MNIST family" }
    ])
  )
