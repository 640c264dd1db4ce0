import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { train } from "../../cli/train.ts"
import * as Catalogue from "../../src/choices/Catalogue.ts"
import * as Setting from "../../src/choices/Setting.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import { builtIn, type Catalogues } from "../../src/training/Catalogues.ts"
import * as TrainConfig from "../../src/training/TrainConfig.ts"

const said = async (known: Catalogues, ...args: ReadonlyArray<string>) => {
  let text = ""
  const console = Object.assign(Object.create(globalThis.console) as Console.Console, {
    log: (line: string) => void (text += `${line}\n`)
  })
  await Effect.runPromise(
    Command.runWith(train(known, []), { version: "0" })(args).pipe(
      Effect.provideService(Console.Console, console),
      Effect.provide(NodeServices.layer)
    )
  )
  return text
}

const helpOf = (known: Catalogues) => said(known, "--help")

/** By catalogue, the setting that names one of its entries. */
const settings: Readonly<Record<Exclude<keyof Catalogues, "manifolds">, string>> = {
  optimizers: "optimizer",
  schedules: "schedule",
  metrics: "metric",
  rules: "rule",
  policies: "policy",
  strategies: "strategy",
  selections: "selection",
  matricizations: "matricization",
  augmentations: "augment",
  models: "model",
  datasets: "dataset",
  losses: "loss",
  measures: "measures",
  backends: "backend",
  evaluations: "evaluate",
  watched: "watch",
  variations: "vary",
  weightings: "weighting"
}

/** Catalogues whose entries make a value of settings of their own, too. */
const withParameters: ReadonlySet<string> = new Set(
  ["optimizers", "schedules", "rules", "models", "datasets", "losses", "measures", "variations", "backends"]
)

const flagLine = (help: string, setting: string) =>
  help.split("\n").find((line) => line.trim().startsWith(`--${setting}`)) ?? ""

describe("an entry that is added in one place", () => {
  it("there is a setting for every catalogue", () => {
    expect(Object.keys(settings).toSorted()).toEqual(
      Object.keys(builtIn).filter((name) => name !== "manifolds").toSorted()
    )
  })

  for (const [kind, setting] of Object.entries(settings) as ReadonlyArray<[keyof typeof settings, string]>) {
    it(`of ${kind} is in schema, help and table; its parameter is a setting with a flag`, async () => {
      const parameter = Setting.orDefault(Setting.count, 7).annotate({ description: "how much of it" })
      const entry = { about: "a new one", parameters: { amount: parameter }, make: () => undefined }
      const known = { ...builtIn, [kind]: { ...builtIn[kind], novel: entry } } as Catalogues
      const value = setting === "measures" || setting === "vary" ? ["novel"] : "novel"
      const config = { [setting]: value }
      // What excludes another setting stands at no place of its own.
      const wrong = (all?: Catalogues) => TrainConfig.mistakes(config, all).filter(({ path }) => path.length > 0)
      // Whatever else a dataset is called may be a directory.
      expect(wrong().length > 0).toBe(kind !== "datasets")
      expect(wrong(known)).toEqual([])
      expect(Catalogue.table(known[kind])).toContain("| `novel`, `amount` | a new one |")
      const [help, before] = [await helpOf(known), await helpOf(builtIn)]
      expect(flagLine(help, "amount").includes("how much of it (default 7)")).toBe(withParameters.has(kind))
      // These are any text, a directory or schedules that join, which no shell can complete.
      const isNamed = kind !== "datasets" && kind !== "schedules"
      expect((await said(known, "--completions", "bash")).includes("'novel'")).toBe(isNamed)
      expect([flagLine(help, setting), flagLine(before, setting)].map((line) => line.includes("novel: a new one")))
        .toEqual([true, false])
    })
  }

  it("of manifolds is in collections and help", async () => {
    const known = { ...builtIn, manifolds: [...builtIn.manifolds, { ...Sphere.family(), symbol: "Novel" }] }
    expect(TrainConfig.mistakes({ collection: "Sp+Novel" })).toHaveLength(1)
    expect(TrainConfig.mistakes({ collection: "Sp+Novel", layers: { any: { collection: "Novel" } } }, known)).toEqual(
      []
    )
    expect(flagLine(await helpOf(known), "collection")).toContain("Novel")
  })
})

it("every setting has a flag of its own, with a description", async () => {
  const help = await helpOf(builtIn)
  for (const [key, field] of Object.entries<Schema.Top>(TrainConfig.TrainConfig.fields)) {
    expect(Schema.resolveAnnotations(field)?.description, key).toMatch(/\w/)
    const flag = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    expect(flagLine(help, flag), key).toMatch(new RegExp(`--${flag}[ ,]`))
  }
})
