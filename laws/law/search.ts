import fc from "fast-check"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import type { Law } from "./definition.ts"
import { largest, residualsOf } from "./residuals.ts"

class Violated extends Error {
  readonly values: ReadonlyArray<number>
  constructor(values: ReadonlyArray<number>) {
    super()
    this.values = values
  }
}

/** How a law is searched for a case that breaks it. */
interface Search {
  readonly law: Law
  readonly arithmetic: Arithmetic.Arithmetic
  readonly tolerance: number
}

/**
 * Checks a law on so many cases; a failing one is shrunk.
 *
 * @internal
 */
export const search = async ({ arithmetic, law, tolerance }: Search, runs: number, seed: number | undefined) => {
  let worst = 0
  const parts = (law.parts ?? []).map((name) => ({ name, worst: -Infinity }))
  const details = await fc.check(
    fc.asyncProperty(law.arbitrary, async (a) => {
      const values = await residualsOf(arithmetic, law, a)
      const residual = largest(values)
      for (const [i, part] of parts.entries()) part.worst = largest([part.worst, values[i] ?? 0])
      worst = residual >= worst || Number.isNaN(residual) ? residual : worst
      // Not `return false`: fast-check would report that as an error of its own.
      if (!(residual <= tolerance)) throw new Violated(values)
    }),
    // A case that is a long search is not shrunk by more of them.
    {
      numRuns: Math.min(runs, law.maxRuns ?? Infinity),
      endOnFailure: law.maxRuns !== undefined,
      ...(seed === undefined ? {} : { seed })
    }
  )
  return { details, worst, parts }
}

type Found = Awaited<ReturnType<typeof search>>

/**
 * The smallest case that breaks the law, in words, and by how much; NaN where the law could not be evaluated.
 *
 * @internal
 */
export const smallestOf = async ({ arithmetic, law, tolerance }: Search, { details, worst }: Found) => {
  const [smallest] = details.counterexample ?? []
  const thrown = details.errorInstance
  if (thrown instanceof Violated) {
    const { values } = thrown
    const wrong = (law.parts ?? []).filter((_, i) => !(values[i]! <= tolerance))
    // What breaks the law may break its display, too.
    const shown = await Arithmetic.within(arithmetic, () => law.show(smallest)).catch(() => fc.stringify(smallest))
    return {
      worst: largest(values),
      counterexample: wrong.length === 0 ? shown : `fails for ${wrong.join(", ")}\n${shown}`
    }
  }
  return details.failed
    ? {
      worst: Number.NaN,
      counterexample: `${fc.stringify(smallest)}\n${thrown instanceof Error ? thrown.message : String(thrown)}`
    }
    : { worst, counterexample: undefined }
}
