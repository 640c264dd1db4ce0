import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import { check, type Parameters } from "./check.ts"
import { format } from "./Report.ts"
import { applicable, type LawSet } from "./sets.ts"

/** What a test runner offers: vitest's, or that of `node:test`. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  /** A body is given the test's context, where there is one: a law that refers to a failed one skips itself. */
  readonly it: (name: string, body: (context?: Context) => Promise<void>) => unknown
}

/** What laws need of a test's context. */
export interface Context {
  readonly skip: (reason?: string) => unknown
}

/**
 * Registers one test per law with a runner, `bind({ describe, it })(set)`; a law that is broken makes its test fail
 * with the report in words.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const names: Array<string> = []
 * const runner = { describe: (_: string, body: () => void) => body(), it: (name: string) => names.push(name) }
 * Law.bind(runner)(manifoldLaws(Sphere.make([3, 3])))
 * names.includes("projection is idempotent") // => true
 * ```
 */
export const bind = ({ describe, it }: Runner) => (set: LawSet, parameters: Parameters = {}): void => {
  describe(set.name, () => {
    const laws = applicable(set, parameters.arithmetic ?? Arithmetic.float32)
    const subjects = new Set(laws.map(({ subject }) => subject))
    for (const law of laws) {
      it(subjects.size > 1 ? `${law.subject}: ${law.name}` : law.name, async (context) => {
        const report = await check(law, parameters)
        // The law that it refers to is among these laws, and fails.
        if (report.undecided !== undefined && context !== undefined) return void context.skip(format(report))
        if (!report.passed) throw new Error(format(report))
      })
    }
  })
}
