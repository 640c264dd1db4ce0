/** `finegrain laws`: laws of a manifold, from this library or from a file. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Law } from "../laws/index.ts"
import * as Catalogue from "../src/choices/Catalogue.ts"
import { counted, noun } from "../src/choices/counted.ts"
import * as Backend from "../src/engine/Backend.ts"
import * as Arithmetic from "../src/numerics/Arithmetic.ts"
import { everything, fromFile, known, named, NoSubject, readShape } from "./lawSubjects.ts"
import { budgetTable, type Checked, show, summary } from "./lawTables.ts"
import * as Voice from "./Voice.ts"

/** Laws that fail; their report has been shown. */
class LawsBroken extends Schema.TaggedError<LawsBroken>()("LawsBroken", { failed: Schema.Int, of: Schema.Int }) {
  override get message() {
    return `${this.failed} of ${counted(this.of, "law")} ${noun(this.failed, "does", "do")} not hold.`
  }
}

/** A law of a millisecond a case then takes a minute and a half. */
const mostRuns = 100_000

const flags = {
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
}

/** By the names of flags. */
const arithmetics = { float32: Arithmetic.float32, float64: Arithmetic.float64 }

/** How every law is checked. */
interface Asked {
  readonly arithmetic: keyof typeof arithmetics
  readonly runs: number
  readonly seed: number
}

/** The laws of a set that are about numbers of this kind, one after the other. */
const checkSet = Effect.fnUntraced(function*(set: Law.LawSet, { arithmetic: name, runs, seed }: Asked) {
  const arithmetic = arithmetics[name]
  const reports: Array<Law.Report> = []
  for (const law of Law.applicable(set, arithmetic)) {
    reports.push(yield* Effect.promise(() => Law.check(law, { arithmetic, runs, seed })))
    yield* Effect.yieldNow
  }
  return { subject: set.name, reports, notApplicable: Law.notApplicable(set) } satisfies Checked
})

/** Checks sets of laws on the engine that is there, and tells of each; fails where one does not hold. */
const checkAll = Effect.fnUntraced(function*(sets: ReadonlyArray<Law.LawSet>, isWhole: boolean, asked: Asked) {
  const { arithmetic, seed } = asked
  const engine = yield* Backend.Backend
  const checked: Array<Checked> = []
  for (const set of sets) {
    const result = yield* checkSet(set, asked)
    checked.push(result)
    yield* Console.log(show(result, sets.length === 1))
  }
  const reports = checked.flatMap((one) => one.reports)
  const undecided = reports.filter((report) => report.undecided !== undefined).length
  const failed = reports.filter(({ passed }) => !passed).length - undecided
  if (isWhole && arithmetic === "float32") yield* Console.log(budgetTable(checked))
  yield* Voice.result({ backend: engine.name, ...asked, subjects: checked })
  yield* Console.log(summary(reports, { failed, undecided }, `${engine.device} in ${arithmetic} (seed ${seed})`))
  if (failed > 0) return yield* new LawsBroken({ failed, of: reports.length })
})

/** What excludes each other. */
const contradiction = (
  { all, hasShape, hasSubject }: Record<"all" | "hasShape" | "hasSubject", boolean>,
  arithmetic: string,
  backend: string
): NoSubject | undefined =>
  all === hasSubject
    ? new NoSubject({
      subject: "finegrain laws",
      reason: all ? "--all and a subject exclude each other" : "there is no subject",
      remedy: `Give one of ${known}, a file, or --all.`
    })
    : all && hasShape
    ? new NoSubject({
      subject: "--all --shape",
      reason: "all are checked at shapes of their own",
      remedy: "Leave --shape out, or name a manifold."
    })
    : arithmetic === "float64" && backend !== "cpu"
    ? new NoSubject({
      subject: `--arithmetic float64 --backend ${backend}`,
      reason: "only the cpu backend computes in float64",
      remedy: "Leave --backend out, or write --backend cpu."
    })
    : undefined

/** `finegrain laws`. */
export const laws = Command.make(
  "laws",
  flags,
  Effect.fnUntraced(function*({ all, arithmetic, backend: chosen, runs: asked, seed, shape: shapeText, subject }) {
    const shape = yield* Effect.transposeOption(Option.map(shapeText, readShape))
    const backend = Option.getOrElse(chosen, () => arithmetic === "float64" ? "cpu" as const : "wasm" as const)
    const wrong = contradiction(
      { all, hasShape: Option.isSome(shape), hasSubject: Option.isSome(subject) },
      arithmetic,
      backend
    )
    if (wrong !== undefined) return yield* wrong
    const runs = Option.getOrElse(asked, () => all ? 10 : 20)
    yield* Effect.gen(function*() {
      const name = Option.getOrElse(subject, () => "")
      const sets = all ? everything() : yield* (/[./\\]/.test(name) ? fromFile(name, shape) : named(name, shape))
      yield* checkAll(sets, all || sets.length === 1, { arithmetic, runs, seed })
    }).pipe(Effect.provide(Backend.layer(backend)))
  })
).pipe(
  Command.withDescription("Check the geometry of a manifold by its laws"),
  Command.withExamples([
    { command: "finegrain laws stiefel --shape 5x3", description: "All metrics and retractions at one shape" },
    { command: "finegrain laws ./my-manifold.ts", description: "Your own constraint" },
    { command: "finegrain laws --all", description: "Everything" }
  ])
)
