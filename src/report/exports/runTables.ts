/** A run as tables. */
import { atEnd, type EndMeasure, type OfPoms, ofPoms, ofSteps, type PlacedReading } from "../../training/measures.ts"
import { perPoms } from "../../training/measures/steps.ts"
import { toJson } from "../../training/RunFiles.ts"
import type { EpochDone, StepDone } from "../../training/TrainingEvent.ts"
import type { LoggedRun } from "./LoggedRun.ts"
import { measured, type MeasuredRow } from "./readings.ts"
import * as Table from "./Table.ts"

const { field, integers, numbers } = Table

/** Names of what steps record, epochs and summaries as means. */
const stepNames = Object.keys(ofSteps) as ReadonlyArray<keyof typeof ofSteps>

/** What a summary says, as far as tables show it. */
type Summary = Omit<NonNullable<LoggedRun["summary"]>, "output" | "reason" | "seed" | "status">

/** What may have a summary. */
interface Summarized {
  readonly summary: Partial<Summary> | undefined
}

const ofSummary: ReadonlyArray<Table.Field<Partial<Summary>>> = [
  ...numbers("testAccuracy", "testLoss", "trainAccuracy", "trainLoss", ...stepNames, "seconds"),
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
    ...stepNames,
    "seconds",
    "imagesPerSecond"
  ),
  ...integers("normBoundViolations", "tensorsLeaked")
]

const stepFields: ReadonlyArray<Table.Field<StepDone>> = [
  ...integers("step", "epoch", "images"),
  ...numbers("loss", "rate", ...stepNames)
]

const measureFields: ReadonlyArray<Table.Field<MeasuredRow>> = [
  field("epoch", "integer", ({ epoch }) => epoch),
  field("measure", "text", ({ measure }) => measure),
  field("panel", "text", ({ panel }) => panel),
  field("line", "text", ({ line }) => line),
  ...numbers("value", "bound")
]

/** A POM in one of the steps that tell of them. */
interface PomRow extends Partial<Record<OfPoms, number | undefined>> {
  readonly step: number
  readonly pom: string
}

const pomNames = Object.keys(ofPoms) as ReadonlyArray<OfPoms>

const pomRow = (step: StepDone, pom: string): PomRow => ({
  step: step.step,
  pom,
  ...perPoms((name) => step[name]?.[pom])
})

const pomRows = (step: StepDone): ReadonlyArray<PomRow> =>
  [...new Set(pomNames.flatMap((name) => Object.keys(step[name] ?? {})))].map((pom) => pomRow(step, pom))

const pomFields: ReadonlyArray<Table.Field<PomRow>> = [
  field("step", "integer", ({ step }) => step),
  field("pom", "text", ({ pom }) => pom),
  ...numbers(...pomNames)
]

const endFields: ReadonlyArray<Table.Field<PlacedReading>> = [
  field("panel", "text", ({ panel }) => panel?.join(", ")),
  field("line", "text", ({ line }) => line),
  ...numbers("at", "value")
]

/** The run in one row, its epochs, steps, measures, POMs, and its end; tables without rows are left out. */
export const runTables = (run: LoggedRun): ReadonlyArray<Table.Table> => {
  const { ends, epochs, steps } = run
  return [
    Table.make("run", [run], runFields),
    Table.make("epochs", epochs, epochFields),
    Table.make("steps", steps, stepFields),
    Table.make("measures", epochs.flatMap(measured), measureFields),
    Table.make("poms", steps.flatMap(pomRows), pomFields),
    ...Object.entries<EndMeasure>(atEnd).map(([name, { figure }]) =>
      Table.make(name, name in ends ? figure?.readings(ends[name]) ?? [] : [], endFields)
    )
  ].filter((table) => Table.count(table) > 0)
}
