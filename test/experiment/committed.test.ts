import * as Effect from "effect/Effect"
import { Experiment } from "finegrain"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { expect, it } from "vitest"
import * as collect from "../../src/experiment/collect.ts"
import * as Results from "../../src/experiment/Results.ts"
import * as RunFiles from "../../src/training/RunFiles.ts"

const experiments = resolve(import.meta.dirname, "../../experiments")
const committed = readdirSync(join(experiments, "results"))

interface Planned {
  readonly id: string
  readonly config: Readonly<Record<string, unknown>>
}

const only = (ids: ReadonlyArray<Planned>, others: ReadonlyArray<Planned>, what: string) =>
  ids.filter(({ id }) => !others.some((other) => other.id === id)).map(({ id }) => `${what}: ${id}`)

/** Settings that differ, each once with the number of trials. */
const settings = (planned: ReadonlyArray<Planned>, there: ReadonlyArray<Planned>): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  for (const { config, id } of planned) {
    const own = there.find((trial) => trial.id === id)?.config
    if (own === undefined) continue
    const now = config
    for (const key of new Set([...Object.keys(own), ...Object.keys(now)])) {
      if (isDeepStrictEqual(own[key], now[key])) continue
      const text = `${key} was ${JSON.stringify(own[key])}, now it is ${JSON.stringify(now[key])}`
      counts.set(text, (counts.get(text) ?? 0) + 1)
    }
  }
  return [...counts].map(([text, count]) => `${text} (${count} trials)`)
}

/** The trials that results tell of, as if they were on a disk. */
const diskOf = ({ cells, environments }: Results.Results): collect.Disk => {
  const trials = cells.flatMap(({ candidates, finals }) => [...candidates, ...finals])
  return {
    trial: (id) => {
      const { environment, reason, report, status = "not run", summary } = trials.find((trial) => trial.id === id) ?? {}
      return {
        status,
        reason,
        summary,
        environment: environment === undefined ? undefined : environments[environment],
        report
      }
    },
    seeds: ({ column, row }) =>
      cells.filter((cell) => cell.row === row && cell.column === column)
        .flatMap(({ finals }) => finals.map(({ seed }) => seed))
  }
}

it.each(committed)("the committed results of %s are those of the experiment as it stands", async (name) => {
  const module = await import(pathToFileURL(join(experiments, `${name}.ts`)).href) as { readonly default: unknown }
  const experiment = await Effect.runPromise(Experiment.decode(module.default, name))
  const directory = join(experiments, "results", name)
  const results = JSON.parse(readFileSync(join(directory, "results.json"), "utf8")) as Results.Results
  const plan = Effect.runSync(Experiment.plan(experiment))
  const anew = collect.results(experiment, false, plan, diskOf(results))
  const planned = anew.cells.flatMap(({ candidates, finals }) => [...candidates, ...finals])
  const there = results.cells.flatMap(({ candidates, finals }) => [...candidates, ...finals])
  const manifests = ["manifests.jsonl", "manifests.jsonl.gz"].filter((file) => existsSync(join(directory, file)))
  expect([
    ...(results.about === experiment.about ? [] : [`about was: ${results.about}`]),
    ...(results.smoke ? ["it is a smoke run"] : []),
    ...only(planned, there, "missing"),
    ...only(there, planned, "superfluous"),
    ...settings(planned, there),
    ...there.filter((trial) => trial.summary === undefined && trial.status !== "diverged")
      .map(({ id, status }) => `${status}: ${id}`),
    ...(manifests.length === 1 ? [] : [`files of manifests: ${manifests.length}`])
  ]).toEqual([])
  // What was chosen, means, intervals, differences and p values follow from the trials.
  expect(results).toEqual(JSON.parse(RunFiles.toJson(anew)))
  expect(readFileSync(join(directory, "table.md"), "utf8")).toBe(Results.markdown(results))
})
