/** Pages of trials and experiments, drawn while a grid runs. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Queue from "effect/Queue"
import * as Report from "../src/report/Report.ts"
import * as RunRecord from "../src/report/RunRecord.ts"

/** Whether the page of a trial is missing, or older than what the trial left last. */
export const isToDraw = Effect.fnUntraced(function*(trial: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const written = (name: string) =>
    Effect.map(
      Effect.option(fs.stat(path.join(trial, name))),
      Option.match({ onNone: () => -1, onSome: ({ mtime }) => Option.getOrElse(mtime, () => new Date(0)).getTime() })
    )
  const [page, events] = [yield* written("report.html"), yield* written("events.jsonl")]
  return (yield* written("manifest.json")) >= 0 && page <= events
})

/** The pages of trials and of the experiment, drawn one at a time; drawing never stops a grid. */
export const draw = (directory: string, print: (text: string) => Effect.Effect<void>, read = RunRecord.read) =>
  Report.write(directory, read).pipe(
    Effect.asVoid,
    Effect.catch((error) => print(`The report cannot be drawn: ${error.message}`))
  )

/**
 * Draws the page of an experiment beside its trials, and seldom enough not to take their time; of several that are
 * asked for meanwhile, one.
 */
export const drawer = Effect.fnUntraced(function*(
  directory: string,
  print: (text: string) => Effect.Effect<void>,
  read: RunRecord.ReadRunRecord
) {
  const asked = yield* Queue.sliding<void>(1)
  const drawing = yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(Queue.take(asked), draw(directory, print, read)).pipe(Effect.delay("5 seconds")))
  )
  return { ask: Queue.offer(asked, undefined), stop: Fiber.interrupt(drawing) }
})
