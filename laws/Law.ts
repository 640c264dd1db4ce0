/** A law as data, how it is checked, and how any test runner runs it. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Arithmetic from "../src/numerics/Arithmetic.ts"
import type { Tolerance } from "./Tolerance.ts"

/** How far a case is from a law. */
export type Residual = tf.Tensor | number | ReadonlyArray<() => tf.Tensor | number>

/**
 * A law as data: what holds, for which cases, how far a case is from it, and how far it may be.
 *
 * The residual is computed in a region and read asynchronously, so laws run on every engine.
 */
export interface Law<A = unknown> {
  readonly name: string
  /** What the law speaks of, e.g. a manifold: laws of one name and subject are one law. */
  readonly subject?: string
  /** The equation in plain mathematics. */
  readonly equation: string
  readonly source: string
  readonly arbitrary: fc.Arbitrary<A>
  /**
   * A tensor of residuals, or one number; the largest counts, NaN above all. Or parts, one after the other, each in a
   * region of its own and read before the next: engines that free memory only at reads want that of long computations.
   */
  readonly residual: (a: A) => Residual
  readonly tolerance: Tolerance
  /** Whether a typed error is an answer, too: what is refused by name is not wrong. Default: it is a failure. */
  readonly refusable?: boolean
  /** At most so many cases, for a law whose single case is a long search. */
  readonly maxRuns?: number
  /** Names of the residual's entries, e.g. operations: a failure says which are too large. */
  readonly parts?: ReadonlyArray<string>
  /**
   * A law of the same set without which this one cannot be evaluated: where that fails and this has no residual, it
   * refers to it.
   */
  readonly presupposes?: Law
  /** The only arithmetic in which the law says something. */
  readonly only?: Arithmetic.Arithmetic
  /** A stronger law that is not claimed; where it holds in every case, the report says so. */
  readonly stronger?: Law
  /** The case as literals, for people. */
  readonly show: (a: A) => Promise<string>
}

/** A law that does not apply to a subject, with the reason. */
export interface NotApplicable {
  readonly name: string
  readonly reason: string
}

/** Laws under a name, with the sets that they build on. */
export interface LawSet {
  readonly name: string
  readonly parents: ReadonlyArray<LawSet>
  readonly laws: ReadonlyArray<Law>
  readonly notApplicable: ReadonlyArray<NotApplicable>
}

/**
 * Hides the case's type, so that laws of different cases fit into one set.
 *
 * @example
 * ```ts
 * import fc from "fast-check"
 * import { Law, Tolerance } from "finegrain/laws"
 * const commutes = Law.law({
 *   name: "addition commutes", equation: "a + b = b + a", source: "arithmetic",
 *   arbitrary: fc.tuple(fc.integer(), fc.integer()),
 *   residual: ([a, b]) => Math.abs(a + b - (b + a)), tolerance: Tolerance.exact
 * })
 * const { passed } = await Law.check(commutes)
 * passed // => true
 * ```
 */
export const law = <A>(definition: Omit<Law<A>, "show"> & Partial<Pick<Law<A>, "show">>): Law => {
  const show = definition.show ?? ((a: A) => Promise.resolve(fc.stringify(a)))
  return { ...definition, show } as unknown as Law
}

/**
 * All laws of a set, parents first, each once.
 *
 * @example
 * ```ts
 * import { Sphere } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * Law.flatten(manifoldLaws(Sphere.make([3, 3]))).length > 20 // => true
 * ```
 */
export const flatten = (set: LawSet): ReadonlyArray<Law> => {
  const laws = new Map<string, Law>()
  for (const law of [...set.parents.flatMap(flatten), ...set.laws]) {
    const key = `${law.subject ?? ""}: ${law.name}`
    if (!laws.has(key)) laws.set(key, law)
  }
  return [...laws.values()]
}

/**
 * What does not apply, of a set and its parents.
 *
 * @example
 * ```ts
 * import { FixedRank } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const laws = manifoldLaws(FixedRank.make([4, 3], { rank: 2 }))
 * Law.notApplicable(laws).map(({ name }) => name).includes("logarithm") // => true
 * ```
 */
export const notApplicable = (set: LawSet): ReadonlyArray<NotApplicable> => [
  ...set.parents.flatMap(notApplicable),
  ...set.notApplicable
]

/**
 * All laws of a set that say something in an arithmetic, parents first, each once.
 *
 * @example
 * ```ts
 * import { Arithmetic, Sphere } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const laws = manifoldLaws(Sphere.make([3, 3]))
 * Law.applicable(laws, Arithmetic.float64).length < Law.flatten(laws).length // => true
 * ```
 */
export const applicable = (set: LawSet, arithmetic: Arithmetic.Arithmetic): ReadonlyArray<Law> =>
  flatten(set).filter(({ only = arithmetic }) => only === arithmetic)

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

/** How many cases, and from which seed. */
export interface Parameters {
  /** Default 20. */
  readonly runs?: number
  /** Default: fast-check's global seed, or a new one. */
  readonly seed?: number
  /** Default float32, on the engine in use; float64 needs the cpu engine. */
  readonly arithmetic?: Arithmetic.Arithmetic
}

const residuals = async (
  arithmetic: Arithmetic.Arithmetic,
  residual: () => Residual
): Promise<ReadonlyArray<number>> => {
  const result = Arithmetic.within(
    arithmetic,
    () => tf.tidy(residual as unknown as () => tf.Tensor) as unknown as Residual
  )
  if (typeof result === "number") return [result]
  if (Array.isArray(result)) {
    const values: Array<number> = []
    for (const part of result as ReadonlyArray<() => tf.Tensor | number>) {
      values.push(largest(await residuals(arithmetic, part)))
    }
    return values
  }
  const tensor = result as tf.Tensor
  try {
    return Array.from(await tensor.data())
  } finally {
    tensor.dispose()
  }
}

/**
 * Whether an error is a refusal by name, and not a defect or an engine that failed.
 *
 * @internal
 */
export const isRefusal = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag !== "EngineFailed"

/** The residuals of a case; of one that may be refused, and is, 0. */
const residualsOf = (arithmetic: Arithmetic.Arithmetic, law: Law, a: unknown): Promise<ReadonlyArray<number>> =>
  residuals(arithmetic, () => law.residual(a)).catch((error: unknown) => {
    if (law.refusable === true && isRefusal(error)) return [0]
    throw error
  })

const largest = (values: ReadonlyArray<number>) =>
  values.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), -Infinity)

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

/** Checks a law on so many cases; a failing one is shrunk. */
const search = async ({ arithmetic, law, tolerance }: Search, runs: number, seed: number | undefined) => {
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

/** The smallest case that breaks the law, in words, and by how much; NaN where the law could not be evaluated. */
const smallestOf = async ({ arithmetic, law, tolerance }: Search, { details, worst }: Found) => {
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

/**
 * Checks a law on generated cases; a failing one is shrunk.
 *
 * @throws RangeError unless `runs` is a positive whole number.
 *
 * @example
 * ```ts
 * import fc from "fast-check"
 * import { Law, Tolerance } from "finegrain/laws"
 * const wrong = Law.law({
 *   name: "integers are small", equation: "n < 10", source: "nowhere", arbitrary: fc.nat(),
 *   residual: (n) => Math.max(0, n - 9), tolerance: Tolerance.exact
 * })
 * const { counterexample } = await Law.check(wrong, { seed: 1 })
 * counterexample // => "10"
 * ```
 */
export const check = async (law: Law, parameters: Parameters = {}): Promise<Report> => {
  const { arithmetic = Arithmetic.float32, runs = 20, seed } = parameters
  if (!(Number.isInteger(runs) && runs >= 1)) {
    throw new RangeError(`"${law.name}" cannot be checked in ${runs} cases: no case would prove nothing`)
  }
  const started = performance.now()
  const searched = { law, arithmetic, tolerance: law.tolerance.in(arithmetic) }
  const found = await search(searched, runs, seed)
  const { details, parts } = found
  const { counterexample, worst } = await smallestOf(searched, found)
  const { presupposes, stronger } = law
  // By its own cases, so that it is seen to fail where this law is not counted.
  const undecided = Number.isNaN(worst) && presupposes !== undefined && !(await check(presupposes, parameters)).passed
  const better = !details.failed && stronger !== undefined && (await check(stronger, parameters)).passed
  return {
    law: law.name,
    equation: law.equation,
    source: law.source,
    passed: !details.failed,
    undecided: undecided ? presupposes.name : undefined,
    worst,
    parts,
    arithmetic: arithmetic.name,
    tolerance: searched.tolerance,
    reason: law.tolerance.reason,
    better: better ? stronger.name : undefined,
    cases: details.numRuns,
    milliseconds: performance.now() - started,
    seed: details.seed,
    path: details.counterexamplePath ?? undefined,
    counterexample
  }
}

/**
 * Checks every law of a set.
 *
 * @example
 * ```ts
 * import { Euclidean } from "finegrain"
 * import { Law, manifoldLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(manifoldLaws(Euclidean.make([2, 2])), { runs: 2 })
 * reports.every(({ passed }) => passed) // => true
 * ```
 */
export const checkAll = async (set: LawSet, parameters: Parameters = {}): Promise<ReadonlyArray<Report>> => {
  const reports: Array<Report> = []
  for (const law of applicable(set, parameters.arithmetic ?? Arithmetic.float32)) {
    reports.push(await check(law, parameters))
  }
  return reports
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
    ? `✓ ${report.law}: ${report.worst.toExponential(1)} ≤ ${report.tolerance.toExponential(1)}, ${report.cases} cases${
      report.better === undefined ? "" : `; better than declared: ${report.better}`
    }`
    : [
      `✗ ${report.law}: ${report.equation}`,
      `  residual ${report.worst} exceeds ${report.tolerance} (${report.reason}); source: ${report.source}`,
      `  seed ${report.seed}, ${report.arithmetic}, path ${report.path ?? "-"}; smallest counterexample:`,
      ...(report.counterexample ?? "").split("\n").map((line) => `    ${line}`)
    ].join("\n")

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
