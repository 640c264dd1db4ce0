import { refutedClaims } from "finegrain/laws"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

onEachBackend("refuted claims", () => {
  for (const { claimed, counterexample, statement, value } of refutedClaims) {
    it(`${statement}: ${counterexample}`, async () => {
      const [found = Number.NaN] = await value().data()
      expect(Math.abs(found - claimed)).toBeGreaterThan(0.3)
    })
  }

  it("the smallest curvature of St(3,2) is −1/2 there", async () => {
    const [found = Number.NaN] = await refutedClaims.at(-1)!.value().data()
    // Extrapolated central differences in float32.
    expect(Math.abs(found + 0.5)).toBeLessThan(1e-3)
  })
})
