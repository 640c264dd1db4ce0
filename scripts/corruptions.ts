/**
 * What the networks of the final runs of an experiment that completed make of corrupted test images, in percent:
 * corruptions.json, to commit beside its results; minutes a network, so that what is there of them already is kept.
 * `node --conditions=finegrain:source scripts/corruptions.ts DIRECTORY`
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { Backend, Catalogue, Corruptions, Run } from "finegrain"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type * as Results from "../src/experiment/Results.ts"
import { completed, directoryGiven, writeByRun } from "./byRun.ts"

const directory = directoryGiven("corruptions")

const names = Catalogue.names(Corruptions.corruptions)

/** Saved models scale and normalize raw images by themselves, so that rounding decides a few images otherwise. */
const rounding = 1e-3

/** Accuracies by corruption and strength, of which `none` is that of the images as they are. */
const ofRun = Effect.fnUntraced(function*({ id, summary }: Results.TrialResult) {
  const { accuracy, corruptions } = yield* Run.evaluate(join(directory, "trials", id), {
    model: "last",
    corruptions: names
  })
  if (!(Math.abs(accuracy - summary!.testAccuracy!) <= rounding)) {
    throw new Error(`${id} has accuracy ${accuracy}, not ${summary!.testAccuracy} as when it ended`)
  }
  return { none: 100 * accuracy, ...corruptions }
})

const file = join(directory, "corruptions.json")
const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) as Record<string, { none: number }> : {}

const isOf = ({ id, summary }: Results.TrialResult) =>
  Math.abs((before[id]?.none ?? Number.NaN) / 100 - summary!.testAccuracy!) <= rounding

const finals = completed(directory, "finals")
const all: Record<string, object> = Object.fromEntries(finals.filter(isOf).map(({ id }) => [id, before[id]!]))
const missing = finals.filter(({ id }) => !Object.hasOwn(all, id))
await Effect.runPromise(
  Effect.forEach(missing, (trial) =>
    Effect.map(ofRun(trial), (accuracies) => {
      all[trial.id] = accuracies
      writeByRun(file, all)
    }), { discard: true }).pipe(
      Effect.provide([NodeServices.layer, Backend.layer("wasm", { accelerator: "auto" })])
    )
)
