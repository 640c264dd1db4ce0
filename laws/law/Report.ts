import { counted } from "../../src/choices/counted.ts"
import type * as Arithmetic from "../../src/numerics/Arithmetic.ts"

/** How a law fared. */
export interface Report {
  readonly law: string
  readonly equation: string
  readonly source: string
  readonly passed: boolean
  /** The law that failed first, so that this one could not be evaluated: its failure is that law's. */
  readonly undecided: string | undefined
  /** The largest residual seen; of the shrunk counterexample where the law fails. */
  readonly worst: number
  /** The largest residual of each named part, in all cases. */
  readonly parts: ReadonlyArray<{ readonly name: string; readonly worst: number }>
  readonly arithmetic: Arithmetic.Arithmetic["name"]
  readonly tolerance: number
  /** Why the tolerance is what it is. */
  readonly reason: string
  /** The stronger law that holds as well, though it is not claimed. */
  readonly better: string | undefined
  readonly cases: number
  readonly milliseconds: number
  readonly seed: number
  /** Where fast-check finds the counterexample again under this seed. */
  readonly path: string | undefined
  readonly counterexample: string | undefined
}

/**
 * A report in words: for a failure the equation, the residual, the seed and the shrunk counterexample.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const wrong = { ...Sphere.make([2, 1]), dimension: 2 }
 * const law = Law.flatten(manifoldLaws(wrong)).find(({ name }) => name.startsWith("dimension"))!
 * const [head] = Law.format(await Law.check(law, { seed: 1 })).split("\n")
 * head // => "✗ dimension is the rank of the projection: dim = tr P"
 * ```
 */
export const format = (report: Report): string =>
  report.undecided !== undefined
    ? `? ${report.law}: cannot be evaluated, for "${report.undecided}" fails; see there`
    : report.passed
    ? `✓ ${report.law}: ${report.worst.toExponential(1)} ≤ ${report.tolerance.toExponential(1)}, ${
      counted(report.cases, "case")
    }${report.better === undefined ? "" : `; better than declared: ${report.better}`}`
    : [
      `✗ ${report.law}: ${report.equation}`,
      `  residual ${report.worst} exceeds ${report.tolerance} (${report.reason}); source: ${report.source}`,
      `  seed ${report.seed}, ${report.arithmetic}, path ${report.path ?? "-"}; smallest counterexample:`,
      ...(report.counterexample ?? "").split("\n").map((line) => `    ${line}`)
    ].join("\n")
