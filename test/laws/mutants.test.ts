import { Law, mutants } from "finegrain/laws"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

const everyLaw = () => new Set(mutants.flatMap(({ laws }) => Law.flatten(laws).map(({ name }) => name)))

it.each(mutants.map((mutant) => [mutant.name, mutant] as const))("kills %s", async (_, { killedBy, laws }) => {
  const law = Law.flatten(laws).find(({ name }) => name === killedBy)
  expect(law, `there is no law "${killedBy}"`).toBeDefined()
  const report = await Law.check(law!, { runs: 10 })
  expect(report.passed).toBe(false)
  // The report must help: where, by how much, and the case as literals.
  expect(report.worst > report.tolerance.value || Number.isNaN(report.worst)).toBe(true)
  expect(report.counterexample).not.toBe("")
  expect(Law.format(report)).toContain(`seed ${report.seed}`)
})

it("leaves no law without a mutant that it kills", () => {
  const killing = new Set(mutants.map(({ killedBy }) => killedBy))
  expect([...everyLaw()].filter((name) => !killing.has(name))).toEqual([])
})
