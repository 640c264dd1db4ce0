/** `finegrain laws`: laws of a manifold, from this library or from a file. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { pathToFileURL } from "node:url"
import {
  boundLaws,
  budgetLaw,
  combinatorLaws,
  identityLaw,
  kernelLaws,
  Law,
  manifoldLaws,
  matrixLaws,
  optimizerLaws,
  refusal,
  subjects
} from "../laws/index.ts"
import * as Catalogue from "../src/choices/Catalogue.ts"
import * as Backend from "../src/engine/Backend.ts"
import * as Manifold from "../src/geometry/Manifold.ts"
import * as Euclidean from "../src/geometry/manifolds/Euclidean.ts"
import * as Oblique from "../src/geometry/manifolds/Oblique.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../src/geometry/manifolds/Stiefel.ts"
import * as Arithmetic from "../src/numerics/Arithmetic.ts"
import type * as Shape from "../src/numerics/Shape.ts"
import { table } from "./Table.ts"
import * as Voice from "./Voice.ts"

/** A subject that is not there, or a file that holds none. */
export class NoSubject extends Schema.TaggedError<NoSubject>()("NoSubject", {
  subject: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.subject}: ${this.reason}. ${this.remedy}`
  }
}

/** Laws that fail; their report has been shown. */
export class LawsBroken extends Schema.TaggedError<LawsBroken>()("LawsBroken", { failed: Schema.Int, of: Schema.Int }) {
  override get message() {
    return `${this.failed} of ${this.of} laws do not hold.`
  }
}

/** A manifold goes by its symbol in specifications, too. */
const known = subjects.map(({ name, symbol = name }) => symbol.toLowerCase() === name ? name : `${name} (${symbol})`)
  .join(", ")

const readShape = (text: string): Effect.Effect<Shape.Shape, NoSubject> => {
  const lengths = text.split(/[x×,]/).map(Number)
  return lengths.every((length) => Number.isInteger(length) && length > 0)
    ? Effect.succeed(lengths)
    : Effect.fail(new NoSubject({ subject: text, reason: "this is no shape", remedy: "Write it as 5x3." }))
}

const refused = (subject: string) => (error: unknown): NoSubject =>
  new NoSubject({
    subject,
    reason: (error instanceof Error ? error.message.split("\n")[0]! : String(error)).replace(/\.$/, ""),
    remedy: "The guide docs/a-new-constraint.md shows a file that works."
  })

const isFamily = (value: unknown): value is Manifold.Family =>
  typeof value === "object" && value !== null && "at" in value && "symbol" in value

const isLawSet = (value: unknown): value is Law.LawSet =>
  typeof value === "object" && value !== null && "laws" in value && "parents" in value && "notApplicable" in value

/** What a module of `use` exports as `manifolds` is a record, or an array, of families. */
const entriesOf = ([name, value]: readonly [string, unknown]): ReadonlyArray<readonly [string, unknown]> =>
  name === "manifolds" && typeof value === "object" && value !== null
    ? Object.entries(value).map(([key, entry]) => [`${name}.${key}`, entry])
    : [[name, value]]

/**
 * The law sets of every manifold, or member of a family, that a module exports; those with claims of their own as they
 * are.
 */
const fromFile = Effect.fnUntraced(function*(file: string, shape: Option.Option<Shape.Shape>) {
  const path = yield* Path.Path
  const module = yield* Effect.tryPromise({
    try: () => import(pathToFileURL(path.resolve(file)).href) as Promise<Record<string, unknown>>,
    catch: refused(file)
  })
  const exported = Object.entries(module).flatMap(entriesOf)
  const sets: Array<Law.LawSet> = exported.map(([, value]) => value).filter(isLawSet)
  const claimed = new Set(sets.map(({ name }) => name))
  for (const [name, value] of exported) {
    if (Manifold.isManifold(value)) {
      if (claimed.has(value.name)) continue
      sets.push(yield* Effect.try({ try: () => manifoldLaws(value), catch: refused(`${file}, export ${name}`) }))
    } else if (isFamily(value)) {
      const lengths = Option.getOrElse(shape, () => [3, 3])
      const manifold = yield* Effect.mapError(
        Effect.fromResult(Manifold.member(value, lengths)),
        refused(`${file}, export ${name}`)
      )
      sets.push(manifoldLaws(manifold))
    }
  }
  if (sets.length === 0) {
    return yield* new NoSubject({
      subject: file,
      reason: exported.length === 0
        ? "it exports nothing"
        : `none of its exports (${exported.map(([name]) => name).join(", ")}) is a manifold, a family or a set of laws`,
      remedy: "Export what Manifold.make gives, as in `export const mine = Manifold.make({ … })`."
    })
  }
  return sets
})

const named = (
  name: string,
  shape: Option.Option<Shape.Shape>
): Effect.Effect<ReadonlyArray<Law.LawSet>, NoSubject> => {
  const isNamed = (one: string) => one.toLowerCase() === name.toLowerCase()
  const subject = subjects.find((one) => isNamed(one.name) || isNamed(one.symbol ?? one.name))
  if (subject === undefined) {
    return Effect.fail(
      new NoSubject({
        subject: name,
        reason: "there is no such manifold",
        remedy: `Known: ${known}; or give a file as ./my-manifold.ts.`
      })
    )
  }
  return Effect.try({
    try: () => Option.match(shape, { onNone: () => subject.shapes, onSome: (one) => [one] }).flatMap(subject.at),
    catch: refused(name)
  })
}

const everything = (): ReadonlyArray<Law.LawSet> => [
  ...subjects.flatMap(({ at, shapes }) => shapes.flatMap(at)),
  combinatorLaws(Sphere.make([3, 3]), Stiefel.make([3, 3])),
  kernelLaws(),
  boundLaws(),
  matrixLaws(),
  optimizerLaws([Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3]), Euclidean.make([3, 3])])
]

interface Checked {
  readonly subject: string
  readonly reports: ReadonlyArray<Law.Report>
  readonly notApplicable: ReadonlyArray<Law.NotApplicable>
}

/** Of every manifold, operation and identity the largest k of |f₃₂ − f₆₄| ≤ k·ε·condition, and where. */
const budgetTable = (checked: ReadonlyArray<Checked>): string => {
  const rows = checked.flatMap(({ reports, subject }) =>
    reports.filter(({ law }) => law === budgetLaw || law === identityLaw).flatMap(({ parts, tolerance }) =>
      [...Map.groupBy(parts, ({ name }) => name.split(", ")[0]!)].map(([operation, of]) => {
        const worst = of.reduce((a, b) => Number.isNaN(a.worst) || a.worst >= b.worst ? a : b)
        const refused = of.filter((part) => part.worst === refusal).map(({ name }) => name.split(", ")[1]!)
        const k = worst.worst === refusal ? "refused" : worst.worst.toPrecision(2)
        return [subject, operation, k, String(tolerance), worst.name.split(", ")[1]!, refused.join(", ")]
      })
    )
  )
  return rows.length === 0
    ? ""
    : `Error budget: float32 is within k·ε·condition of float64\n\n${
      table(["manifold", "operation", "worst k", "budget", "where", "refused"], rows)
    }\n`
}

/** A law of a millisecond a case then takes a minute and a half. */
const mostRuns = 100_000

const scientific = (value: number) => value === 0 ? "0" : value.toExponential(1)

const show = ({ notApplicable, reports, subject }: Checked, whole: boolean): string => {
  const unsound = reports.filter(({ passed }) => !passed)
  const failed = unsound.filter(({ undecided }) => undecided === undefined)
  const millis = reports.reduce((sum, report) => sum + report.milliseconds, 0)
  const head =
    `${failed.length === 0 ? "✓" : "✗"} ${subject}: ${
      reports.length - unsound.length
    } of ${reports.length} laws hold ` +
    `(${reports.reduce((sum, { cases }) => sum + cases, 0)} cases, ${(millis / 1000).toFixed(1)} s)`
  const better = reports.flatMap(({ better, law }) =>
    better === undefined ? [] : [`★ ${law}: better than declared, ${better}`]
  )
  if (!whole && failed.length === 0) return [head, ...better].join("\n")
  const rows = reports.map((report) => [
    report.passed ? "✓" : report.undecided === undefined ? "✗" : "?",
    report.law,
    scientific(report.worst),
    scientific(report.tolerance),
    String(report.cases),
    report.milliseconds.toFixed(0)
  ])
  return [
    head,
    "",
    table(["", "law", "worst residual", "tolerance", "cases", "ms"], rows),
    ...(notApplicable.length === 0
      ? []
      : ["", ...notApplicable.map(({ name, reason }) => `– ${name}: not applicable, ${reason}`)]),
    ...(better.length === 0 ? [] : ["", ...better]),
    ...failed.flatMap((report) => ["", Law.format(report)]),
    ""
  ].join("\n")
}

/** `finegrain laws`. */
export const laws = Command.make(
  "laws",
  {
    subject: Argument.String("subject").pipe(
      Argument.withDescription(
        `one of ${known}, or a file that exports manifolds, families or laws`
      ),
      Argument.optional
    ),
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("every manifold of the library, the combinators, and FG-SGD"),
      Flag.withDefault(false)
    ),
    shape: Flag.String("shape").pipe(Flag.withDescription("one shape, as 5x3 (default: several)"), Flag.optional),
    runs: Flag.Int("runs").pipe(
      Flag.filterMap(
        (n) => n >= 1 && n <= mostRuns ? Option.some(n) : Option.none(),
        (n) => `Expected 1 to ${mostRuns} cases per law, got ${n}: no case would prove nothing, more would never end.`
      ),
      Flag.withDescription("cases per law (default 20, 10 with --all)"),
      Flag.optional
    ),
    seed: Flag.Int("seed").pipe(Flag.withDescription("seed of the cases (default 1)"), Flag.withDefault(1)),
    backend: Flag.Literals("backend", Catalogue.names(Backend.choices)).pipe(
      Flag.withDescription("engine that runs the tensors (default wasm; cpu for float64)"),
      Flag.optional
    ),
    arithmetic: Flag.Literals("arithmetic", ["float32", "float64"]).pipe(
      Flag.withDescription("float64 tells rounding from error, on the cpu backend (default float32)"),
      Flag.withDefault("float32" as const)
    )
  },
  Effect.fnUntraced(
    function*({ all, arithmetic, backend: chosen, runs: asked, seed, shape: shapeText, subject }) {
      const shape = Option.isSome(shapeText)
        ? Option.some(yield* readShape(shapeText.value))
        : Option.none<Shape.Shape>()
      if (all === Option.isSome(subject)) {
        return yield* new NoSubject({
          subject: "finegrain laws",
          reason: all ? "--all and a subject exclude each other" : "there is no subject",
          remedy: `Give one of ${known}, a file, or --all.`
        })
      }
      const runs = Option.getOrElse(asked, () => all ? 10 : 20)
      const backend = Option.getOrElse(chosen, () => arithmetic === "float64" ? "cpu" as const : "wasm" as const)
      if (arithmetic === "float64" && backend !== "cpu") {
        return yield* new NoSubject({
          subject: `--arithmetic float64 --backend ${backend}`,
          reason: "only the cpu backend computes in float64",
          remedy: "Leave --backend out, or write --backend cpu."
        })
      }
      yield* Effect.gen(function*() {
        const engine = yield* Backend.Backend
        const name = Option.getOrElse(subject, () => "")
        const sets = all
          ? everything()
          : /[./\\]/.test(name)
          ? yield* fromFile(name, shape)
          : yield* named(name, shape)
        const checked: Array<Checked> = []
        for (const set of sets) {
          const reports: Array<Law.Report> = []
          for (const law of Law.applicable(set, arithmetic === "float64" ? Arithmetic.float64 : Arithmetic.float32)) {
            reports.push(
              yield* Effect.promise(() =>
                Law.check(law, {
                  arithmetic: arithmetic === "float64" ? Arithmetic.float64 : Arithmetic.float32,
                  runs,
                  seed
                })
              )
            )
            yield* Effect.yieldNow
          }
          const result = { subject: set.name, reports, notApplicable: Law.notApplicable(set) }
          checked.push(result)
          yield* Console.log(show(result, sets.length === 1))
        }
        const reports = checked.flatMap((one) => one.reports)
        const undecided = reports.filter((report) => report.undecided !== undefined).length
        const failed = reports.filter(({ passed }) => !passed).length - undecided
        if ((all || sets.length === 1) && arithmetic === "float32") yield* Console.log(budgetTable(checked))
        yield* Voice.result({ backend: engine.name, arithmetic, seed, runs, subjects: checked })
        yield* Console.log(
          `${
            reports.length - failed - undecided
          } of ${reports.length} laws hold on ${engine.device} in ${arithmetic} (seed ${seed})${
            undecided === 0 ? "" : `; ${undecided} cannot be evaluated, because of those that fail`
          }`
        )
        if (failed > 0) return yield* new LawsBroken({ failed, of: reports.length })
      }).pipe(Effect.provide(Backend.layer(backend)))
    }
  )
).pipe(
  Command.withDescription("Check the geometry of a manifold by its laws"),
  Command.withExamples([
    { command: "finegrain laws stiefel --shape 5x3", description: "All metrics and retractions at one shape" },
    { command: "finegrain laws ./my-manifold.ts", description: "Your own constraint" },
    { command: "finegrain laws --all", description: "Everything" }
  ])
)
