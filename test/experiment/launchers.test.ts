import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { expect, it } from "vitest"
import * as LauncherFlags from "../../cli/launcherFlags.ts"
import * as Experiment from "../../src/experiment/Experiment.ts"
import type * as Launcher from "../../src/experiment/launchers/Launcher.ts"
import { launchers } from "../../src/experiment/launchers/launchers.ts"
import * as Runner from "../../src/experiment/Runner.ts"
import type { RunSummary } from "../../src/training/Run.ts"

const experiment = Experiment.make({
  name: "chosen",
  about: "Which rate?",
  base: {},
  rows: [{ name: "Euc", settings: { collection: "Euc" } }, { name: "Sp", settings: { collection: "Sp" } }],
  seeds: [1, 2],
  selection: { setting: "learningRate", values: [0.1, 0.2], seed: 9, validationImages: 10 }
})

const completed = (trial: Experiment.Trial, testAccuracy: number): Launcher.Outcome => ({
  trial,
  result: { _tag: "Completed", summary: { testAccuracy } as RunSummary }
})

const failed = (trial: Experiment.Trial, isDisk: boolean): Launcher.Outcome => ({
  trial,
  result: { _tag: "Failed", error: "Crashed", reason: "it fell", isDisk }
})

/** A fleet that ends every trial at once, the last that was offered first. */
const fleetOf = (end: (trial: Experiment.Trial) => Launcher.Outcome, offers: Array<ReadonlyArray<string>>) => {
  const fleet: Launcher.Fleet = {
    about: "nowhere",
    offer: Effect.fnUntraced(function*(trials, { begin, ended }) {
      offers.push(trials.map(({ id }) => id))
      const taken = yield* Effect.filter(trials, begin)
      for (const trial of taken.toReversed()) yield* ended(end(trial))
    }),
    cancel: Effect.void
  }
  return fleet
}

const ran = async (
  end: (trial: Experiment.Trial) => Launcher.Outcome,
  settled: (trial: Experiment.Trial) => Launcher.Outcome | undefined = () => undefined
) => {
  const cells = await Effect.runPromise(Experiment.plan(experiment))
  const [offers, told]: [Array<ReadonlyArray<string>>, Array<string>] = [[], []]
  const error = await Effect.runPromise(
    Runner.run(cells, fleetOf(end, offers), {
      progress: () => Effect.void,
      said: () => Effect.void,
      settled: (trial) => Effect.sync(() => settled(trial)),
      ended: ({ trial }) => Effect.sync(() => void told.push(trial.id))
    }).pipe(
      Effect.match({ onFailure: (error) => error as Error | undefined, onSuccess: () => undefined }),
      Effect.provide(NodeServices.layer)
    )
  )
  return { offers, told, error }
}

const at = (rate: string) =>
  ["Euc", "Sp"].flatMap((row) => [1, 2].map((seed) => `${row}/small-cnn/seed-${seed}-${rate}`))
const candidates = ["Euc", "Sp"].flatMap((row) => ["0.1", "0.2"].map((rate) => `${row}/small-cnn/select-${rate}`))

it("a fleet is offered all candidates, then the seeds with what was chosen, in whatever order they end", async () => {
  const { error, offers, told } = await ran((trial) => completed(trial, trial.candidate === 0.2 ? 0.9 : 0.8))
  expect(error).toBeUndefined()
  expect(offers).toEqual([candidates, at("at-0.2")])
  expect(told).toEqual([...candidates.toReversed(), ...at("at-0.2").toReversed()])
})

it("what had ended before is told, not run, and still chooses", async () => {
  const { offers, told } = await ran(
    (trial) => completed(trial, trial.candidate === 0.2 ? 0.9 : 0.8),
    (trial) => trial.candidate === 0.1 ? completed(trial, 0.95) : undefined
  )
  expect(offers[1]).toEqual(at("at-0.1"))
  expect(told).toHaveLength(8)
})

it("where a candidate failed nothing is chosen, and the other row goes on", async () => {
  const { offers } = await ran((trial) => trial.id === candidates[0] ? failed(trial, false) : completed(trial, 0.5))
  expect(offers[1]).toEqual(at("at-0.1").slice(2))
})

it("a disk that is full stops the grid by whatever launcher", async () => {
  const { error, offers, told } = await ran((trial) => failed(trial, true))
  expect([error?.name, offers.length, told.length]).toEqual(["GridStopped", 1, 1])
})

it("a flag of another launcher is refused by name", async () => {
  const refused = (name: string, flags: Readonly<Record<string, unknown>>) =>
    Effect.runPromise(
      Effect.match(
        LauncherFlags.decode(
          name,
          Object.fromEntries(Object.entries(flags).map(([key, value]) => [key, Option.some(value)]))
        ),
        { onFailure: (problems) => problems, onSuccess: () => [] }
      )
    )
  expect(await refused("local", { jobs: 2 })).toEqual([])
  expect(await refused("local", { jobs: 0 })).toEqual(["--jobs must be a value greater than or equal to 1, not 0"])
  for (const name of Object.keys(launchers).filter((name) => name !== "local")) {
    expect(await refused(name, { jobs: 2 })).toContain("--jobs: only the local launcher has it")
  }
})
