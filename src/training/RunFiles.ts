/**
 * Schemas of the files in a run's directory, and how they are read: a file may have been damaged, exchanged, or be
 * somebody else's, so nothing that was read is believed before it was decoded.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Setting from "../choices/Setting.ts"
import * as WholeFile from "../data/WholeFile.ts"
import * as Norms from "../numerics/Norms.ts"
import { perPoms, perStep } from "./measures/steps.ts"
import type { MeasureRecord } from "./TrainingEvent.ts"
import * as ValidationIssues from "./ValidationIssues.ts"

const unnamed = ["NaN", "Infinity", "-Infinity"] as const

/** A number; those that JSON has no word for go by their names, so that a diverged loss is not read as missing. */
export const Num = Schema.Union([
  Schema.Finite,
  Schema.Literals(unnamed).pipe(
    Schema.decodeTo(
      Schema.Number,
      SchemaTransformation.transform({
        decode: Number,
        encode: (value: number) => Number.isNaN(value) ? "NaN" as const : value > 0 ? "Infinity" : "-Infinity"
      })
    )
  )
])

/**
 * A value as JSON, with the names of such numbers.
 *
 * @internal
 */
export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, v: unknown) => typeof v === "number" && !Number.isFinite(v) ? String(v) : v, indent)

/** A key that JSON leaves out where its value is undefined. */
export const missing = <S extends Schema.Top>(schema: S) =>
  Schema.UndefinedOr(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed(undefined)))

/** A key that earlier versions did not write. */
const later = Num.pipe(Schema.withDecodingDefaultKey(Effect.succeed("NaN" as const)))

/**
 * A whole number from 0 upwards.
 *
 * @internal
 */
export const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A whole number from 1 upwards.
 *
 * @internal
 */
export const fromOne = Setting.count
const Loose = Schema.Record(Schema.String, Schema.Unknown)

const Matrices = Schema.Union([Schema.Array(count), Schema.Struct({ count, sha256: Schema.String })])

/** A constrained layer, as far as it is read. */
export const LayerPlan = Schema.Struct({
  layer: Schema.String,
  matricization: Schema.String,
  shape: Schema.Array(count),
  /** Kernels of this shape, where there are several. */
  blocks: missing(fromOne),
  groups: Schema.Array(Schema.Struct({ manifold: Schema.String, matrices: Matrices }))
})

/** A constrained layer, as far as it is read. */
export type LayerPlan = typeof LayerPlan.Type

/** Where a run ran. */
export const Environment = Schema.Struct({
  versions: Schema.optionalKey(Schema.Struct({
    finegrain: Schema.optionalKey(Schema.String),
    node: Schema.optionalKey(Schema.String),
    tensorflow: Schema.optionalKey(Schema.String),
    effect: Schema.optionalKey(Schema.String),
    revision: Schema.optionalKey(Schema.NullOr(Schema.String))
  })),
  backend: Schema.optionalKey(Schema.Struct({
    name: Schema.String,
    engine: Schema.optionalKey(Schema.String),
    device: Schema.optionalKey(Schema.String),
    arithmetic: Schema.optionalKey(Schema.String),
    version: Schema.optionalKey(Schema.String)
  })),
  dataset: Schema.optionalKey(Schema.Struct({ name: Schema.String, sha256: Schema.String }))
})

/** A module of the user's own, by checksum, with what it imports by relative paths. */
export const Used = Schema.Struct({
  file: Schema.String,
  sha256: Schema.String,
  imports: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

/** `manifest.json` of a run: what makes a directory one of ours. */
export const Manifest = Schema.Struct({
  config: Loose,
  use: Schema.optionalKey(Schema.Array(Used)),
  seed: Schema.Int,
  versions: Environment.fields.versions,
  backend: Environment.fields.backend,
  dataset: Schema.Struct({
    name: Schema.String,
    sha256: Schema.String,
    train: Schema.optionalKey(count),
    test: Schema.optionalKey(count)
  }),
  layers: Schema.optionalKey(Schema.Array(LayerPlan))
})

/** `manifest.json` of a run. */
export type Manifest = typeof Manifest.Type

/** A count that earlier versions did not write. */
const laterCount = Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0)))

/** What a run measured, as it is told in tables. */
export const Measures = Schema.Struct({
  status: Schema.Literals(["completed", "interrupted", "failed"]),
  reason: missing(Schema.String),
  testAccuracy: missing(Num),
  testLoss: missing(Num),
  trainLoss: missing(Num),
  trainAccuracy: missing(Num),
  ...perStep(() => missing(Num)),
  measured: missing(Schema.Record(Schema.String, Schema.Record(Schema.String, Num))),
  epochs: laterCount,
  steps: laterCount,
  bestEpoch: missing(Schema.Int),
  seconds: later,
  seed: laterCount,
  tensorsLeaked: laterCount,
  normBoundViolations: laterCount,
  weightsSha256: missing(Schema.String)
})

/** `summary.json` of a run. */
export const Summary = Schema.Struct({
  ...Measures.fields,
  output: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))
})

/** `summary.json` of a run. */
export type Summary = typeof Summary.Type

const LogBounds = Schema.Struct({ frobenius: Num, rowSum: Num, spectral: Num })

const Measured = Schema.Struct(
  {
    name: Schema.String,
    title: Schema.String,
    caption: Schema.String,
    value: Schema.String,
    scale: Schema.optionalKey(Schema.Literal("log")),
    zero: Schema.optionalKey(Schema.Boolean),
    limits: Schema.optionalKey(Schema.Tuple([Num, Num])),
    readings: Schema.Record(Schema.String, Num)
  } satisfies Readonly<Record<keyof MeasureRecord, unknown>>
)

/** The end of an epoch, in a log. */
export const EpochDone = Schema.TaggedStruct("EpochDone", {
  epoch: fromOne,
  step: count,
  trainLoss: Num,
  trainAccuracy: Num,
  ...perStep(() => later),
  testLoss: Num,
  testAccuracy: Num,
  norms: Schema.Array(Schema.Struct({
    manifold: Schema.String,
    norm: Schema.Literals(Norms.ofWeights),
    largest: Num,
    bound: missing(Num)
  })),
  normBoundViolations: count,
  turnedShare: Schema.optionalKey(Num),
  bounds: missing(Schema.Struct({ perPom: LogBounds, perLayer: LogBounds })),
  measures: Schema.optionalKey(Schema.Array(Measured)),
  tensorsLeaked: Schema.Int,
  seconds: Num,
  imagesPerSecond: Num
})

const ByPom = Schema.Record(Schema.String, Num)

/** A step, in a log. */
const StepDone = Schema.TaggedStruct("StepDone", {
  step: fromOne,
  epoch: fromOne,
  loss: Num,
  rate: Num,
  images: count,
  ...perStep(() => later),
  ...perPoms(() => Schema.optionalKey(ByPom))
})

/** A line of `events.jsonl`, of those that are read. */
export const LogLine = Schema.Union([StepDone, EpochDone])

/** Mistakes that are told of a file, at most. */
const mostTold = 2
const mostLetters = 120

/** How schemas tell a number, and a key that may be missing, in words of a reader. */
const inWords = (text: string) =>
  text.replace(`number | ${unnamed.map((name) => `"${name}"`).join(" | ")}`, "a number").replace(/ \| undefined\b/, "")

const cut = (text: string) => {
  const line = inWords(text).replaceAll(/\s+/g, " ")
  return line.length <= mostLetters ? line : `${line.slice(0, mostLetters - 1)}…`
}

/**
 * A value of unknown type by its schema, or what is wrong with it, in a few words.
 *
 * @internal
 */
export const decode = <A, I>(schema: Schema.Codec<A, I>, what: string) => {
  const decoding = Schema.decodeUnknownResult(schema, { errors: "all" })
  return (value: unknown): Result.Result<A, string> =>
    Result.mapError(decoding(value), (error) => {
      const texts = ValidationIssues.of(error, value, "entry").map(({ text }) => cut(text))
      const more = texts.length - mostTold
      return `it is no ${what} of finegrain: ${texts.slice(0, mostTold).join("; ")}${
        more > 0 ? `; and ${more} more` : ""
      }`
    })
}

/** `manifest.json` of a run, decoded. */
export const decodeManifest = decode(Manifest, "manifest")

/** `summary.json` of a run, decoded: what its text is, whether it lies in a file or comes from another process. */
export const decodeSummary = decode(Summary, "summary")

/**
 * A JSON file as it is; none where it is missing. What cannot be read, and what is no JSON, the caller tells in its own
 * words.
 *
 * @internal
 */
export const json = <E>(
  file: string,
  unread: (error: PlatformError.PlatformError) => E,
  damaged: (reason: string) => E
): Effect.Effect<Option.Option<unknown>, E, FileSystem.FileSystem> =>
  Effect.flatMap(Effect.mapError(WholeFile.read(file), unread), (found) =>
    Effect.try({
      try: () => Option.map(found, (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as unknown),
      catch: (error) => damaged(`it is not JSON (${cut((error as Error).message)})`)
    }))

/**
 * A JSON file decoded by its schema; none where it is missing. The caller tells in its own words what is wrong.
 *
 * @internal
 */
export const read = <A, E>(
  file: string,
  decoding: (value: unknown) => Result.Result<A, string>,
  unread: (error: PlatformError.PlatformError) => E,
  damaged: (reason: string) => E
): Effect.Effect<Option.Option<A>, E, FileSystem.FileSystem> =>
  Effect.flatMap(json(file, unread, damaged), (found) =>
    Option.isNone(found)
      ? Effect.succeedNone
      : Effect.asSome(Effect.fromResult(Result.mapError(decoding(found.value), damaged))))
