import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { createHash } from "node:crypto"
import type { SharpConstructor } from "sharp"
import * as Seed from "../numerics/Seed.ts"
import { type Dataset, ImageCorrupt, type Stream } from "./Dataset.ts"
import { DatasetInconsistent, DatasetMissing } from "./Mnist.ts"

/**
 * The library that decodes images, which is installed where they are wanted.
 *
 * @internal
 */
export const library: Effect.Effect<SharpConstructor, DatasetMissing> = Effect.tryPromise({
  try: async () => {
    const { default: sharp } = await import("sharp")
    // Every file is read once an epoch: nothing of it is worth keeping.
    sharp.cache(false)
    return sharp
  },
  catch: () =>
    new DatasetMissing({
      what: "The npm package sharp, which decodes images, is not installed",
      remedy: "Run: npm install sharp@0.35.5"
    })
})

const isImage = (name: string) => /\.(jpe?g|png)$/i.test(name)

/** A window of an image. */
interface Window {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const attempts = 10
const drawsOf = 4 * attempts + 1

/**
 * A random window of 8 to 100 % of an image's area and an aspect ratio of 3/4 to 4/3, from uniform draws; where ten attempts do not fit into
 * the image, its middle.
 *
 * Source: Szegedy et al. 2015, *Going deeper with convolutions*, section 6.
 *
 * @internal
 */
export const randomWindow = (width: number, height: number, draws: Float64Array): Window => {
  for (let i = 0; i < attempts; i++) {
    const [area, ratio, x, y] = draws.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
    const target = (0.08 + 0.92 * area) * width * height
    const aspect = Math.exp((2 * ratio - 1) * Math.log(4 / 3))
    const [w, h] = [Math.round(Math.sqrt(target * aspect)), Math.round(Math.sqrt(target / aspect))]
    if (w >= 1 && h >= 1 && w <= width && h <= height) {
      return { left: Math.floor(x * (width - w + 1)), top: Math.floor(y * (height - h + 1)), width: w, height: h }
    }
  }
  const side = Math.min(width, height)
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), width: side, height: side }
}

/** The shorter side is brought to 256 pixels where the window has 224. */
const beforeCrop = (size: number) => Math.round(size * 256 / 224)

/** One image as `size × size` pixels of three colours: its middle, or with draws a random window, mirrored or not. */
const decode = async (
  open: SharpConstructor,
  file: string,
  size: number,
  draws: Float64Array | undefined
): Promise<Uint8Array> => {
  // ImageNet has files with harmless warnings; those that end early are errors.
  const image = open(file, { failOn: "error" })
  const cut = async () => {
    if (draws === undefined) {
      const side = beforeCrop(size)
      const from = Math.floor((side - size) / 2)
      return image.resize(side, side, { fit: "cover", kernel: "linear" }).extract({
        left: from,
        top: from,
        width: size,
        height: size
      })
    }
    const { height, width } = await image.metadata()
    const window = image.extract(randomWindow(width, height, draws)).resize(size, size, {
      fit: "fill",
      kernel: "linear"
    })
    return draws[drawsOf - 1]! < 0.5 ? window.flop() : window
  }
  return (await cut()).toColourspace("srgb").removeAlpha().raw().toBuffer()
}

/** Files of one split: names by class, sorted, so that an image's number says which it is. */
interface Files {
  readonly classes: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly labels: Uint16Array
}

const list = Effect.fnUntraced(function*(directory: string, classes: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names: Array<string> = []
  const counts: Array<number> = []
  for (const name of classes) {
    const found = (yield* fs.readDirectory(path.join(directory, name))).filter(isImage).toSorted()
    for (const file of found) names.push(file)
    counts.push(found.length)
  }
  const labels = new Uint16Array(names.length)
  let at = 0
  for (const [label, count] of counts.entries()) labels.fill(label, at, at += count)
  return { classes, names, labels } satisfies Files
})

const classesOf = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = (yield* fs.readDirectory(directory)).toSorted()
  return yield* Effect.filter(
    names,
    (name) => Effect.map(fs.stat(path.join(directory, name)), ({ type }) => type === "Directory")
  )
})

/** Sizes of so many files are asked for at once. */
const statsAtOnce = 64

const fingerprint = Effect.fnUntraced(function*(directory: string, { classes, labels, names }: Files) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const hash = createHash("sha256")
  for (let from = 0; from < names.length; from += statsAtOnce) {
    const lines = yield* Effect.forEach(
      names.slice(from, from + statsAtOnce),
      (name, i) => {
        const file = path.join(classes[labels[from + i]!]!, name)
        return Effect.map(fs.stat(path.join(directory, file)), ({ size }) => `${file} ${size}\n`)
      },
      { concurrency: "unbounded" }
    )
    for (const line of lines) hash.update(line)
  }
  return hash.digest("hex")
})

const streamOf = (
  path: Path.Path,
  open: SharpConstructor,
  directory: string,
  { classes, labels, names }: Files,
  size: number
): Stream => ({
  labels,
  count: names.length,
  read: (indices, variation) =>
    Effect.suspend(() => {
      const images = new Uint8Array(indices.length * size * size * 3)
      const one = (index: number, i: number) => {
        const file = path.join(directory, classes[labels[index]!]!, names[index]!)
        return Effect.tryPromise({
          try: async () => {
            const draws = variation === undefined ? undefined : Seed.uniforms(Seed.split(variation, i), drawsOf)
            images.set(await decode(open, file, size, draws), i * size * size * 3)
          },
          catch: (error) => new ImageCorrupt({ file, reason: (error as Error).message })
        })
      }
      return Effect.as(Effect.forEach(indices, one, { concurrency: "unbounded", discard: true }), images)
    })
})

/** Where validation images are, by custom. */
const testNames = ["val", "validation", "test"]

/**
 * The two folders of classes in a directory, `train` and one of `val`, `validation` and `test`; none where there are not.
 *
 * @internal
 */
export const foldersIn = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const exists = (name: string) => Effect.orElseSucceed(fs.exists(path.join(directory, name)), () => false)
  const [test] = yield* Effect.filter(testNames, exists)
  return test !== undefined && (yield* exists("train"))
    ? { train: path.join(directory, "train"), test: path.join(directory, test) }
    : undefined
})

/** Mean and deviation of ImageNet's channels, as everyone takes them (torchvision's reference training). */
const imageNet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] }

/**
 * A dataset of class folders, as ImageNet comes: `train/CLASS/*.JPEG` and `val/CLASS/*.JPEG`, classes numbered by name; JPEG and PNG files count,
 * others do not. Images are decoded when they are needed, and cut to `size × size` pixels: the middle, after the shorter side is
 * brought to 8/7 of `size`; with a variation a random window, mirrored or not.
 *
 * Fails with DatasetMissing without sharp or where something cannot be read, with DatasetInconsistent for a class without training images,
 * classes of the test folder that are not trained, or an empty folder; reading fails with ImageCorrupt, which names the file.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { ImageFolder } from "finegrain"
 * const opened = ImageFolder.open({ train: "/nowhere/train", test: "/nowhere/val" }, 224)
 * const error = await Effect.runPromise(Effect.flip(opened).pipe(Effect.provide(NodeServices.layer)))
 * error._tag // => "DatasetMissing"
 * ```
 */
export const open = Effect.fnUntraced(
  function*(folders: { readonly train: string; readonly test: string }, size: number) {
    const path = yield* Path.Path
    const sharp = yield* library
    const refuse = (directory: string, reason: string) => new DatasetInconsistent({ directory, reason })
    const classes = yield* classesOf(folders.train)
    if (classes.length === 0) return yield* refuse(folders.train, "there is no class folder")
    if (classes.length > 65_536) return yield* refuse(folders.train, `${classes.length} classes are too many`)
    const unknown = (yield* classesOf(folders.test)).filter((name) => !classes.includes(name))
    if (unknown.length > 0) return yield* refuse(folders.test, `class ${unknown[0]} is not among those to train on`)
    const train = yield* list(folders.train, classes)
    const present = new Set(train.labels)
    const empty = classes.find((_, label) => !present.has(label))
    if (empty !== undefined) return yield* refuse(folders.train, `class ${empty} has no images`)
    const test = yield* list(folders.test, yield* classesOf(folders.test))
    // Numbers of the classes to train on, whichever of them are tested.
    for (const [i, label] of test.labels.entries()) test.labels[i] = classes.indexOf(test.classes[label]!)
    const testFiles = { ...test, classes }
    if (testFiles.names.length === 0) return yield* refuse(folders.test, "there are no images")
    const sums = [yield* fingerprint(folders.train, train), yield* fingerprint(folders.test, testFiles)]
    return {
      name: "image-folder",
      classes: classes.length,
      height: size,
      width: size,
      channels: 3,
      train: streamOf(path, sharp, folders.train, train, size),
      test: streamOf(path, sharp, folders.test, testFiles, size),
      checksum: createHash("sha256").update(sums.join()).digest("hex"),
      normalization: imageNet
    } satisfies Dataset<Stream>
  },
  Effect.catchTag("PlatformError", (error) =>
    Effect.fail(
      new DatasetMissing({
        what: `The class folders cannot be read (${error.message})`,
        remedy: "Give a directory that holds train/CLASS/*.JPEG and val/CLASS/*.JPEG."
      })
    ))
)
