import * as Effect from "effect/Effect"
import { Catalogue, Measures, TrainConfig, Variations } from "finegrain"
import { expect, it } from "vitest"

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
