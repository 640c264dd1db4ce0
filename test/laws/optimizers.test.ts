import { Euclidean, Oblique, Sphere, Stiefel } from "finegrain"
import { Law, optimizerLaws, refutedClaims } from "finegrain/laws"
import { describe, expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })

onEachBackend("laws of optimizers", () => {
  bind(optimizerLaws([Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3]), Euclidean.make([3, 3])]), {
    runs: 12
  })
  bind(optimizerLaws([Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })]), { runs: 6 })
  bind(optimizerLaws([Stiefel.make([2, 4]), Oblique.make([2, 4])]), { runs: 6 })
})

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
