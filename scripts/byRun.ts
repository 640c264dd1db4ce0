/** The runs of an experiment that count, and what was measured of them as a file with a line for each. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { counted } from "../src/choices/counted.ts"
import type * as Results from "../src/experiment/Results.ts"

/** Trials that completed, by results.json, in the order of their names: none is still running, cut off or put aside. */
export const completed = (directory: string, which: "all" | "finals"): ReadonlyArray<Results.TrialResult> => {
  const file = join(directory, "results.json")
  if (!existsSync(file)) throw new Error(`There is no ${file}: an experiment writes it when it ends`)
  const { cells } = JSON.parse(readFileSync(file, "utf8")) as Results.Results
  return cells.flatMap(({ candidates, finals }) => which === "all" ? candidates.concat(finals) : finals)
    .filter(({ status }) => status === "completed")
    .toSorted(({ id: a }, { id: b }) => a < b ? -1 : 1)
}

/** What the log of a run says, line by line. */
export const eventsOf = (directory: string, id: string): ReadonlyArray<unknown> =>
  readFileSync(join(directory, "trials", id, "events.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line))

/** The directory of the experiment that a script of this name is given. */
export const directoryGiven = (script: string): string => {
  const [directory] = process.argv.slice(2)
  if (directory === undefined) throw new Error(`scripts/${script}.ts DIRECTORY`)
  return directory
}

/** Six digits are more than the last bits of an engine agree in. */
const short = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(6)) : value

/** Writes values by the runs that they are of, numbers in six digits, as JSON whose changes can be read run by run. */
export const writeByRun = (file: string, values: Readonly<Record<string, unknown>>): void => {
  const lines = Object.entries(values).map(([id, value]) => `  ${JSON.stringify(id)}: ${JSON.stringify(value, short)}`)
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`)
}

/** Writes what is found of every run that completed, by its name, as a file beside the results, and says so. */
export const writeFound = (
  directory: string,
  name: string,
  which: "all" | "finals",
  ofRun: (id: string) => unknown
): void => {
  const file = join(directory, name)
  const found = completed(directory, which).map(({ id }) => [id, ofRun(id)] as const)
  writeByRun(file, Object.fromEntries(found))
  process.stdout.write(`${counted(found.length, "run")}: ${file}\n`)
}
