import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import { errorPercent } from "../experiment/Results.ts"
import * as RunFiles from "../training/RunFiles.ts"
import * as charts from "./charts.ts"
import type { Content } from "./content.ts"
import { evaluationTables } from "./evaluationTables.ts"
import * as pomCurves from "./pomCurves.ts"
import * as quantities from "./quantities.ts"
import * as RunRecord from "./RunRecord.ts"

const decodeSummary = RunFiles.decode(RunFiles.Summary, "summary")

const significant = (value: number | undefined): string => value === undefined ? "–" : value.toPrecision(4)

/**
 * The report of a run: its epochs as a table, its layers, and the figures of what it recorded.
 *
 * @internal
 */
export const ofRun = Effect.fnUntraced(function*(directory: string, manifest: RunFiles.Manifest) {
  const path = yield* Path.Path
  const recorded = yield* RunRecord.read(directory)
  const { damaged, epochs, evaluation, spectra, steps } = recorded
  const summary = yield* Effect.result(RunRecord.readOwn(directory, "summary.json", decodeSummary))
  const unreadable = Result.isFailure(summary) ? [...damaged, summary.failure.message] : damaged
  // A line without a name: there is but one.
  const alone = [{ ...recorded, row: "" }]
  const content: Content = {
    title: `Run ${path.basename(path.resolve(directory))}`,
    before: [
      ...unreadable.map((text) => ({ _tag: "Text" as const, text: `Not read: ${text}` })),
      {
        _tag: "Table",
        header: ["epoch", "train loss", "train error %", "test loss", "test error %"],
        rows: epochs.map(({ epoch, testAccuracy, testLoss, trainAccuracy, trainLoss }) => [
          String(epoch),
          trainLoss.toFixed(4),
          errorPercent(trainAccuracy).toFixed(2),
          testLoss.toFixed(4),
          errorPercent(testAccuracy).toFixed(2)
        ])
      },
      ...evaluationTables(evaluation),
      ...(spectra.length === 0 ? [] : [{
        _tag: "Table" as const,
        title: "Layers at the end",
        header: ["layer", "kernel", "largest singular value", "smallest", "norm of the operator"],
        rows: spectra.map(({ blocks, layer, operatorNorm, shape, singularValues, withoutOperatorNorm }) => [
          layer,
          `${blocks === undefined ? "" : `${blocks} of `}${shape.join(" × ")}`,
          significant(singularValues?.[0]),
          significant(singularValues?.at(-1)),
          withoutOperatorNorm ?? significant(operatorNorm)
        ])
      }])
    ],
    figures: [
      charts.lossCurve(steps),
      quantities.gradientNorm(alone),
      pomCurves.gradientNorms(alone),
      pomCurves.factors(alone),
      ...quantities.measuresOfRun(alone),
      quantities.spectra(alone),
      ...(manifest.layers ?? []).map(charts.manifoldMap)
    ].filter((chart) => chart !== undefined),
    after: [
      ...(Result.isSuccess(summary) && Option.isSome(summary.success)
        ? [{ _tag: "Json" as const, title: "Summary", value: summary.success.value }]
        : []),
      { _tag: "Json", title: "Manifest", value: { ...manifest, layers: undefined } }
    ]
  }
  return content
})
