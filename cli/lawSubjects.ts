/** Whose laws `finegrain laws` checks: manifolds of the library by name, what a file exports, or everything. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import {
  boundLaws,
  combinatorLaws,
  kernelLaws,
  type Law,
  manifoldLaws,
  matrixLaws,
  optimizerLaws,
  subjects
} from "../laws/index.ts"
import * as Manifold from "../src/geometry/Manifold.ts"
import * as Euclidean from "../src/geometry/manifolds/Euclidean.ts"
import * as Oblique from "../src/geometry/manifolds/Oblique.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../src/geometry/manifolds/Stiefel.ts"
import type * as Shape from "../src/numerics/Shape.ts"
import { importing } from "../src/training/doors/importing.ts"

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

/** A manifold goes by its symbol in specifications, too. */
export const known = subjects.map(({ name, symbol = name }) =>
  symbol.toLowerCase() === name ? name : `${name} (${symbol})`
)
  .join(", ")

/** A shape as it is written, 5x3. */
export const readShape = (text: string): Effect.Effect<Shape.Shape, NoSubject> => {
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
export const fromFile = Effect.fnUntraced(function*(file: string, shape: Option.Option<Shape.Shape>) {
  const path = yield* Path.Path
  const module = yield* Effect.tryPromise({
    try: () => importing(path.resolve(file)),
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
  if (Option.isSome(shape) && !exported.some(([, value]) => isFamily(value))) {
    return yield* new NoSubject({
      subject: `${file} --shape ${shape.value.join("x")}`,
      reason: "it exports no family, and what it exports has a shape already",
      remedy: "Leave --shape out."
    })
  }
  return sets
})

/** The law sets of a manifold of the library at one shape, or at several. */
export const named = (
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

/** The law sets of all manifolds, combinators, kernels, bounds, factorizations and optimizers. */
export const everything = (): ReadonlyArray<Law.LawSet> => [
  ...subjects.flatMap(({ at, shapes }) => shapes.flatMap(at)),
  combinatorLaws(Sphere.make([3, 3]), Stiefel.make([3, 3])),
  kernelLaws(),
  boundLaws(),
  matrixLaws(),
  optimizerLaws([Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3]), Euclidean.make([3, 3])])
]
