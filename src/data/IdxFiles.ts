/** The four IDX files of a dataset: where they are, under which names, gzipped or not. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { DatasetInconsistent, DatasetMissing } from "./DataError.ts"
import * as files from "./files.ts"
import * as Gzip from "./Gzip.ts"
import * as Idx from "./Idx.ts"

type Part = "train" | "test"
type Kind = "images" | "labels"

/**
 * Where the four files of a dataset are: a directory, and what their names begin with, as `emnist-letters`; mostly
 * nothing.
 */
export interface Place {
  readonly directory: string
  readonly set: string
  /** Everything in the directory. */
  readonly names: ReadonlyArray<string>
}

const remedy =
  "Give a directory with the four IDX files of a dataset of the MNIST family, plain or gzipped, with the files of " +
  "the binary version of CIFAR-10 or CIFAR-100, with class folders of images in train and val, with x_train.npy, " +
  "y_train.npy, x_test.npy and y_test.npy, or with train.csv and test.csv; or a .npz file with these four arrays."

const prefixes = { train: ["train"], test: ["t10k", "test"] } as const

/** The names in use, in the order in which they are taken. */
const candidates = (set: string, part: Part, kind: Kind): ReadonlyArray<string> =>
  prefixes[part].flatMap((prefix) =>
    ["-", "."].flatMap((separator) => {
      const name = `${set === "" ? "" : `${set}-`}${prefix}-${kind}${separator}idx${kind === "images" ? 3 : 1}-ubyte`
      return [name, `${name}.gz`]
    })
  )

const trainImages = /^(?:(.+)-)?train-images[-.]idx3-ubyte(?:\.gz)?$/

const setsIn = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.flatMap((name) => {
    const found = trainImages.exec(name)
    return found === null ? [] : [found[1] ?? ""]
  }))
]

/** Folders that archives and other libraries put the files into. */
const inner = ["gzip", "raw"]

/** A directory with its names, or the one within it that has the files. */
const opened = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Path.Path
  const names = yield* files.namesIn(directory, remedy)
  const [within] = setsIn(names).length > 0 ? [] : inner.filter((name) => names.includes(name))
  if (within === undefined) return { directory, names }
  const place = path.join(directory, within)
  const own = yield* Effect.orElseSucceed(files.namesIn(place, remedy), () => [])
  return setsIn(own).length > 0 ? { directory: place, names: own } : { directory, names }
})

/**
 * The dataset of four IDX files in a directory, or in `gzip` or `raw` within it. Their names may have a beginning of
 * their own, as EMNIST's have; where there are several, a path says which: `emnist/emnist-letters` are the files
 * `emnist-letters-*` of the directory `emnist`.
 *
 * Fails with DatasetMissing where there is no such directory, and with DatasetInconsistent for one that holds several
 * and no path says which.
 *
 * @internal
 */
export const locate = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<Place, DatasetMissing | DatasetInconsistent, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const [above, set] = [path.dirname(directory), path.basename(directory)]
  const isThere = yield* Effect.orElseSucceed(fs.exists(directory), () => true)
  const aside = isThere ? undefined : yield* Effect.orElseSucceed(opened(above), () => undefined)
  if (aside !== undefined && setsIn(aside.names).includes(set)) return { ...aside, set }
  if (!isThere) {
    return yield* new DatasetMissing({ what: `There is no ${directory}`, remedy })
  }
  const place = yield* opened(directory)
  const sets = setsIn(place.names)
  if (sets.length > 1 && !sets.includes("")) {
    return yield* new DatasetInconsistent({
      directory,
      reason: `it holds the datasets ${sets.join(", ")}`,
      remedy: `Say which: ${path.join(directory, sets[0]!)}`
    })
  }
  return { ...place, set: sets.includes("") ? "" : sets[0] ?? "" }
})

/** One of the files, decoded. */
export interface DecodedFile {
  readonly file: string
  readonly idx: Idx.Idx
}

/**
 * One of the four files, decoded, gzipped or not.
 *
 * Fails with DatasetMissing, which says what was looked for, or with IdxCorrupt.
 *
 * @internal
 */
export const read = Effect.fnUntraced(function*(
  { directory, names, set }: Place,
  part: Part,
  kind: Kind
): Effect.fn.Return<DecodedFile, DatasetMissing | Idx.IdxCorrupt, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const wanted = candidates(set, part, kind)
  for (const name of wanted.filter((name) => names.includes(name))) {
    const file = path.join(directory, name)
    const bytes = yield* files.read(file)
    if (bytes === undefined) continue
    const plain = Gzip.isGzip(bytes) ? yield* Gzip.inflated(bytes, file) : bytes
    return { file, idx: yield* Effect.fromResult(Idx.decode(plain, file)) }
  }
  const [usual, ...others] = wanted.filter((name) => !name.endsWith(".gz"))
  return yield* new DatasetMissing({
    what: `There is none of ${[usual, `${usual}.gz`, ...others].join(", ")} in ${directory}`,
    remedy: names.some((name) => trainImages.test(name)) ? "All four files of a dataset must be there." : remedy
  })
})
