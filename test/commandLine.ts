import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import { format } from "node:util"
import { commandLine } from "../cli/commandLine.ts"
import { teardown } from "../cli/exitCodes.ts"

/** How a command ended, and what it said. */
export interface Told {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * The command line in this process, which saves the second that a process takes to start: for everything but signals,
 * streams and exit codes.
 *
 * Paths are absolute, since the working directory is that of the tests.
 */
export const finegrain = async (...args: ReadonlyArray<string>): Promise<Told> => {
  let [stdout, stderr] = ["", ""]
  const console: Console.Console = Object.assign(Object.create(globalThis.console) as Console.Console, {
    log: (...what: ReadonlyArray<unknown>) => void (stdout += `${format(...what)}\n`),
    error: (...what: ReadonlyArray<unknown>) => void (stderr += `${format(...what)}\n`)
  })
  const terminal = Terminal.make({
    columns: Effect.succeed(80),
    rows: Effect.succeed(24),
    size: Effect.never,
    readInput: Effect.never,
    readLine: Effect.never,
    display: (text) => Effect.sync(() => void (stdout += text))
  })
  const exit = await Effect.runPromiseExit(
    commandLine(args).pipe(
      Effect.provideService(Console.Console, console),
      Effect.provideService(Terminal.Terminal, terminal),
      Effect.provide(NodeServices.layer)
    )
  )
  const code = await new Promise<number>((end) => teardown(exit, end))
  return { code, stdout, stderr }
}
