/** Slurm's commands: run without a shell, and with their errors in words. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as child from "../launchers/child.ts"
import { LauncherError } from "../launchers/Launcher.ts"
import * as jobs from "./jobs.ts"

/** Variables that would say something else to `sbatch` than finegrain does. */
const contradicting = ["SBATCH_ARRAY_INX", "SBATCH_WAIT", "SBATCH_JOB_NAME"]

const environment = () => {
  const env: Record<string, string | undefined> = { ...child.harmless() }
  for (const name of contradicting) delete env[name]
  return env
}

/** No answer for so long is none, in milliseconds. */
const patience = 120_000

const failed = (reason: string, remedy: string) => new LauncherError({ launcher: "slurm", reason, remedy })

/**
 * Whatever else keeps a grid from going on.
 *
 * @internal
 */
export const inOurWords = (error: { readonly message: string }) =>
  failed(error.message, "Go on with --resume once that is mended.")

/**
 * What a command of Slurm prints.
 *
 * Fails with LauncherError where there is no such command, and where it ends with an error.
 *
 * @internal
 */
export const run = (command: string, args: ReadonlyArray<string>): Effect.Effect<string, LauncherError> =>
  Effect.callback<string, LauncherError>((resume) => {
    const options = { env: environment(), maxBuffer: 2 ** 28, timeout: patience }
    const process = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resume(Effect.succeed(stdout))
      if (error.code === "ENOENT") {
        const remedy = "Run it where Slurm's commands are, as on a login node, or choose another --launcher."
        return resume(Effect.fail(failed(`there is no ${command} on the PATH`, remedy)))
      }
      const said = stderr.trim().replaceAll(/\s*\n\s*/g, "; ") || error.message
      resume(Effect.fail(failed(`${command} says: ${said.slice(0, 500)}`, "Go on with --resume once that is mended.")))
    })
    return Effect.sync(() => void process.kill())
  })

/**
 * Tasks of the arrays of these names, those that are over among them, as long as Slurm knows of them.
 *
 * @internal
 */
export const squeue = (names: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<jobs.Job>, LauncherError> =>
  names.length === 0 ? Effect.succeed([]) : Effect.map(
    run("squeue", ["--array", "--noheader", "--states=all", `--name=${names.join(",")}`, `--format=${jobs.format}`]),
    jobs.parse
  )

/**
 * The exit code of a task, undefined where Slurm does not tell.
 *
 * @internal
 */
export const codeOf = ({ array, index }: jobs.Job) =>
  Effect.orElseSucceed(
    Effect.map(run("scontrol", ["--oneliner", "show", "job", `${array}_${index}`]), jobs.codeOf),
    () => undefined
  )

/**
 * Ends what waits or runs: whole arrays, or tasks as `12_3`.
 *
 * @internal
 */
export const scancel = (ids: ReadonlyArray<string>) =>
  ids.length === 0 ? Effect.void : Effect.asVoid(run("scancel", ["--quiet", ...ids]))
