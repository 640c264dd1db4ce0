/** How a command ends, in numbers for scripts: a code for every kind of error, by their names. */
import * as CliError from "effect/cli/CliError"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Catalogue from "../src/choices/Catalogue.ts"
import { type ErrorKind, errorKinds } from "../src/experiment/errorKinds.ts"

/** Errors that end with one code; the key is the code's name. */
interface ExitCode extends Catalogue.Entry {
  readonly code: number
  readonly errors: ReadonlyArray<string>
}

const coded = ({ about, errors, here }: ErrorKind, code: number) => ({ code, about, errors: [...errors, ...here] })

/** All codes, each with the names of its errors. What none names is a defect, or an error of the system: `other`. */
export const exitCodes = {
  done: { code: 0, about: "done", errors: [] },
  other: { code: 1, about: "anything else: a defect, which please report", errors: [] },
  usage: coded(errorKinds.usage, 2),
  data: coded(errorKinds.data, 3),
  engine: coded(errorKinds.engine, 4),
  files: coded(errorKinds.files, 5),
  training: coded(errorKinds.training, 6),
  check: coded(errorKinds.check, 7),
  interrupted: { code: 130, about: "interrupted, by Ctrl-C or SIGTERM; `--resume` goes on", errors: [] }
} as const satisfies Record<keyof typeof errorKinds, ExitCode> & Catalogue.Catalogue<ExitCode>

/** The code of an error that a command fails with. */
export const ofError = (error: unknown): number => {
  if (CliError.isCliError(error)) return exitCodes.usage.code
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  const found = Object.values<ExitCode>(exitCodes).find(({ errors }) => errors.some((name) => name === tag))
  return (found ?? exitCodes.other).code
}

/** Ends a command with its code; what Effect itself tells apart, as help that was asked for, stays so. */
export const teardown: Runtime.Teardown = (exit, end) =>
  Runtime.defaultTeardown(exit, (code) => {
    const error = code === exitCodes.other.code ? Exit.findErrorOption(exit) : Option.none()
    end(Option.match(error, { onNone: () => code, onSome: ofError }))
  })
