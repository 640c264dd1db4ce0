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

/** Milliseconds between two drawings, at least. */
const every = 5000

/**
 * Draws the page of an experiment beside its trials, and seldom enough not to take their time, however many they are;
 * of several that are asked for meanwhile, one. What the page is drawn from is written first.
 */
export const drawer = Effect.fnUntraced(function*<E, R>(
  directory: string,
  print: (text: string) => Effect.Effect<void>,
  read: RunRecord.ReadRunRecord,
  first: Effect.Effect<void, E, R>
) {
  const asked = yield* Queue.sliding<void>(1)
  const drawing = yield* Effect.forkScoped(
    Effect.forever(
      Effect.gen(function*() {
        yield* Queue.take(asked)
        const before = process.cpuUsage()
        yield* Effect.ignore(first)
        yield* draw(directory, print, read)
        const { system, user } = process.cpuUsage(before)
        // A twentieth of a core at most, however many trials there are.
        yield* Effect.sleep(Math.max(0, 20 * (system + user) / 1000 - every))
      }).pipe(Effect.delay(every))
    )
  )
  return { ask: Queue.offer(asked, undefined), stop: Fiber.interrupt(drawing) }
})
