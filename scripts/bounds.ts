/**
 * The bounds that every run of an experiment that completed measured at its end: bounds.json, to commit beside its
 * results. `node scripts/bounds.ts DIRECTORY`
 */
import { join } from "node:path"
import { counted } from "../src/choices/counted.ts"
import { completed, eventsOf, writeByRun } from "./byRun.ts"

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error("scripts/bounds.ts DIRECTORY")

interface Event {
  readonly _tag: string
  readonly bounds?: Readonly<Record<"perPom" | "perLayer", Readonly<Record<string, number>>>>
}

const ofRun = (id: string) => {
  const events = eventsOf(directory, id) as ReadonlyArray<Event>
  const last = events.findLast(({ _tag }) => _tag === "EpochDone")
  if (last?.bounds === undefined) throw new Error(`${id} measured no bounds: train with measureBounds`)
  return last.bounds
}

const all = completed(directory, "all").map(({ id }) => [id, ofRun(id)] as const)
writeByRun(join(directory, "bounds.json"), Object.fromEntries(all))
process.stdout.write(`${counted(all.length, "run")}: ${join(directory, "bounds.json")}\n`)
