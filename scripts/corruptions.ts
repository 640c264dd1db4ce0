/**
 * What the networks of the final runs of an experiment make of corrupted test images, in percent: corruptions.json, to
 * commit beside its results. `node --conditions=finegrain:source scripts/corruptions.ts DIRECTORY`
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Backend, Catalogue, Corruptions, Run } from "finegrain"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type * as Results from "../src/experiment/Results.ts"

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error("scripts/corruptions.ts DIRECTORY")

const names = Catalogue.names(Corruptions.corruptions)

/** Accuracies by corruption and strength, of which `none` is that of the images as they are. */
const ofRun = Effect.fnUntraced(function*({ id, summary }: Results.TrialResult) {
  const { accuracy, corruptions } = yield* Run.evaluate(join(directory, "trials", id), {
    model: "last",
    corruptions: names
  })
  if (accuracy !== summary!.testAccuracy) {
    throw new Error(`${id} has accuracy ${accuracy}, not ${summary!.testAccuracy} as when it ended`)
  }
  return [id, { none: 100 * accuracy, ...corruptions }] as const
})

const { cells } = JSON.parse(readFileSync(join(directory, "results.json"), "utf8")) as Results.Results
const all = await Effect.runPromise(
  Effect.forEach(cells.flatMap(({ finals }) => finals), ofRun).pipe(
    Effect.provide([NodeServices.layer, Backend.layer("wasm", { accelerator: "auto" })])
  )
)
const lines = all.map(([id, accuracies]) => `  ${JSON.stringify(id)}: ${JSON.stringify(accuracies)}`)
writeFileSync(join(directory, "corruptions.json"), `{\n${lines.join(",\n")}\n}\n`)
