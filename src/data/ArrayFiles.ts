/** Datasets in files of arrays: `.npz`, four `.npy`, or two tables in CSV. */
import * as Effect from "effect/Effect"
import * as Zip from "effect/encoding/Zip"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Arrays from "./Arrays.ts"
import * as Csv from "./Csv.ts"
import { DatasetInconsistent, type DatasetMissing } from "./DataError.ts"
import type { Dataset, Targets } from "./Dataset.ts"
import * as files from "./files.ts"
import * as Npy from "./Npy.ts"

/** What settings say of them. */
export interface ArraySettings {
  readonly target?: string
  readonly targets?: Targets["of"]
}

const names = ["x_train", "y_train", "x_test", "y_test"] as const

type Name = (typeof names)[number]

/** The four arrays, from the bytes of each. */
const ofBytes = Effect.fnUntraced(function*(
  place: string,
  bytesOf: (name: Name) => Effect.Effect<Uint8Array | undefined, DatasetMissing, FileSystem.FileSystem>,
  { targets }: ArraySettings
) {
  const refuse = (reason: string) => new DatasetInconsistent({ directory: place, reason })
  const array = Effect.fnUntraced(function*(name: Name) {
    const bytes = yield* bytesOf(name)
    if (bytes === undefined) return yield* refuse(`${name}.npy is not there, but all of ${names.join(", ")} are needed`)
    return yield* Effect.fromResult(Result.mapError(Npy.decode(bytes), (reason) => refuse(`${name}.npy: ${reason}`)))
  })
  return yield* made(place, {
    train: { x: yield* array("x_train"), y: yield* array("y_train") },
    test: { x: yield* array("x_test"), y: yield* array("y_test") },
    ...(targets === undefined ? {} : { of: targets })
  })
})

const made = Effect.fnUntraced(function*(place: string, given: Omit<Arrays.ArraysOptions, "name">) {
  const path = yield* Path.Path
  const name = path.basename(place).replace(/[.]npz$/, "")
  return yield* Effect.mapError(
    Arrays.dataset({ ...given, name }),
    (error) => new DatasetInconsistent({ directory: place, reason: error.message })
  )
})

/** The files of an archive by name, each as a whole. */
const unpacked = (bytes: Uint8Array, file: string) =>
  Stream.make(bytes).pipe(
    Stream.pipeThroughChannel(Zip.decode()),
    Stream.mapEffect(({ body, header }) => Effect.map(bytesIn(body), (content) => [header.path, content] as const)),
    Stream.runCollect,
    Effect.map((entries) => new Map(entries)),
    Effect.mapError(({ message }) =>
      new DatasetInconsistent({ directory: file, reason: `it is no archive that can be read: ${message}` })
    )
  )

const bytesIn = <E>(body: Stream.Stream<Uint8Array, E>) => Effect.map(Stream.runCollect(body), Buffer.concat)

const npz = Effect.fnUntraced(function*(file: string, settings: ArraySettings) {
  const bytes = yield* files.read(file)
  if (bytes === undefined) return undefined
  const entries = yield* unpacked(bytes, file)
  return yield* ofBytes(file, (name) => Effect.succeed(entries.get(`${name}.npy`)), settings)
})

const csv = Effect.fnUntraced(function*(directory: string, { target, targets }: ArraySettings) {
  const path = yield* Path.Path
  const refuse = (reason: string) => new DatasetInconsistent({ directory, reason })
  const text = Effect.fnUntraced(function*(name: string) {
    const bytes = yield* files.read(path.join(directory, name))
    return bytes === undefined ? yield* refuse(`${name} is not there`) : new TextDecoder().decode(bytes)
  })
  const texts = { train: yield* text("train.csv"), test: yield* text("test.csv") }
  const options = {
    ...(target === undefined ? {} : { target }),
    ...(targets === undefined ? {} : { of: targets })
  }
  return yield* made(directory, yield* Effect.mapError(Csv.tables(texts, options), refuse))
})

/**
 * The dataset in a `.npz` file with the arrays x_train, y_train, x_test and y_test, in a directory with these as
 * `.npy`, or with train.csv and test.csv; none where it is none of these.
 *
 * Fails with DatasetMissing for a file that cannot be read, and with DatasetInconsistent for what is damaged or does
 * not go together.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(
  place: string,
  settings: ArraySettings
): Effect.fn.Return<
  Dataset | undefined,
  DatasetInconsistent | DatasetMissing,
  FileSystem.FileSystem | Path.Path
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (place.endsWith(".npz")) return yield* npz(place, settings)
  const there = yield* Effect.orElseSucceed(fs.readDirectory(place), (): ReadonlyArray<string> => [])
  if (there.includes("x_train.npy")) {
    return yield* ofBytes(place, (name) => files.read(path.join(place, `${name}.npy`)), settings)
  }
  return there.includes("train.csv") ? yield* csv(place, settings) : undefined
})
