import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { Backend, Experiment, Run } from "finegrain"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { trialsOf } from "../../src/experiment/cells.ts"
import * as choose from "../../src/experiment/choose.ts"
import { differences } from "../../src/experiment/differences.ts"
import * as ExperimentDirectory from "../../src/experiment/ExperimentDirectory.ts"
import * as halving from "../../src/experiment/halving.ts"
import * as Ledger from "../../src/experiment/Ledger.ts"
import * as Results from "../../src/experiment/Results.ts"
import * as Runner from "../../src/experiment/Runner.ts"
import * as shard from "../../src/experiment/shard.ts"
import { finegrain } from "../commandLine.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-halving-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
writeTinyDataset(scratch)

const experiment = (
  search: Partial<Experiment.Search> = {},
  more: Partial<Experiment.Experiment> = {}
): Experiment.Experiment => ({
  name: "halved",
  about: "",
  base: { dataset: scratch, epochs: 4, batchSize: 48, backend: "wasm", threads: 1 },
  rows: [{ name: "Euc", settings: { collection: "Euc" } }],
  seeds: [1],
  selection: {
    candidates: 4,
    how: "successive-halving",
    factor: 2,
    epochs: 1,
    over: { learningRate: { from: 0.01, to: 0.3 } },
    seed: 9,
    validationImages: 16,
    ...search
  },
  ...more
})

const times = <A>(count: number, value: A) => Array.from({ length: count }, () => value)

const plan = (own: Experiment.Experiment) => Effect.runSync(Experiment.plan(own))
const problems = (own: Experiment.Experiment) => Effect.runSync(Effect.flip(Experiment.plan(own))).problems

describe("the plan of successive halving", () => {
  it("is that of the literature", () => {
    // Li et al. 2018, table 1, the bracket s = 4 of R = 81, η = 3, without its last rung, which has nothing to choose.
    expect(halving.rungs({ candidates: 81, epochs: 1, factor: 3 })).toEqual([
      { candidates: 81, epochs: 1 },
      { candidates: 27, epochs: 3 },
      { candidates: 9, epochs: 9 },
      { candidates: 3, epochs: 27 }
    ])
    expect(halving.rungs({ candidates: 7, epochs: 2 })).toEqual([{ candidates: 7, epochs: 2 }, {
      candidates: 2,
      epochs: 6
    }])
  })

  it("has in each rung one in η of the one before, for η times as long, while two are left", () => {
    fc.assert(fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 300 }),
      (factor, epochs, more) => {
        const n = 2 * factor + more
        const all = halving.rungs({ candidates: n, epochs, factor })
        expect(all.length).toBeGreaterThan(1)
        for (const [i, rung] of all.entries()) {
          expect(rung).toEqual({ candidates: Math.floor(n / factor ** i), epochs: epochs * factor ** i })
          // No rung costs more than the first.
          expect(rung.candidates * rung.epochs).toBeLessThanOrEqual(n * epochs)
        }
        const last = all.at(-1)!.candidates
        expect(last >= 2 && last < 2 * factor).toBe(true)
      }
    ))
  })

  it("is one of trials with directories of their own, each with the epochs of its rung", () => {
    const [cell] = plan(experiment())
    const [second] = cell!.later
    expect([cell!.candidates.length, cell!.later.length, second!.survivors]).toEqual([4, 1, 2])
    expect(cell!.candidates.map(({ config, rung }) => [config.epochs, rung])).toEqual(times(4, [1, 1]))
    expect(second!.trials.map(({ config, rung }) => [config.epochs, rung])).toEqual(times(4, [2, 2]))
    expect(second!.trials.map(({ candidate }) => candidate)).toEqual(cell!.candidates.map(({ candidate }) => candidate))
    const ids = [...cell!.candidates, ...second!.trials].map(({ id }) => id)
    expect(new Set(ids).size).toBe(8)
    expect(ids[4]).toMatch(/^Euc\/small-cnn\/select-rung-2-learningRate_0\.\d+$/)
    expect(trialsOf(cell!)).toHaveLength(7)
    expect(cell!.finals(cell!.candidates[0]!.candidate)[0]!.config.epochs).toBe(4)
    // A smoke run tries two candidates once.
    const [smoke] = Effect.runSync(Experiment.plan(experiment(), { smoke: true }))
    expect([smoke!.candidates.length, smoke!.later.length, smoke!.candidates[0]!.config.epochs]).toEqual([2, 0, 4])
  })

  it.each<[Partial<Experiment.Search>, string]>([
    [{ candidates: 3 }, "successive-halving of 3 candidates by 2 leaves 1 after its first rung"],
    [{ factor: 1 }, "factor must be at least 2"],
    [{ how: "random" }, "factor belongs to successive-halving, and the search is random"],
    [{ candidates: 16 }, "the last of 4 rungs trains for 8 epochs, and final runs for 4"],
    [{ over: { epochs: [1, 2] } }, "cannot choose epochs, which successive-halving sets"]
  ])("is refused by name: %o", (search, text) => {
    expect(problems(experiment(search)).join("\n").replace("the factor of successive-halving must", "factor must"))
      .toContain(text)
  })

  it("is refused without the epochs of its first rung, and where a schedule has no room in them", () => {
    const { epochs: _, ...selection } = experiment().selection as Experiment.Search
    expect(problems({ ...experiment(), selection })).toEqual([
      "successive-halving needs epochs: those of its first rung"
    ])
    const base = { ...experiment().base, schedule: "warmup(2 epochs) then cosine" }
    expect(problems(experiment({}, { base })).join()).toMatch(/runs of 1 epoch that choose \(row "Euc"/)
    const plain = { ...experiment({}, { base }), selection: { ...selection, how: "random", epochs: 1 } as const }
    const { factor: _factor, ...random } = plain.selection
    expect(problems({ ...plain, selection: random }).join()).toMatch(/runs of 1 epoch that choose/)
  })

  it("has the settings of its candidates in its first rung, those that others need among them", () => {
    const rows = [{
      name: "Sp",
      settings: { collection: "Sp", ratesAfterRule: true },
      search: { "rates.recommended": { from: 0.25, to: 4 } }
    }]
    expect(plan(experiment({}, { rows }))[0]!.candidates[0]!.config).toMatchObject({ epochs: 1, ratesAfterRule: true })
  })
})

it("goes on where only the usual factor is said in words, and not with another", () => {
  const { factor: _, ...selection } = experiment({ candidates: 8 }).selection as Experiment.Search
  const searching = (factor?: number) => ({
    experiment: { ...experiment(), selection: { ...selection, ...(factor === undefined ? {} : { factor }) } },
    smoke: false
  })
  expect(differences(searching(), searching(3))).toEqual([])
  expect(differences(searching(), searching(2))).toEqual(["the factor of the search was 3, now it is 2"])
})

describe("what is chosen rung by rung", () => {
  const cell = plan(experiment({ candidates: 8 }))[0]!
  const number = new Map(cell.candidates.map(({ candidate }, i) => [candidate, i]))
  const chosen = (known: (candidate: number, rung: number) => number | "diverged" | undefined) => {
    const { chosen, trials } = choose.choice(cell, ({ candidate, rung }) => {
      const found = known(number.get(candidate)!, rung!)
      return found === undefined ? undefined : { isSettled: true, accuracy: found === "diverged" ? undefined : found }
    })
    return { chosen: number.get(chosen), trials: trials.map(({ candidate, rung }) => [rung, number.get(candidate)!]) }
  }

  it("is the best of the last rung, whatever the first said", () => {
    const { chosen: best, trials } = chosen((i, rung) => rung === 1 ? i / 10 : -i / 10)
    expect(trials.slice(8)).toEqual([[2, 4], [2, 5], [2, 6], [2, 7], [3, 4], [3, 5]])
    expect(best).toBe(4)
  })

  it("waits for every trial of a rung, and begins no other before", () => {
    expect(chosen(() => undefined)).toEqual({ chosen: undefined, trials: cell.candidates.map((_, i) => [1, i]) })
    const { chosen: best, trials } = chosen((i, rung) => rung === 2 && i === 5 ? undefined : i / 10)
    expect([best, trials.length]).toEqual([undefined, 12])
  })

  it("leaves out what diverged, takes the earlier of equals, and a candidate that is left alone", () => {
    expect(chosen((i) => i >= 6 ? "diverged" : 0.5).trials.slice(8)).toEqual(
      [[2, 0], [2, 1], [2, 2], [2, 3], [3, 0], [3, 1]]
    )
    const alone = chosen((i, rung) => i === 3 || rung === 2 ? 0.5 : "diverged")
    expect([alone.chosen, alone.trials.length]).toEqual([3, 8])
    expect(chosen(() => "diverged").chosen).toBe(undefined)
  })

  it("never takes more trials than are planned, nor a survivor that was not among the best", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ noNaN: true, min: 0, max: 1 })), { minLength: 24, maxLength: 24 }), (
        accuracies
      ) => {
        const of = (i: number, rung: number) => accuracies[8 * (rung - 1) + i] ?? undefined
        const { trials } = chosen((i, rung) => of(i, rung) ?? "diverged")
        expect(trials.length).toBeLessThan(trialsOf(cell).length)
        for (const [rung, i] of trials.filter(([rung]) => rung! > 1)) {
          const going = new Set(trials.filter(([other]) => other === rung).map(([, other]) => other!))
          const before = trials.filter(([other]) => other === rung! - 1).map(([, other]) => other!)
          const better = before.filter((other) => (of(other, rung! - 1) ?? -1) > (of(i!, rung! - 1) ?? -1))
          expect(better.every((other) => going.has(other))).toBe(true)
        }
      })
    )
  })
})

describe("a grid that is halved", () => {
  const at = (...parts: ReadonlyArray<string>) => join(scratch, ...parts)
  const rows = ["Euc", "Sp"].map((name) => ({ name, settings: { collection: name } }))
  const own = experiment({}, { rows })

  /** Trials one after the other in this process, in a directory of their own, from wherever they stand. */
  const run = (output: string, part?: shard.Shard, resume = false) =>
    Effect.runPromise(
      Effect.gen(function*() {
        const stored = { experiment: own, smoke: false, ...(part && { shard: part }) }
        const { trials } = yield* ExperimentDirectory.open(at(output), stored, resume)
        const ledger = yield* Ledger.make(at(output))
        const cells = part === undefined ? plan(own) : shard.take(plan(own), part)
        const offers: Array<ReadonlyArray<string>> = []
        const fleet: Runner.Fleet = {
          about: "here",
          offer: (all, { begin, ended }) =>
            Effect.forEach(all, (trial, i) =>
              Effect.gen(function*() {
                if (i === 0) offers.push(all.map(({ id }) => id))
                if (!(yield* begin(trial))) return
                const training = Run.train(trial.config, join(trials, trial.id), () => Effect.void, { resume: true })
                const summary = yield* Effect.orDie(training.pipe(
                  Effect.provide([NodeServices.layer, Backend.wasm])
                ))
                yield* ended({ trial, result: { _tag: "Completed", summary } })
              }), { discard: true }),
          cancel: Effect.void
        }
        yield* Runner.run(cells, fleet, {
          progress: () => Effect.void,
          said: () => Effect.void,
          settled: () => Effect.succeed(undefined),
          ended: ({ trial }) => ledger.ended(trial.id, undefined)
        })
        return { offers, results: yield* ledger.write }
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
    )

  const bits = ({ cells }: { readonly cells: ReadonlyArray<Results.CellResult> }) =>
    cells.map(({ chosen, finals }) => [chosen, finals.map(({ summary }) => summary?.weightsSha256)])

  it("trains rung by rung, also in shards, shows the rungs, and goes on where it was", async () => {
    const parts = []
    for (const index of [1, 2]) parts.push(await run(`part-${index}`, { index, count: 2 }))
    // All candidates, the better half of them anew, and the seed with what was chosen.
    expect(parts.map(({ offers }) => offers.map(({ length }) => length))).toEqual([[4, 2, 1], [4, 2, 1]])
    await finegrain("report", "--merge", at("part-1"), at("part-2"), "--output", at("joined"))
    const joined = JSON.parse(readFileSync(at("joined", "results.json"), "utf8")) as Results.Results
    for (const { candidates, chosen, finals } of joined.cells) {
      expect(candidates.map(({ config, rung }) => [rung, config["epochs"]])).toEqual(
        [...times(4, [1, 1]), ...times(2, [2, 2])]
      )
      expect(candidates.slice(4).map(({ candidate }) => candidate)).toContain(chosen)
      expect(finals.map(({ status }) => status)).toEqual(["completed"])
    }
    expect(bits(joined)).toEqual([bits(parts[0]!.results)[0], bits(parts[1]!.results)[1]])
    expect(readFileSync(at("joined", "table.md"), "utf8"))
      .toContain("Chosen by successive halving: 4 candidates of 1 epoch, then 2 candidates of 2 epochs.")
    // A cell that has chosen nothing yet, or can choose nothing, is not said to have chosen.
    const [first, second] = joined.cells as [Results.CellResult, Results.CellResult]
    const half = Results.markdown({ ...joined, cells: [{ ...first, chosen: undefined }, second] })
    expect(half).toContain("4 candidates of 1 epoch, then 2 candidates of 2 epochs (Sp, small-cnn).")
    expect(existsSync(at("joined", "figures", "rungs-small-cnn.svg"))).toBe(true)
    // A trial of the second rung is lost: nothing is chosen, until it has been run again.
    const lost = joined.cells[1]!.candidates[4]!.id
    rmSync(at("joined", "trials", lost), { recursive: true })
    const { results } = await run("joined", undefined, true)
    expect(bits(results)).toEqual(bits(joined))
    expect(existsSync(at("joined", "trials", lost, "summary.json"))).toBe(true)
  }, 120_000)
})
