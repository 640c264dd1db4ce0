/** The command line as an Effect of its arguments: commands, help, and errors in one line or as JSON. */
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { builtIn, type Catalogues } from "../src/training/Catalogues.ts"
import * as Door from "../src/training/Door.ts"
import * as Versions from "../src/training/Versions.ts"
import { commandIn } from "./arguments.ts"
import { backends } from "./backends.ts"
import { compare } from "./compare.ts"
import { data } from "./data.ts"
import { evaluate } from "./evaluate.ts"
import { ofError } from "./exitCodes.ts"
import { run } from "./experiments.ts"
import { exporting } from "./export.ts"
import { kubernetes } from "./kubernetes.ts"
import { laws } from "./laws.ts"
import { queue } from "./queue.ts"
import { report } from "./report.ts"
import { slurm } from "./slurm.ts"
import { train } from "./train.ts"
import * as Uses from "./uses.ts"
import * as Voice from "./Voice.ts"
import { worker } from "./worker.ts"

const finegrain = (known: Catalogues, use: ReadonlyArray<string>) =>
  Command.make("finegrain").pipe(
    Command.withDescription("Fine-grained optimization of deep neural networks"),
    Command.withExamples([
      { command: "finegrain train", description: "The first run: MNIST to 98 % on four manifolds, within a minute" }
    ]),
    Command.withSubcommands([
      train(known, use),
      run,
      worker,
      queue,
      slurm,
      kubernetes,
      report,
      evaluate,
      exporting,
      compare,
      laws,
      backends,
      data(known)
    ]),
    Command.provide(Voice.layer),
    Command.withGlobalFlags(Voice.flags)
  )

/** The commands, with what modules of the user's own add to them. */
const commandOf = Effect.fnUntraced(function*(args: ReadonlyArray<string>) {
  const plain = finegrain(builtIn, [])
  const names = plain.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))
  const command = commandIn(args, new Set(names))
  const use = command === "train" ? yield* Uses.ofTraining(args) : command === "data" ? Uses.ofFlags(args) : []
  if (use.length === 0) return plain
  const { known } = yield* Door.open(use)
  return finegrain(known, use)
})

/** What follows a blank line is a question, what follows it are answers. */
const inOneLine = (message: string): string => {
  const [problem = "", question, ...answers] = message.split(/\s*\n\s*/).filter((line) => line !== "")
  const sentence = /[.!?]$/.test(problem) ? problem : `${problem}.`
  return question === undefined
    ? sentence
    : `${sentence} ${question}${answers.length === 0 ? "" : ` ${answers.join(", ")}.`}`
}

const usage = ({ commandPath, errors }: Pick<CliError.ShowHelp, "commandPath" | "errors">) =>
  `${errors.map(({ message }) => inOneLine(message)).join(" ")} See \`${commandPath.join(" ")} --help\`.`

/** Errors of the user's making are one line on stderr, not the whole help and a stack trace. */
const presenter = (isJson: boolean) =>
  CliOutput.layerPresenter({
    present: (event) =>
      event._tag === "InvalidInvocation"
        ? isJson ? Effect.void : Console.error(usage(event))
        : CliOutput.defaultPresenter.present(event)
  })

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** An error as a program reads it. */
const asJson = (error: unknown): string => {
  const name = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : "Error"
  const message = CliError.isCliError(error) && error._tag === "ShowHelp" ? usage(error) : messageOf(error)
  return JSON.stringify({ error: name, message, exitCode: ofError(error) })
}

/**
 * The command line with such arguments; what it says of an error is on stderr once this fails with it.
 *
 * @internal
 */
export const commandLine = (args: ReadonlyArray<string>) => {
  const isJson = Voice.isJson(args)
  return Effect.flatMap(
    commandOf(args),
    (command) => Command.runWith(command, { version: Versions.finegrain() })(args)
  ).pipe(
    Effect.tapError((error) =>
      isJson
        ? Console.error(asJson(error))
        : CliError.isCliError(error)
        ? Effect.void
        : Console.error(messageOf(error))
    ),
    Effect.tapDefect((defect) => Console.error("This is a defect of finegrain, please report it:", defect)),
    Effect.provide([presenter(isJson), CliOutput.layer(CliOutput.defaultFormatter({ globalFlags: "summary" }))])
  )
}
