import { boundLaws, Law, mutants, subjects } from "finegrain/laws"
import { afterAll, beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

/** Law by law, the mutants that it was seen to kill. */
const kills = new Map<string, Array<string>>()
afterAll(() => {
  const lines = [...kills].map(([law, names]) => `${law}\n${names.map((name) => `    ✗ ${name}`).join("\n")}`)
  process.stdout.write(`Kill matrix: ${mutants.length} mutants, ${kills.size} laws\n${lines.join("\n")}\n`)
})

/** The laws of the mutants, and of everything in the library. */
const everyLaw = () => {
  const sets = [
    ...mutants.map(({ laws }) => laws),
    ...subjects.flatMap(({ at, shapes }) => at(shapes[0]!)),
    boundLaws()
  ]
  return new Set(sets.flatMap((set) => Law.flatten(set).map(({ name }) => name)))
}

// One of them takes 10,000 steps.
it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  "kills %s",
  { timeout: 240_000 },
  async (_, { killedBy, laws, name }) => {
    const law = Law.flatten(laws).find(({ name }) => name === killedBy)
    expect(law, `there is no law "${killedBy}"`).toBeDefined()
    const report = await Law.check(law!, { runs: 10 })
    expect(report.passed).toBe(false)
    kills.set(killedBy, [...(kills.get(killedBy) ?? []), name])
    // The report must help: where, by how much, and the case as literals.
    expect(report.worst > report.tolerance || Number.isNaN(report.worst)).toBe(true)
    expect(report.counterexample).not.toBe("")
    expect(Law.format(report)).toContain(`seed ${report.seed}`)
  }
)

it("leaves no law without a mutant that it kills", () => {
  const killing = new Set(mutants.map(({ killedBy }) => killedBy))
  expect([...everyLaw()].filter((name) => !killing.has(name))).toEqual([])
})
