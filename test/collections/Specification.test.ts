import * as Result from "effect/Result"
import fc from "fast-check"
import { NormBall, Specification, Sphere } from "finegrain"
import { expect, it } from "vitest"
import { use } from "../backends.ts"

const message = (text: string) => Result.getOrThrow(Result.flip(Specification.parse(text))).message

it("reads what it writes", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(["Sp", "Ob", "St", "Euc", "St:polar", "St:canonical"], { minLength: 1 }),
      (symbols) => {
        const text = symbols.join("+")
        expect(Specification.format(Result.getOrThrow(Specification.parse(text)))).toBe(text)
        expect(Specification.format(Result.getOrThrow(Specification.parse(` ${symbols.join(" + ").toLowerCase()} `))))
          .toBe(text)
      }
    )
  )
})

it("reads every radius that it writes", () => {
  fc.assert(
    fc.property(fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }), (radius) => {
      const [family] = Result.getOrThrow(Specification.parse(`Sp+${NormBall.family({ radius }).symbol}`)).slice(1)
      expect(family!.symbol).toBe(NormBall.family({ radius }).symbol)
      expect(Result.getOrThrow(family!.at([2, 1])).norms.frobenius.max).toBe(radius)
    }),
    // Below 10⁻⁶ and from 10²¹ on numbers are written with an exponent.
    { examples: [[1e-7], [9.5e-7], [1e21], [1.5e300], [1], [0.25]] }
  )
})

it("says what is wrong", () => {
  expect(message("")).toMatch(/it is empty/)
  expect(message("Sp+")).toMatch(/missing beside a "\+"/)
  expect(message("Sp+Torus")).toMatch(/no manifold "Torus".*Sp, Ob, St, Euc/)
  for (
    const text of [
      "Ball:",
      "Ball:0",
      "Ball:-1",
      "Ball:x",
      "Sp+Ball:1e",
      "Ball:1e999",
      "Ball:0x10",
      `Ball:${"9".repeat(400)}`
    ]
  ) {
    expect(message(text)).toMatch(/"Ball:.*" has no positive number for a radius/)
  }
  expect(message("Ball:.5+ball:0.50")).toMatch(/"Ball:0.5" stands in it twice/)
  expect(message("Sp+St+Sp")).toMatch(/"Sp" stands in it twice/)
})

it("knows Stiefel manifolds with other retractions, which go elsewhere", async () => {
  await use("cpu")
  const ends = ["St", "St:polar", "St:cayley", "St:exp"].map((text) => {
    const [family] = Result.getOrThrow(Specification.parse(text))
    const M = Result.getOrThrow(family.at([3, 2]))
    const x = M.random(1)
    return M.retract(x, M.randomTangent(2, x)).dataSync().join()
  })
  expect(new Set(ends).size).toBe(4)
})

it("takes a researcher's own families", () => {
  const mine = { ...Sphere.family(), symbol: "Mine" }
  const parsed = Result.getOrThrow(Specification.parse("St+mine", [...Specification.families, mine]))
  expect(Specification.format(parsed)).toBe("St+Mine")
})
