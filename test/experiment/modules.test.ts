import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import * as Catalogue from "../../src/choices/Catalogue.ts"
import * as Experiment from "../../src/experiment/Experiment.ts"
import { launchers } from "../../src/experiment/launchers/launchers.ts"
import * as Runner from "../../src/experiment/Runner.ts"

const open = <A, E>(work: Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) =>
  Effect.provide(Effect.scoped(work), NodeServices.layer)

const scratch = mkdtempSync(join(tmpdir(), "finegrain-modules-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const file = join(scratch, "mine.mjs")
const experiment = {
  name: "own",
  about: "Is it the same door?",
  use: ["mine.mjs"],
  base: { model: "mine" },
  rows: [{ name: "one", settings: { collection: "Sp" } }],
  seeds: [1, 2]
}

it("an experiment knows the entries of its modules, relative to its file", async () => {
  const problemsOf = () =>
    Effect.runPromise(
      Effect.match(Experiment.decode(experiment, "own.ts", { directory: scratch }), {
        onFailure: ({ message }) => message,
        onSuccess: ({ use }) => use
      })
    )
  expect(await problemsOf()).toBe(`Experiment own.ts: ${file} cannot be used: there is no such file`)
  writeFileSync(file, "export const models = { mine: { about: \"mine\", make() {} } }\n")
  expect(await problemsOf()).toEqual([file])
})

it("a trial of a grid whose module has changed since is not begun", async () => {
  const decoded = await Effect.runPromise(Experiment.decode(experiment, "own.ts", { directory: scratch }))
  const cells = await Effect.runPromise(Experiment.plan(decoded))
  const outcomes: Array<Runner.Outcome> = []
  const given = {
    name: "own",
    root: scratch,
    use: [],
    retry: false,
    directory: ({ id }: Experiment.Trial) => join(scratch, id)
  }
  const fleet = await Effect.runPromise(open(Catalogue.make(launchers, "local", { jobs: 1 }, given)))
  await Effect.runPromise(open(Runner.run(cells, fleet, {
    progress: () => Effect.void,
    said: () => Effect.void,
    // The module changes after the grid has begun, before its first trial.
    settled: () => Effect.as(Effect.sync(() => writeFileSync(file, "export const models = {}\n")), undefined),
    ended: (outcome) => Effect.sync(() => void outcomes.push(outcome))
  })))
  expect(outcomes.map(({ result }) => result)).toEqual([1, 2].map(() => ({
    _tag: "Failed",
    error: "DoorError",
    reason: expect.stringMatching(/^the grid was begun with other modules\. .*mine\.mjs has changed: its SHA-256 is /)
  })))
})
