import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import { orDash } from "../choices/orDash.ts"
import { errorPercent } from "../experiment/Results.ts"
import type { Evaluation } from "../training/Answers.ts"
import { atEnd, type EndMeasure } from "../training/measures.ts"
import * as RunFiles from "../training/RunFiles.ts"
import * as RunLock from "../training/RunLock.ts"
import * as charts from "./charts.ts"
import { confusionMatrix } from "./confusion.ts"
import type { Content } from "./content.ts"
import { endFigures } from "./endFigures.ts"
import { measuresOfRun } from "./epochFigures.ts"
import { pomFigures } from "./pomCurves.ts"
import * as RunRecord from "./RunRecord.ts"
import { shares } from "./shares.ts"
import { stepFigures } from "./stepFigures.ts"
import * as words from "./words.ts"

const cell = (value: number, digits: number) => orDash(value, (known) => known.toFixed(digits))

/** Tables of what was measured at the end. */
const tablesOf = (ends: RunRecord.RunRecord["ends"]) =>
  Object.entries<EndMeasure>(atEnd).flatMap(([name, { tables }]) =>
    name in ends
      ? (tables?.(ends[name]) ?? []).map(({ header, rows, title }) => ({ _tag: "Table" as const, title, header, rows }))
      : []
  )

/**
 * The report of a run: its epochs as a table, its layers, and the figures of what it recorded.
 *
 * @internal
 */
export const ofRun = Effect.fnUntraced(function*(directory: string, manifest: RunFiles.Manifest) {
  const path = yield* Path.Path
  const recorded = yield* RunRecord.read(directory)
  const { damaged, ends, epochs, steps } = recorded
  const summary = yield* Effect.result(RunRecord.readOwn(directory, "summary.json", RunFiles.decodeSummary))
  const unreadable = Result.isFailure(summary) ? [...damaged, summary.failure.message] : damaged
  const isRunning = yield* RunLock.isHeld(path.join(directory, "run.lock"))
  const { status = "killed" } = Result.isSuccess(summary) ?
    Option.getOrElse(summary.success, () => ({})) as Partial<
      RunFiles.Summary
    > :
    {}
  // A line without a name: there is but one.
  const alone = [{ ...recorded, row: "" }]
  const content: Content = {
    title: `Run ${path.basename(path.resolve(directory))}`,
    before: [
      { _tag: "Headline", text: words.ofRun(manifest, epochs, isRunning ? "at work" : status) },
      ...unreadable.map((text) => ({ _tag: "Text" as const, text: `Not read: ${text}` })),
      {
        _tag: "Table",
        header: ["epoch", "train loss", "train error %", "test loss", "test error %"],
        rows: epochs.map(({ epoch, testAccuracy, testLoss, trainAccuracy, trainLoss }) => [
          String(epoch),
          cell(trainLoss, 4),
          cell(errorPercent(trainAccuracy), 2),
          cell(testLoss, 4),
          cell(errorPercent(testAccuracy), 2)
        ])
      }
    ],
    // What came out of it first, then how.
    figures: [
      ...measuresOfRun(alone),
      "evaluation" in ends ? confusionMatrix(ends["evaluation"] as Evaluation) : undefined,
      charts.lossCurve(steps),
      ...[...stepFigures, ...pomFigures, shares, ...endFigures].map((figure) => figure(alone)),
      ...(manifest.layers ?? []).map(charts.manifoldMap)
    ].filter((chart) => chart !== undefined),
    after: [
      ...tablesOf(ends),
      ...(Result.isSuccess(summary) && Option.isSome(summary.success)
        ? [{ _tag: "Json" as const, title: "Summary", value: summary.success.value }]
        : []),
      { _tag: "Json", title: "Manifest", value: { ...manifest, layers: undefined } }
    ],
    isRunning
  }
  return content
})
