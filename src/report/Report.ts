import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as WholeFile from "../data/WholeFile.ts"
import * as StoredExperiment from "../experiment/ExperimentFiles.ts"
import type * as Results from "../experiment/Results.ts"
import { slug } from "../experiment/slug.ts"
import type { RunEvent } from "../training/Run.ts"
import * as RunFiles from "../training/RunFiles.ts"
import * as Chart from "./Chart.ts"
import { ofExperiment, titleOf, wordsOf } from "./experimentReport.ts"
import { sourcesOf } from "./figureSources.ts"
import * as Html from "./Html.ts"
import { failing, ReportError, unwritten } from "./ReportError.ts"
import * as RunRecord from "./RunRecord.ts"
import { ofRun } from "./runReport.ts"

export { ReportError } from "./ReportError.ts"

const decodeResults = RunFiles.decode(StoredExperiment.Results, "results")
const contentOf = Effect.fnUntraced(function*(directory: string, read: RunRecord.ReadRunRecord) {
  const results = yield* RunRecord.readOwn(directory, "results.json", decodeResults)
  if (Option.isSome(results)) return yield* ofExperiment(directory, results.value, read)
  const manifest = yield* RunRecord.readOwn(
    directory,
    "manifest.json",
    // All of it is shown, whatever of it is known here.
    (value) => Result.map(RunFiles.decodeManifest(value), () => value as RunFiles.Manifest)
  )
  if (Option.isSome(manifest)) return yield* ofRun(directory, manifest.value)
  return yield* new ReportError({
    path: directory,
    reason: "there is no results.json or manifest.json: no experiment, no run"
  })
})

const writeText = (file: string, text: string) =>
  Effect.mapError(WholeFile.write(file, new TextEncoder().encode(text)), unwritten(file))

/** Names told apart: those that were there before get a number. */
const distinct = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length
    return before === 0 ? name : `${name}-${before + 1}`
  })

/** The page of what goes on is loaded anew after so many seconds. */
const followSeconds = 5

/**
 * Writes `report.html`, one page that needs no network, and its figures as SVG files, into the directory of a run or an
 * experiment; each of them whole or not at all. Who draws an experiment again and again may give a reader that
 * remembers its runs.
 *
 * Fails with ReportError where it is neither, or a file cannot be written.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Report } from "finegrain"
 * const error = await Effect.runPromise(Effect.flip(Report.write("/nowhere")).pipe(Effect.provide(NodeServices.layer)))
 * error.reason // => "there is no results.json or manifest.json: no experiment, no run"
 * ```
 */
export const write = Effect.fnUntraced(function*(directory: string, read: RunRecord.ReadRunRecord = RunRecord.read) {
  const path = yield* Path.Path
  const { after, before, figures, isRunning, title } = yield* contentOf(directory, read)
  const drawn = yield* Effect.forEach(
    figures,
    (chart) => Effect.map(Chart.svg(chart), (svg) => ({ chart, svg }))
  )
  const folder = path.join(directory, "figures")
  if (yield* WholeFile.isLink(folder)) {
    return yield* new ReportError({
      path: folder,
      reason: "it is a link, which is not followed: put a directory in its place"
    })
  }
  yield* Effect.mapError(WholeFile.makeDirectory(folder), unwritten(folder))
  // Names may come from a manifest, and are files of this folder whatever they say.
  const names = distinct(drawn.map(({ chart: { name } }) => slug(name)))
  const files = yield* Effect.forEach(drawn, ({ chart, svg }, i) =>
    Effect.map(sourcesOf(chart), (sources) => [
      { name: `${names[i]}.svg`, type: "image/svg+xml", text: svg },
      ...sources.map(({ extension, text, type }) => ({ name: `${names[i]}.${extension}`, type, text }))
    ]))
  // Each waits for the disk.
  yield* Effect.forEach(files.flat(), ({ name, text }) => writeText(path.join(folder, name), text), {
    concurrency: 8,
    discard: true
  })
  const file = path.join(directory, "report.html")
  yield* writeText(
    file,
    Html.page(title, [
      ...before,
      ...drawn.map(({ chart: { caption, title }, svg }, i) => ({
        _tag: "Figure" as const,
        title,
        caption,
        svg,
        files: files[i]!.slice(1)
      })),
      ...after
    ], isRunning ? followSeconds : undefined)
  )
  return file
})

/** Writes the page but for its figures, which take seconds to draw. */
const writeUndrawn = Effect.fnUntraced(function*(directory: string, read: RunRecord.ReadRunRecord) {
  const path = yield* Path.Path
  const { after, before, title } = yield* contentOf(directory, read)
  const text = `Interrupted before its figures were drawn: finegrain report ${path.basename(directory)} draws them.`
  yield* writeText(path.join(directory, "report.html"), Html.page(title, [...before, { _tag: "Note", text }, ...after]))
})

/**
 * Writes the page of what did not end by itself, as far as that can be done; nobody who interrupts waits for figures.
 *
 * @internal
 */
export const writeUnended =
  (directory: string, read: RunRecord.ReadRunRecord = RunRecord.read) => <E>(cause: Cause.Cause<E>) =>
    Effect.ignore(Cause.hasInterrupts(cause) ? writeUndrawn(directory, read) : write(directory, read))

/**
 * Writes anew what the page of an experiment says before its figures, which stay as they are: for a directory whose
 * trials are elsewhere. None where there is no page.
 *
 * @internal
 */
export const renew = Effect.fnUntraced(function*(directory: string, results: Results.Results) {
  const path = yield* Path.Path
  const file = path.join(directory, "report.html")
  const earlier = yield* Effect.mapError(WholeFile.read(file), failing(file))
  if (Option.isNone(earlier)) return Option.none<string>()
  yield* writeText(
    file,
    Html.renewed(new TextDecoder().decode(earlier.value), titleOf(results), wordsOf(results))
  )
  return Option.some(file)
})

/**
 * Runs what records a run in a directory, telling of its events, and writes its page when it has ended, however, if it
 * was interrupted without figures; not where the run never got so far as to write there, or had been completed before.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Backend, Report, Run, TrainConfig } from "finegrain"
 * const program = Effect.gen(function*() {
 *   const config = yield* TrainConfig.decode({ dataset: "/nowhere" }, "example")
 *   return yield* Report.withPage("/tmp/never-made", (observe) => Run.train(config, "/tmp/never-made", observe))
 * })
 * const error = await Effect.runPromise(Effect.flip(program).pipe(Effect.provide([NodeServices.layer, Backend.cpu])))
 * error._tag // => "DatasetMissing"
 * ```
 */
export const withPage = Effect.fnUntraced(function*<A, E, R>(
  directory: string,
  run: (observe: (event: RunEvent) => Effect.Effect<void>) => Effect.Effect<A, E, R>,
  observe: (event: RunEvent) => Effect.Effect<void> = () => Effect.void
) {
  const isOurs = yield* Ref.make(false)
  const ended = yield* Effect.onError(
    run((event) => event._tag === "Started" ? Effect.andThen(Ref.set(isOurs, true), observe(event)) : observe(event)),
    (cause) => Effect.flatMap(Ref.get(isOurs), (ours) => ours ? writeUnended(directory)(cause) : Effect.void)
  )
  if (yield* Ref.get(isOurs)) yield* write(directory)
  return ended
})
