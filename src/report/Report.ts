import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import type * as Results from "../experiment/Results.ts"
import * as WholeFile from "../training/WholeFile.ts"
import * as Chart from "./Chart.ts"
import { ofExperiment } from "./experimentReport.ts"
import * as Html from "./Html.ts"
import * as Recorded from "./Recorded.ts"
import { ReportError } from "./ReportError.ts"
import { type Manifest, ofRun } from "./runReport.ts"

export { ReportError } from "./ReportError.ts"

const contentOf = Effect.fnUntraced(function*(directory: string, read: Recorded.Read) {
  const results = yield* Recorded.readJson(directory, "results.json")
  if (Option.isSome(results)) return yield* ofExperiment(directory, results.value as Results.Results, read)
  const manifest = yield* Recorded.readJson(directory, "manifest.json")
  if (Option.isSome(manifest)) return yield* ofRun(directory, manifest.value as Manifest)
  return yield* new ReportError({
    path: directory,
    reason: "there is no results.json or manifest.json: no experiment, no run"
  })
})

const unwritten = (path: string) => (error: PlatformError.PlatformError) =>
  new ReportError({
    path,
    reason: WholeFile.isDiskFull(error)
      ? "the disk is full; free some space and draw the report anew (finegrain report); what was written before is intact"
      : error.message
  })

const writeText = (file: string, text: string) =>
  Effect.mapError(WholeFile.write(file, new TextEncoder().encode(text)), unwritten(file))

/**
 * Writes `report.html`, one page that needs no network, and its figures as SVG files, into the directory of a run or an experiment;
 * each of them whole or not at all. Who draws an experiment again and again may give a reader that remembers its runs.
 *
 * Fails with ReportError where it is neither, or a file cannot be written.
 *
 * @internal
 */
export const write = Effect.fnUntraced(function*(directory: string, read: Recorded.Read = Recorded.read) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { after, before, figures, title } = yield* contentOf(directory, read)
  const drawn = yield* Effect.forEach(
    figures,
    (chart) => Effect.map(Chart.svg(chart), (svg) => ({ chart, svg }))
  )
  const folder = path.join(directory, "figures")
  yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true }), unwritten(folder))
  yield* Effect.forEach(drawn, ({ chart: { name }, svg }) => writeText(path.join(folder, `${name}.svg`), svg))
  const file = path.join(directory, "report.html")
  yield* writeText(
    file,
    Html.page(title, [
      ...before,
      ...drawn.map(({ chart: { caption, title }, svg }) => ({ _tag: "Figure" as const, title, caption, svg })),
      ...after
    ])
  )
  return file
})
