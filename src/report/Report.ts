import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as Results from "../experiment/Results.ts"
import type { LayerSpectrum } from "../NetworkSpectra.ts"
import type { EpochDone, Event, StepDone } from "../Trainer.ts"
import * as Chart from "./Chart.ts"
import * as charts from "./charts.ts"
import * as Html from "./Html.ts"

/** A directory that is neither that of a run nor that of an experiment, or files in it that cannot be read or written. */
export class ReportError extends Schema.TaggedError<ReportError>()("ReportError", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.reason}`
  }
}

/** What a report is made of. */
interface Content {
  readonly title: string
  readonly before: ReadonlyArray<Html.Section>
  readonly figures: ReadonlyArray<Chart.Chart>
  readonly after: ReadonlyArray<Html.Section>
}

const failing = (path: string) => (error: { readonly message: string }) =>
  new ReportError({ path, reason: error.message })

const readText = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.asSome(fs.readFileString(file)).pipe(
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeedNone),
    Effect.mapError(failing(file))
  )
})

/** Numbers that JSON does not have are written as text. */
const numbers = (_: string, value: unknown): unknown =>
  value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value

const parse = (file: string, text: string): Effect.Effect<unknown, ReportError> =>
  Effect.try({
    try: (): unknown => JSON.parse(text, numbers),
    catch: (error) => new ReportError({ path: file, reason: `it is not JSON (${(error as Error).message})` })
  })

const readJson = Effect.fnUntraced(function*(directory: string, name: string) {
  const path = yield* Path.Path
  const file = path.join(directory, name)
  const text = yield* readText(file)
  return Option.isNone(text) ? Option.none<unknown>() : Option.some(yield* parse(file, text.value))
})

/** The events of a run that can be read; the last line of one that was killed may be cut off. */
const readEvents = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const text = Option.getOrElse(yield* readText(path.join(directory, "events.jsonl")), () => "")
  return text.split("\n").flatMap((line): ReadonlyArray<Event> => {
    try {
      return line === "" ? [] : [JSON.parse(line, numbers) as Event]
    } catch {
      return []
    }
  })
})

const epochsOf = (events: ReadonlyArray<Event>) =>
  events.filter((event): event is EpochDone => event._tag === "EpochDone")
const stepsOf = (events: ReadonlyArray<Event>) => events.filter((event): event is StepDone => event._tag === "StepDone")

interface Manifest {
  readonly config?: unknown
  readonly layers?: ReadonlyArray<charts.LayerPlan>
}

const significant = (value: number | undefined): string => value === undefined ? "–" : value.toPrecision(4)

const ofRun = Effect.fnUntraced(function*(directory: string, manifest: Manifest) {
  const path = yield* Path.Path
  const events = yield* readEvents(directory)
  const [epochs, steps] = [epochsOf(events), stepsOf(events)]
  const summary = yield* readJson(directory, "summary.json")
  const spectra = Option.getOrElse(yield* readJson(directory, "spectra.json"), () => []) as ReadonlyArray<LayerSpectrum>
  const content: Content = {
    title: `Run ${path.basename(path.resolve(directory))}`,
    before: [
      {
        _tag: "Table",
        header: ["epoch", "train loss", "train error %", "test loss", "test error %"],
        rows: epochs.map(({ epoch, testAccuracy, testLoss, trainAccuracy, trainLoss }) => [
          String(epoch),
          trainLoss.toFixed(4),
          (100 * (1 - trainAccuracy)).toFixed(2),
          testLoss.toFixed(4),
          (100 * (1 - testAccuracy)).toFixed(2)
        ])
      },
      ...(spectra.length === 0 ? [] : [{
        _tag: "Table" as const,
        title: "Layers at the end",
        header: ["layer", "kernel", "largest singular value", "smallest", "norm of the operator"],
        rows: spectra.map(({ layer, operatorNorm, shape, singularValues }) => [
          layer,
          shape.join(" × "),
          significant(singularValues?.[0]),
          significant(singularValues?.at(-1)),
          significant(operatorNorm)
        ])
      }])
    ],
    figures: [
      ...(steps.length === 0 ? [] : [charts.lossCurve(steps)]),
      ...[charts.factorCurves(steps)].filter((chart) => chart !== undefined),
      ...(epochs.length === 0 ? [] : [charts.normCurves(epochs)]),
      ...[charts.spectra(spectra)].filter((chart) => chart !== undefined),
      ...(manifest.layers ?? []).flatMap((layer) => charts.manifoldMap(layer) ?? [])
    ],
    after: [
      ...(Option.isSome(summary) ? [{ _tag: "Json" as const, title: "Summary", value: summary.value }] : []),
      { _tag: "Json", title: "Manifest", value: { ...manifest, layers: undefined } }
    ]
  }
  return content
})

const ofExperiment = Effect.fnUntraced(function*(directory: string, results: Results.Results) {
  const path = yield* Path.Path
  const columns = [...new Set(results.cells.map(({ column }) => column))]
  const [header, rows] = Results.table(results)
  const curves = yield* Effect.forEach(
    results.cells.flatMap(({ column, finals, row }) => finals.map(({ id, seed }) => ({ id, seed, row, column }))),
    ({ column, id, row, seed }) =>
      Effect.map(readEvents(path.join(directory, "trials", id)), (events) => ({
        column,
        row,
        seed,
        epochs: epochsOf(events),
        steps: stepsOf(events)
      }))
  )
  const perColumn = columns.flatMap((column) => {
    const cells = results.cells.filter((cell) => cell.column === column)
    const own = curves.filter((curve) => curve.column === column)
    const titled = (chart: Chart.Chart): Chart.Chart => ({
      ...chart,
      name: `${chart.name}-${column}`,
      title: `${chart.title}, ${column}`
    })
    const dots = cells.flatMap(({ error, finals, row }) =>
      error === undefined ? [] : [{
        row,
        values: finals.flatMap(({ summary }) =>
          summary?.testAccuracy === undefined ? [] : [100 * (1 - summary.testAccuracy)]
        ),
        mean: error.mean,
        halfWidth: error.halfWidth
      }]
    )
    return [
      charts.errorDots(dots),
      charts.errorCurves(own),
      charts.gapCurves(own),
      charts.gradientCurves(own),
      charts.boundCurves(own)
    ].filter((chart) => chart !== undefined).map(titled)
  })
  const content: Content = {
    title: `${results.name}${results.smoke ? " (smoke run)" : ""}`,
    before: [{ _tag: "Text", text: results.about }, { _tag: "Table", header, rows }],
    figures: perColumn,
    after: [{ _tag: "Json", title: "Results", value: results }]
  }
  return content
})

/**
 * Writes `report.html`, one page that needs no network, and its figures as SVG files, into the directory of a run or an experiment.
 *
 * Fails with ReportError where it is neither.
 *
 * @internal
 */
export const write = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const results = yield* readJson(directory, "results.json")
  const manifest = yield* readJson(directory, "manifest.json")
  if (Option.isNone(results) && Option.isNone(manifest)) {
    return yield* new ReportError({
      path: directory,
      reason: "there is no results.json or manifest.json: no experiment, no run"
    })
  }
  const content = Option.isSome(results)
    ? yield* ofExperiment(directory, results.value as Results.Results)
    : yield* ofRun(directory, Option.getOrThrow(manifest) as Manifest)
  const drawn = yield* Effect.forEach(
    content.figures,
    (chart) => Effect.map(Chart.svg(chart), (svg) => ({ chart, svg }))
  )
  const figures = path.join(directory, "figures")
  const file = path.join(directory, "report.html")
  yield* Effect.gen(function*() {
    yield* fs.makeDirectory(figures, { recursive: true })
    yield* Effect.forEach(
      drawn,
      ({ chart: { name }, svg }) => fs.writeFileString(path.join(figures, `${name}.svg`), svg)
    )
    yield* fs.writeFileString(
      file,
      Html.page(content.title, [
        ...content.before,
        ...drawn.map(({ chart: { caption, title }, svg }) => ({ _tag: "Figure" as const, title, caption, svg })),
        ...content.after
      ])
    )
  }).pipe(Effect.mapError(failing(directory)))
  return file
})
