/** One trial in a process of its own, with an engine of its own. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { fork } from "node:child_process"
import module from "node:module"
import { dirname, extname } from "node:path"
import * as RunFiles from "../../training/RunFiles.ts"
import type { Trial } from "../Experiment.ts"
import type { Answer, Request } from "../worker.ts"
import type { Listener, Outcome } from "./Launcher.ts"

/** The worker has the extension of this file: TypeScript in the sources, JavaScript in the package. */
const workerFile = new URL(`../worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Variables of this process without credentials of a database, for which what trains has no use.
 *
 * @internal
 */
export const harmless = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([key, value]) => key !== "PGPASSWORD" && !/^postgres(ql)?:/.test(value ?? ""))
  )

// Node before 22.1 keeps nothing that it compiled.
const { getCompileCacheDir }: Partial<typeof module> = module

/** Where the command keeps what it compiled, so that trials do not compile it again. */
const compiled = () => {
  const directory = getCompileCacheDir?.()
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}

const completed = (summary: string): Outcome["result"] =>
  Result.match(RunFiles.decodeSummary(JSON.parse(summary)), {
    onFailure: (reason) => ({
      _tag: "Failed",
      error: "Crashed",
      reason: `what the process says of its end: ${reason}`
    }),
    onSuccess: (found) => ({ _tag: "Completed", summary: found })
  })

/**
 * Runs a trial in a process of its own, on a GPU if one is named. Interrupted, it writes a checkpoint and ends.
 *
 * @internal
 */
export const run = (
  trial: Trial,
  request: Request,
  progress: Listener<never, never>["progress"],
  gpu: string | undefined
): Effect.Effect<Outcome> =>
  Effect.callback<Outcome>((resume) => {
    const env = { ...compiled(), ...harmless(), ...(gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu }) }
    const worker = fork(workerFile, { stdio: ["ignore", "ignore", "pipe", "ipc"], env })
    let last: Outcome["result"] | undefined
    let said = ""
    worker.stderr?.on("data", (text: Buffer) => (said += text.toString()))
    worker.on("message", (message) => {
      const answer = message as Answer
      if (answer._tag === "Progress") Effect.runFork(progress(trial, answer.images / answer.total))
      else if (answer._tag === "Failed") last = answer
      else last = completed(answer.summary)
    })
    worker.once("error", (error) => {
      last ??= { _tag: "Failed", error: "Crashed", reason: error.message }
    })
    worker.once("close", (code, signal) => {
      const reason = `the process ended with ${signal ?? `code ${code}`}${said === "" ? "" : `: ${said.slice(-500)}`}`
      resume(Effect.succeed({ trial, result: last ?? { _tag: "Failed", error: "Crashed", reason } }))
    })
    worker.send(request)
    return Effect.promise(() =>
      new Promise<void>((done) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return done()
        worker.once("exit", () => done())
        if (worker.connected) worker.disconnect()
      })
    )
  })
