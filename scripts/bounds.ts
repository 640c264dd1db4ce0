/**
 * The bounds that every run of an experiment that completed measured at its end: bounds.json, to commit beside its
 * results. `node scripts/bounds.ts DIRECTORY`
 */
import { directoryGiven, eventsOf, writeFound } from "./byRun.ts"

const directory = directoryGiven("bounds")

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

writeFound(directory, "bounds.json", "all", ofRun)
