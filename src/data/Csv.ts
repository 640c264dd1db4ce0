/** Tables of numbers in CSV, one example a line, with a line of names first. */
import * as Effect from "effect/Effect"
import * as EffectCsv from "effect/encoding/Csv"
import * as Stream from "effect/Stream"
import { counted } from "../choices/counted.ts"
import type { Targets } from "./Dataset.ts"
import type { NumberArray } from "./Npy.ts"

/** A line of a table by the names of its columns, in their order, which objects would not keep of numbers. */
type Line = ReadonlyMap<string, string>

/** A table: the names of its columns, and its examples. */
interface Table {
  readonly columns: ReadonlyArray<string>
  readonly lines: ReadonlyArray<Line>
}

/** How a table is read. */
export interface CsvOptions {
  /** The column to learn; default `label`, `target`, `class` or `y`, or the last one. */
  readonly target?: string
  /** What it holds; default classes, unless there are numbers that are not whole. */
  readonly of?: Targets["of"]
}

/** Tables that belong together, as arrays. */
export interface Tables {
  readonly train: { readonly x: NumberArray; readonly y: NumberArray }
  readonly test: { readonly x: NumberArray; readonly y: NumberArray }
  readonly of: Targets["of"]
  /** Names of the classes, in the order of their numbers. */
  readonly classNames?: ReadonlyArray<string>
}

const parsed = (text: string, file: string): Effect.Effect<Table, string> =>
  Stream.make(text).pipe(
    Stream.pipeThroughChannel(EffectCsv.decodeString({ ignoreEmptyLines: true })),
    Stream.runCollect,
    Effect.mapError(({ line, message }) => `${file}, line ${line}: ${message}`),
    Effect.flatMap(([header = [], ...rows]) => {
      const columns = header.map((name) => name.trim())
      const twice = columns.find((name, i) => columns.indexOf(name) < i)
      if (twice !== undefined) {
        return Effect.fail(`${file}: two columns are called "${twice}"; rename one, or leave it out`)
      }
      const wrong = rows.findIndex(({ length }) => length !== columns.length)
      return wrong < 0
        ? Effect.succeed({
          columns,
          lines: rows.map((cells): Line => new Map(columns.map((name, i) => [name, cells[i]!.trim()])))
        })
        : Effect.fail(
          `${file}: example ${wrong + 1} has ${counted(rows[wrong]!.length, "cell")}, not ${columns.length}`
        )
    })
  )

const usual = ["label", "target", "class", "y"]

const isNumber = (text: string) => text !== "" && Number.isFinite(Number(text))

const features = (lines: ReadonlyArray<Line>, columns: ReadonlyArray<string>, file: string) =>
  Effect.suspend((): Effect.Effect<NumberArray, string> => {
    const values = new Float32Array(lines.length * columns.length)
    for (const [i, line] of lines.entries()) {
      for (const [j, column] of columns.entries()) {
        const text = line.get(column) ?? ""
        if (!isNumber(text)) return Effect.fail(`${file}: ${column} of example ${i + 1} is "${text}", no number`)
        values[i * columns.length + j] = Number(text)
      }
    }
    return Effect.succeed({ shape: [lines.length, columns.length], values })
  })

/** Classes in the order of their numbers, where all are such, else of their names. */
const namesOf = (texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = [...new Set(texts)]
  return names.every(isNumber) ? names.toSorted((a, b) => Number(a) - Number(b)) : names.toSorted()
}

const numbered = (texts: ReadonlyArray<string>, names: ReadonlyArray<string>, file: string) => {
  const unknown = texts.find((text) => !names.includes(text))
  return unknown === undefined
    ? Effect.succeed({ shape: [texts.length], values: Int32Array.from(texts, (text) => names.indexOf(text)) })
    : Effect.fail(`${file}: the class ${unknown} is none of those to train by`)
}

/**
 * Two tables, to train and to test by, as arrays: every column but the target is a feature.
 *
 * Fails with a reason that names the file, and the column and example of what is no number.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Csv } from "finegrain"
 * const train = "width,kind\n1.5,cat\n2,dog"
 * const { classNames, train: rows } = await Effect.runPromise(Csv.tables({ train, test: train }))
 * classNames // => ["cat", "dog"]
 * [...rows.x.values, ...rows.y.values] // => [1.5, 2, 0, 1]
 * ```
 */
export const tables = Effect.fnUntraced(function*(
  texts: { readonly train: string; readonly test: string },
  { of, target }: CsvOptions = {}
): Effect.fn.Return<Tables, string> {
  const { columns, lines: train } = yield* parsed(texts.train, "train.csv")
  const { lines: test } = yield* parsed(texts.test, "test.csv")
  if (train.length === 0) return yield* Effect.fail("train.csv has no example")
  const learnt = target ?? usual.find((name) => columns.includes(name)) ?? columns.at(-1)!
  if (!columns.includes(learnt)) {
    return yield* Effect.fail(`train.csv has no column ${learnt}, only ${columns.join(", ")}`)
  }
  const others = columns.filter((name) => name !== learnt)
  const [own, held] = [train, test].map((lines) => lines.map((line) => line.get(learnt) ?? "")) as [string[], string[]]
  const kind = of ??
    (own.every(isNumber) && !own.every((text) => Number.isInteger(Number(text))) ? "numbers" : "classes")
  const names = namesOf(own)
  const y = (lines: ReadonlyArray<Line>, given: ReadonlyArray<string>, file: string) =>
    kind === "numbers" ? features(lines, [learnt], file) : numbered(given, names, file)
  return {
    train: { x: yield* features(train, others, "train.csv"), y: yield* y(train, own, "train.csv") },
    test: { x: yield* features(test, others, "test.csv"), y: yield* y(test, held, "test.csv") },
    of: kind,
    ...(kind === "classes" ? { classNames: names } : {})
  }
})
