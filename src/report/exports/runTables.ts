/** A run as tables. */
import { toJson } from "../../training/RunDirectory.ts"
import type { EpochDone, StepDone } from "../../training/TrainingEvent.ts"
import type { LoggedRun } from "./LoggedRun.ts"
import { measured, type MeasuredRow } from "./readings.ts"
import * as Table from "./Table.ts"

const { field, integers, numbers } = Table

/** What a summary says, as far as tables show it. */
type Summary = Omit<NonNullable<LoggedRun["summary"]>, "output" | "reason" | "seed" | "status">

/** What may have a summary. */
interface Summarized {
  readonly summary: Partial<Summary> | undefined
}

const ofSummary: ReadonlyArray<Table.Field<Partial<Summary>>> = [
  ...numbers("testAccuracy", "testLoss", "trainAccuracy", "trainLoss", "gradientNorm", "seconds"),
  ...integers("epochs", "steps", "tensorsLeaked", "normBoundViolations"),
  field("weightsSha256", "text", ({ weightsSha256 }) => weightsSha256)
]

/** Columns of a summary, empty where there is none, in a table of one run or of many. */
export const summaryFields = Table.within(({ summary }: Summarized) => summary, ofSummary)

const runFields: ReadonlyArray<Table.Field<LoggedRun>> = [
  field("status", "text", ({ summary }) => summary?.status ?? "not ended"),
  field("seed", "integer", ({ config }) => typeof config["seed"] === "number" ? config["seed"] : undefined),
  ...summaryFields,
  field("settings", "text", ({ config }) => toJson(config))
]

/** Columns of the table of epochs. */
export const epochFields: ReadonlyArray<Table.Field<EpochDone>> = [
  ...integers("epoch", "step"),
  ...numbers(
    "trainLoss",
    "trainAccuracy",
    "testLoss",
    "testAccuracy",
    "gradientNorm",
    "seconds",
    "imagesPerSecond"
  ),
  ...integers("normBoundViolations", "tensorsLeaked")
]

const stepFields: ReadonlyArray<Table.Field<StepDone>> = [
  ...integers("step", "epoch", "images"),
  ...numbers("loss", "rate", "gradientNorm")
]

const measureFields: ReadonlyArray<Table.Field<MeasuredRow>> = [
  field("epoch", "integer", ({ epoch }) => epoch),
  field("measure", "text", ({ measure }) => measure),
  field("panel", "text", ({ panel }) => panel),
  field("line", "text", ({ line }) => line),
  ...numbers("value", "bound")
]

/** A POM in one of the steps that tell of them. */
interface PomRow {
  readonly step: number
  readonly pom: string
  readonly factor: number | undefined
  readonly gradientNorm: number | undefined
}

const pomRows = ({ factors = {}, gradientNorms = {}, step }: StepDone): ReadonlyArray<PomRow> =>
  [...new Set([...Object.keys(factors), ...Object.keys(gradientNorms)])].map((pom) => ({
    step,
    pom,
    factor: factors[pom],
    gradientNorm: gradientNorms[pom]
  }))

const pomFields: ReadonlyArray<Table.Field<PomRow>> = [
  field("step", "integer", ({ step }) => step),
  field("pom", "text", ({ pom }) => pom),
  ...numbers("factor", "gradientNorm")
]

interface SpectrumRow {
  readonly layer: string
  readonly place: number
  readonly singularValue: number
}

const spectrumFields: ReadonlyArray<Table.Field<SpectrumRow>> = [
  field("layer", "text", ({ layer }) => layer),
  ...integers("place"),
  ...numbers("singularValue")
]

/** The run in one row, its epochs, steps, measures, POMs and spectra; tables without rows are left out. */
export const runTables = (run: LoggedRun): ReadonlyArray<Table.Table> => {
  const { epochs, spectra, steps } = run
  return [
    Table.make("run", [run], runFields),
    Table.make("epochs", epochs, epochFields),
    Table.make("steps", steps, stepFields),
    Table.make("measures", epochs.flatMap(measured), measureFields),
    Table.make("poms", steps.flatMap(pomRows), pomFields),
    Table.make(
      "spectra",
      spectra.flatMap(({ layer, singularValues = [] }) =>
        singularValues.map((singularValue, i) => ({ layer, place: i + 1, singularValue }))
      ),
      spectrumFields
    )
  ].filter((table) => Table.count(table) > 0)
}
