/**
 * The bounds that every run of an experiment measured at its end, if it came there: bounds.json, to commit beside its
 * results. `node scripts/bounds.ts DIRECTORY`
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { counted } from "../src/choices/counted.ts"
import { writeByRun } from "./byRun.ts"

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error("scripts/bounds.ts DIRECTORY")

interface Event {
  readonly _tag: string
  readonly bounds?: Readonly<Record<"perPom" | "perLayer", Readonly<Record<string, number>>>>
}

/** Six digits are more than the last bits of an engine agree in. */
const short = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(6)) : value

const ofRun = (events: string) => {
  const last = readFileSync(events, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Event)
    .findLast(({ _tag }) => _tag === "EpochDone")
  if (last?.bounds === undefined) throw new Error(`${events} measured no bounds: train with measureBounds`)
  return last.bounds
}

const trials = join(directory, "trials")
const hasEnded = (events: string) => {
  const { status } = JSON.parse(readFileSync(join(dirname(events), "summary.json"), "utf8")) as { status: string }
  return status === "completed"
}
const all = globSync(join(trials, "*/*/*/events.jsonl")).filter(hasEnded).toSorted()
  .map((events) => [relative(trials, dirname(events)), ofRun(events)])
writeByRun(join(directory, "bounds.json"), Object.fromEntries(all), short)
process.stdout.write(`${counted(all.length, "run")}: ${join(directory, "bounds.json")}\n`)
