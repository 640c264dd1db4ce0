/** What a process that runs one trial is asked, and answers. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Backend from "../engine/Backend.ts"
import * as endings from "../training/endings.ts"
import * as Run from "../training/Run.ts"
import * as RunFiles from "../training/RunFiles.ts"
import * as Tracing from "../training/Tracing.ts"
import type { TrainConfig } from "../training/TrainConfig.ts"

/** What a worker is asked, once. */
export interface Request {
  readonly config: TrainConfig
  readonly output: string
  /** Its share of the machine, where neither its settings nor FINEGRAIN_THREADS say how many. */
  readonly threads: number | undefined
}

/** What it answers: progress, then how it ended. */
export type Answer =
  | { readonly _tag: "Progress"; readonly images: number; readonly total: number }
  /** The text of `summary.json`: messages between processes have no word for NaN, either. */
  | { readonly _tag: "Ended"; readonly summary: string }
  | { readonly _tag: "Failed"; readonly error: string; readonly reason: string; readonly isDisk: boolean }

/** Nobody listens any more once the runner is gone: its end interrupts the work, which is to end in order. */
const tell = (answer: Answer) =>
  Effect.sync(() => {
    if (process.connected) process.send?.(answer, undefined, undefined, () => undefined)
  })

/** A few messages a second are enough. */
const every = 250

const work = Effect.fnUntraced(function*({ config, output, threads }: Request) {
  let [told, total] = [0, 1]
  const observe = (event: Run.RunEvent) =>
    Effect.suspend(() => {
      if (event._tag === "Started") total = event.totalImages
      if (event._tag !== "StepDone" || Date.now() - told < every) return Effect.void
      told = Date.now()
      return tell({ _tag: "Progress", images: event.images, total })
    })
  const summary = yield* Run.train(config, output, observe, { resume: true }).pipe(
    Effect.provide([
      NodeServices.layer,
      Backend.layer(config.backend, {
        ...config,
        threads: config.threads ?? (process.env["FINEGRAIN_THREADS"] ? undefined : threads)
      })
    ])
  )
  yield* tell({ _tag: "Ended", summary: RunFiles.toJson(summary) })
})

const program = Effect.gen(function*() {
  const request = yield* Effect.callback<Request>((resume) => {
    process.once("message", (message) => resume(Effect.succeed(message as Request)))
  })
  const fiber = yield* Effect.forkChild(work(request))
  // The runner is gone: stop as at Ctrl-C, with a checkpoint.
  process.once("disconnect", () => Effect.runFork(Fiber.interrupt(fiber)))
  yield* Fiber.join(fiber)
}).pipe(
  Effect.catch((error) =>
    tell({
      _tag: "Failed",
      error: error._tag,
      reason: error.message,
      isDisk: error._tag === "RunDirectoryError" && error.isDisk === true
    })
  ),
  Effect.ensuring(Effect.sync(() => {
    if (process.connected) process.disconnect?.()
  }))
)

endings.install()
NodeRuntime.runMain(Effect.provide(program, Tracing.layer), { disableErrorReporting: true })
