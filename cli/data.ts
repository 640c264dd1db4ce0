/** `finegrain data`: the datasets that have a name, what of them is here, and whether it is what was published. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Catalogue from "../src/choices/Catalogue.ts"
import { counted } from "../src/choices/counted.ts"
import * as Datasets from "../src/data/Datasets.ts"
import type { Catalogues } from "../src/training/Catalogues.ts"
import * as Voice from "./Voice.ts"

/** Datasets that are asked for and not here, or here and not what they should be; what is wrong has been shown. */
class DataUnfit extends Schema.TaggedError<DataUnfit>()("DataUnfit", {
  names: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Missing or damaged: ${this.names.join(", ")}.`
  }
}

/** What became of a dataset, and what there is to say of it. */
interface Found {
  readonly name: string
  readonly state: "missing" | "damaged" | "right"
  readonly lines: ReadonlyArray<string>
}

/** Shows one. */
const show = (name: string, state: Found["state"], lines: ReadonlyArray<string>) =>
  Effect.as(
    Console.log([`${state === "right" ? "✓" : "✗"} ${name}`, ...lines].join("\n    ")),
    { name, state, lines } satisfies Found
  )

/** Reads a dataset, and compares it with what was published where that is known. */
const checked = Effect.fnUntraced(function*(name: string, known: Catalogue.Catalogue<Datasets.Entry>) {
  const { checksum, classes, notes = [], test, train } = yield* Datasets.load(name, undefined, known)
  const published = Object.hasOwn(known, name) ? known[name]?.checksum : undefined
  const lines = [
    `${train.count} training and ${counted(test.count, "test image")} of ${counted(classes, "class", "classes")}`,
    `SHA-256 ${checksum}${
      published === undefined
        ? ""
        : published === checksum
        ? ", as published"
        : `, but published as ${published}: get it again`
    }`,
    ...notes
  ]
  return { isRight: published === undefined || published === checksum, lines }
})

/** Shows one; tells whether it is missing, damaged or right. */
const one = Effect.fnUntraced(function*(name: string, known: Catalogue.Catalogue<Datasets.Entry>, check: boolean) {
  const entry = Object.hasOwn(known, name) ? known[name] : undefined
  const about = entry === undefined ? [] : [entry.about]
  const place = yield* Effect.result(
    entry?.find ?? Effect.succeed(entry === undefined ? "a directory" : "by its module")
  )
  if (Result.isFailure(place)) {
    return yield* show(name, "missing", [...about, place.failure.message])
  }
  const here = [...about, ...(entry === undefined ? [] : [place.success])]
  // What has no name is known by its files alone.
  const found = check || entry === undefined
    ? yield* Effect.result(checked(name, known))
    : Result.succeed({ isRight: true, lines: [] })
  if (Result.isFailure(found)) {
    const isThere = entry !== undefined || found.failure._tag !== "DatasetMissing"
    return yield* show(name, isThere ? "damaged" : "missing", [...here, found.failure.message])
  }
  return yield* show(name, found.success.isRight ? "right" : "damaged", [...here, ...found.success.lines])
})

/** `finegrain data`, with the datasets that modules of the user's own add. */
export const data = ({ datasets }: Catalogues) =>
  Command.make(
    "data",
    {
      names: Argument.String("name").pipe(
        Argument.withDescription("a dataset or a directory; without any, all that have a name"),
        Argument.variadic()
      ),
      check: Flag.Boolean("check").pipe(
        Flag.withDescription("read every image, and compare checksums with the published ones"),
        Flag.withDefault(false)
      ),
      use: Flag.String("use").pipe(
        Flag.withDescription("a module with datasets of your own; may be given several times"),
        Flag.atLeast(0)
      )
    },
    Effect.fnUntraced(function*({ check, names }) {
      const asked = names.length === 0 ? Object.keys(datasets) : names
      const found = yield* Effect.forEach(asked, (name) => one(name, datasets, check))
      yield* Voice.result(found)
      // Of all that there could be, most is missing rightly.
      const wrong = found.filter(({ state }) => state === "damaged" || (state === "missing" && names.length > 0))
        .map(({ name }) => name)
      if (wrong.length > 0) return yield* new DataUnfit({ names: wrong })
    })
  ).pipe(
    Command.withDescription("Show which datasets are here, what is missing, and how to get it; or check them"),
    Command.withExamples([
      { command: "finegrain data cifar-10 --check", description: "Is it here, and what was published?" }
    ])
  )
