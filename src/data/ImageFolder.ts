/** Class folders as a dataset whose images are decoded while the last batch trains, as ImageNet needs it. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { createHash } from "node:crypto"
import { counted } from "../choices/counted.ts"
import * as Seed from "../numerics/Seed.ts"
import * as ClassFolders from "./ClassFolders.ts"
import { DatasetInconsistent, type DatasetMissing, ImageCorrupt } from "./DataError.ts"
import { absent, type Dataset, listing, type Stream } from "./Dataset.ts"
import * as files from "./files.ts"
import { decode, drawsOf, library, type Orientation, reasonOf } from "./images/decode.ts"

export type { Orientation } from "./images/decode.ts"

const fingerprint = ({ paths, sizes }: ClassFolders.Listed) => {
  const hash = createHash("sha256")
  for (const [i, path] of paths.entries()) hash.update(`${path} ${sizes[i]}\n`)
  return hash.digest("hex")
}

/** So many files are open at once. */
const filesAtOnce = 64

const streamOf = Effect.fnUntraced(function*(
  { directory, paths }: ClassFolders.Listed,
  labels: Uint16Array,
  size: number,
  orientation: Orientation
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const sharp = yield* library
  const read: Stream["read"] = (indices, variation) =>
    Effect.suspend(() => {
      const images = new Uint8Array(indices.length * size * size * 3)
      const one = Effect.fnUntraced(function*(index: number, i: number) {
        const file = path.join(directory, paths[index]!)
        const bytes = yield* Effect.mapError(
          fs.readFile(file),
          (error) => new ImageCorrupt({ file, reason: files.reasonOf(error) })
        )
        const draws = variation === undefined ? undefined : Seed.uniforms(Seed.split(variation, i), drawsOf)
        yield* Effect.tryPromise({
          try: async () => images.set(await decode(sharp, bytes, size, orientation, draws), i * size * size * 3),
          catch: (error) => new ImageCorrupt({ file, reason: reasonOf(error) })
        })
      })
      return Effect.as(Effect.forEach(indices, one, { concurrency: filesAtOnce, discard: true }), images)
    })
  return { labels, count: paths.length, read } satisfies Stream
})

/** Where validation images are, by custom. */
const testNames = ["val", "validation", "test"]

/**
 * The two folders of classes in a directory, `train` and one of `val`, `validation` and `test`; none where there are
 * not.
 *
 * @internal
 */
export const foldersIn = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isFolder = (name: string) =>
    Effect.orElseSucceed(
      Effect.map(fs.stat(path.join(directory, name)), ({ type }) => type === "Directory"),
      () => false
    )
  const [test] = yield* Effect.filter(testNames, isFolder)
  return test !== undefined && (yield* isFolder("train"))
    ? { train: path.join(directory, "train"), test: path.join(directory, test) }
    : undefined
})

/** Mean and deviation of ImageNet's channels, as everyone takes them (torchvision's reference training). */
const imageNet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] }

/** Classes of a test folder that are not those to train on, in words. */
const strangers = (test: ClassFolders.Listed, names: ReadonlyArray<string>): string | undefined => {
  const unknown = test.classes.find(({ name }) => !names.includes(name))?.name
  if (unknown === undefined) return undefined
  const similar = names.find((name) => name.toLowerCase() === unknown.toLowerCase())
  return `class ${unknown} is not among those to train on${similar === undefined ? "" : `, but ${similar} is`}`
}

/** Files that lie where class folders should, in words. */
const beside = ({ others }: ClassFolders.Listed): string =>
  others.length === 0 ? "" : `, but ${counted(others.length, "file")} in no class folder: ${listing(others)}`

/** A class without training images, in words. */
const hollow = ({ classes, labels, nested, others }: ClassFolders.Listed): string | undefined => {
  const present = new Set(labels)
  const empty = classes.find((_, label) => !present.has(label))
  if (empty === undefined) return undefined
  const own = (paths: ReadonlyArray<string>) => paths.filter((path) => path.startsWith(`${empty.folder}/`))
  const instead = [
    ...(own(others).length === 0 ? [] : [`files that are no JPEG or PNG, as ${own(others)[0]}`]),
    ...(own(nested).length === 0 ? [] : [`further folders, which are not read, as ${own(nested)[0]}`])
  ]
  return `class ${empty.name} has no images${instead.length === 0 ? "" : `, but ${instead.join(", and ")}`}`
}

/**
 * A dataset of class folders, as ImageNet comes: `train/CLASS/*.JPEG` and `val/CLASS/*.JPEG`. Images are decoded when
 * they are needed, and cut to `size × size` pixels: the middle, after the shorter side is brought to 8/7 of `size`;
 * with a variation a random window, mirrored or not.
 *
 * Classes are the folders, in the order of their names' code units: 10 comes before 2. JPEG and PNG files in them
 * count, capital or not; `notes` say what does not: hidden entries and those of systems (`.DS_Store`, `@eaDir`,
 * `Thumbs.db`), other files, folders within.
 *
 * Images are turned as their EXIF orientation says, unless asked for as they are `stored`; the checksum tells the two
 * apart. Of 16 bits 8 are kept, grey becomes three equal colours, CMYK becomes sRGB, transparency is dropped (what
 * cannot be seen at all is black), and of an animation the first image is taken.
 *
 * Fails with DatasetMissing without sharp or where something cannot be read, with DatasetInconsistent for a class
 * without training images, one that is there twice, classes of the test folder that are not trained, images of no
 * bytes, or an empty folder; reading fails with ImageCorrupt, which names the file.
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
  function*(
    folders: { readonly train: string; readonly test: string },
    size: number,
    orientation: Orientation = "exif"
  ): Effect.fn.Return<
    Dataset<Stream>,
    DatasetMissing | DatasetInconsistent,
    FileSystem.FileSystem | Path.Path
  > {
    const refuse = (directory: string, reason: string) => new DatasetInconsistent({ directory, reason })
    if (!(Number.isInteger(size) && size >= 1)) {
      return yield* refuse(folders.train, `its images cannot be cut to ${size} pixels a side`)
    }
    const train = yield* ClassFolders.list(folders.train)
    const classNames = train.classes.map(({ name }) => name)
    if (classNames.length === 0) return yield* refuse(folders.train, `there is no class folder${beside(train)}`)
    if (classNames.length === 1) {
      return yield* refuse(
        folders.train,
        `there is a single class, ${classNames[0]}, and to tell classes apart takes two`
      )
    }
    if (classNames.length > 65_536) return yield* refuse(folders.train, `${classNames.length} classes are too many`)
    const test = yield* ClassFolders.list(folders.test)
    const wrong = strangers(test, classNames)
    if (wrong !== undefined) return yield* refuse(folders.test, wrong)
    const empty = hollow(train)
    if (empty !== undefined) return yield* refuse(folders.train, empty)
    if (test.paths.length === 0) return yield* refuse(folders.test, `there are no images${beside(test)}`)
    const labels = Uint16Array.from(train.labels)
    // Numbers of the classes to train on, whichever of them are tested.
    const numbers = test.classes.map(({ name }) => classNames.indexOf(name))
    const testLabels = Uint16Array.from(test.labels, (label) => numbers[label]!)
    const named = { classes: classNames.length, classNames }
    return {
      name: "image-folder",
      ...named,
      height: size,
      width: size,
      channels: 3,
      train: yield* streamOf(train, labels, size, orientation),
      test: yield* streamOf(test, testLabels, size, orientation),
      checksum: createHash("sha256").update([fingerprint(train), fingerprint(test), orientation].join()).digest("hex"),
      normalization: imageNet,
      notes: [
        orientation === "exif"
          ? "images are turned as their EXIF orientation says"
          : "images lie as they are stored, whatever their EXIF orientation says",
        ...ClassFolders.notes([train, test]),
        ...absent({ labels: testLabels }, named, "test")
      ]
    }
  }
)
