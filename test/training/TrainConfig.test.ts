import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Catalogue, Datasets, Measures, TrainConfig, Variations } from "finegrain"
import { expect, it } from "vitest"
import { builtIn } from "../../src/training/Catalogues.ts"

it("ρ belongs to the curvature-aware rule", () => {
  expect(Effect.runSync(TrainConfig.decode({ rho: 0.5 }, "test")).rho).toBe(0.5)
  const error = Effect.runSync(Effect.flip(TrainConfig.decode({ rho: 0.5, rule: "plain" }, "test")))
  expect(error.message).toMatch(/rho is set, but the plain rule knows none/)
  expect(Effect.runSync(Effect.flip(TrainConfig.decode({ rho: 0 }, "test"))).message).toMatch(/rho/)
})

const refusal = (input: unknown) => Effect.runSync(Effect.flip(TrainConfig.decode(input, "test"))).message

it("tells all mistakes at once, in words and with what was given", () => {
  const text = refusal({
    epochs: 0,
    sed: 1,
    collection: "Sp+Torus",
    layers: { conv1: { colection: "St" } },
    momentum: "a"
  })
  for (
    const mistake of [
      "unknown setting \"sed\"",
      "unknown setting \"colection\" in layers.conv1",
      "epochs must be a value greater than or equal to 1, not 0",
      "there is no manifold \"Torus\"",
      "momentum must be number, not \"a\""
    ]
  ) expect(text).toContain(mistake)
})

it("manifolds without a curvature bound need the plain rule, wherever they stand", () => {
  for (const settings of [{ collection: "Sp+Rk" }, { layers: { conv2: { collection: "DS" } } }]) {
    expect(refusal(settings)).toMatch(/(Rk|DS) has no bound of its sectional curvature.*set rule to "plain"/)
    expect(Effect.runSync(TrainConfig.decode({ ...settings, rule: "plain" }, "test")).rule).toBe("plain")
  }
})

it("names what changes nothing", () => {
  const idle = (settings: object) =>
    [...TrainConfig.idle(Effect.runSync(TrainConfig.decode(settings, "test"))).keys()].filter((key) =>
      !unchosen.has(key)
    ).toSorted()
  // Of what nobody asked for, which is refused where it is said.
  const parameters = { ...Catalogue.parameters(Measures.measures), ...Catalogue.parameters(Variations.variations) }
  const others = ["measuresEvery", "watch", "improvement", "plateauFactor", "temperature"]
  const unchosen = new Set(Object.keys(parameters).concat(others))
  expect(idle({})).toEqual(["exponent", "imageSize", "target", "targets"])
  const reasons = (settings: object) => TrainConfig.idle(Effect.runSync(TrainConfig.decode(settings, "test")))
  expect(reasons({}).get("cutoutSide")).toBe("only the cutout variation has it")
  expect(reasons({ vary: ["mixup", "cutout"], patience: 1 }).has("cutoutSide")).toBe(false)
  expect(reasons({ patience: 1 }).has("watch")).toBe(false)
  expect(idle({ dataset: "./folders", schedule: "power" })).toEqual([])
  expect(idle({ dataset: "./folders", backend: "node", validationImages: 3 })).toEqual([
    "accelerator",
    "exponent",
    "testImages",
    "threads"
  ])
})

it("reads what schedules were called in earlier versions", () => {
  expect(Effect.runSync(TrainConfig.decode({ schedule: "step" }, "test")).schedule).toBe("step-decay")
})

const reasonOf = (key: string, settings: object) =>
  TrainConfig.idle(Effect.runSync(TrainConfig.decode(settings, "test"))).get(key)

it("what rescales weights or bends steps does nothing where norms have no bound, or nothing is curved", () => {
  const flat = { collection: "Euc" }
  expect(reasonOf("rho", { ...flat, rho: 0.5 })).toBe("no manifold of Euc has a curvature above 0")
  expect(reasonOf("rho", { ...flat, rho: 0.5, layers: { conv2: { collection: "Sp" } } })).toBeUndefined()
  for (const settings of [{ policy: "frobenius" }, { measureLambda: false }]) {
    const [key] = Object.keys(settings) as [string]
    expect(reasonOf(key, { ...flat, ...settings })).toMatch(/^norms of matrices on Euc have no bound/)
    expect(reasonOf(key, settings)).toBeUndefined()
  }
  expect(reasonOf("metric", { ...flat, metric: "weights" })).toMatch(/^norms of matrices on Euc have no bound/)
  expect(reasonOf("metric", { metric: "weights" })).toBeUndefined()
  // A default that is repeated.
  expect(reasonOf("policy", { ...flat, policy: "unit" })).toBeUndefined()
})

it("unclamped is unit where λ is not measured", () => {
  expect(reasonOf("policy", { policy: "unclamped", measureLambda: false })).toMatch(/^unclamped is unit/)
  expect(reasonOf("policy", { policy: "unclamped" })).toBeUndefined()
})

it("rates before or after a step in proportion to its direction are all one, unless it is clipped between", () => {
  const rates = { rates: { Sp: 2 }, ratesAfterRule: true }
  for (const settings of [{ rule: "plain" }, { optimizer: "riemannian-adam" }]) {
    expect(reasonOf("ratesAfterRule", { ...rates, ...settings })).toMatch(/^steps are in proportion/)
    expect(reasonOf("ratesAfterRule", { ...rates, ...settings, clip: 1 })).toBeUndefined()
  }
  expect(reasonOf("ratesAfterRule", rates)).toBeUndefined()
})

it("how often is of no use where an empty list is measured", () => {
  expect(reasonOf("measuresEvery", { measures: [], measuresEvery: 3 })).toBe("nothing else is measured")
  expect(reasonOf("measuresEvery", { measures: ["stable-rank"], measuresEvery: 3 })).toBeUndefined()
})

it("an exponent is that of every power schedule that says none itself", () => {
  const reason = (schedule: string) => reasonOf("exponent", { schedule, exponent: 0.9 })
  expect(reason("power(0.7) for 1 epoch then power")).toBeUndefined()
  expect(reason("power(0.7) for 1 epoch then power(0.8)")).toBe("the schedule says it itself")
})

it("rates that are none have no order, and a directory says nothing of what only named datasets have", () => {
  const texts = (settings: object) => TrainConfig.mistakes(settings).map(({ text }) => text)
  expect(texts({ rates: {}, ratesAfterRule: true })).toEqual(["ratesAfterRule is set, but there are no rates"])
  for (const key of Object.keys(Datasets.parameters)) expect(reasonOf(key, { dataset: "./mine" })).toBeUndefined()
  const parameters = { words: Schema.optionalKey(Schema.Int) }
  const known = { ...builtIn, datasets: { ...builtIn.datasets, mine: { ...builtIn.datasets.mnist, parameters } } }
  const config = Effect.runSync(TrainConfig.decode({ dataset: "./other", words: 3 }, "test", known))
  expect(TrainConfig.idle(config, known).get("words" as never)).toBe("only the mine dataset has it")
})

it("what is of several images needs batches of several", () => {
  const mistakes = (settings: object) => TrainConfig.mistakes({ batchSize: 1, ...settings }).map(({ text }) => text)
  expect(mistakes({ vary: ["mixup"] })).toEqual(["mixup mixes images of a batch, and batchSize is 1"])
  expect(mistakes({ loss: "supervised-contrastive" })).toEqual([
    "supervised-contrastive compares images of a batch, and batchSize is 1"
  ])
  expect(mistakes({ vary: ["cutout"] })).toEqual([])
})
