import * as Effect from "effect/Effect"
import { TrainConfig } from "finegrain"
import { expect, it } from "vitest"

it("ρ belongs to the curvature-aware rule", () => {
  expect(Effect.runSync(TrainConfig.decode({ rho: 0.5 }, "test")).rho).toBe(0.5)
  const error = Effect.runSync(Effect.flip(TrainConfig.decode({ rho: 0.5, rule: "plain" }, "test")))
  expect(error.message).toMatch(/rho is set, but the plain rule knows none/)
  expect(Effect.runSync(Effect.flip(TrainConfig.decode({ rho: 0 }, "test"))).message).toMatch(/rho/)
})
