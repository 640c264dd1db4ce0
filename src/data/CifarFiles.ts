/** The binary version of CIFAR-10 and CIFAR-100, file by file. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Cifar from "./Cifar.ts"
import { DatasetMissing } from "./DataError.ts"
import { absent, type ByteSplit, type Dataset } from "./Dataset.ts"
import { digest } from "./digest.ts"
import * as files from "./files.ts"

const readFile = Effect.fnUntraced(function*(file: string, format: Cifar.CifarFormat) {
  const bytes = yield* files.read(file)
  return bytes ?? (yield* new DatasetMissing({
    what: `There is no ${file}`,
    remedy: `Give a directory with all files of the binary version of ${format.toUpperCase()}.`
  }))
})

/** The names of the classes, from the file that the archive has for them, or as everyone knows them. */
const namesOf = Effect.fnUntraced(function*(directory: string, format: Cifar.CifarFormat) {
  const path = yield* Path.Path
  const { classNames, namesIn } = Cifar.formats[format]
  const file = path.join(directory, namesIn)
  const bytes = yield* files.read(file)
  return bytes === undefined
    ? classNames
    : yield* Effect.fromResult(Cifar.decodeNames(new TextDecoder().decode(bytes), format, file))
})

/**
 * The dataset of which somebody gives the files by their names, with what is to be told of it once they are read.
 *
 * @internal
 */
export const assembled = Effect.fnUntraced(function*<E, R>(
  format: Cifar.CifarFormat,
  classNames: ReadonlyArray<string>,
  file: (name: string) => Effect.Effect<ByteSplit, E, R>
) {
  const { classes, test, train } = Cifar.formats[format]
  const read = (names: ReadonlyArray<string>) => Effect.map(Effect.forEach(names, file), Cifar.joined)
  const [training, testing] = [yield* read(train), yield* read(test)]
  const named = { classes, classNames }
  return {
    name: format,
    ...named,
    height: 32,
    width: 32,
    channels: 3,
    train: training,
    test: testing,
    checksum: yield* digest("sha256", [training.images, training.labels, testing.images, testing.labels]),
    notes: [...absent(training, named, "training"), ...absent(testing, named, "test")]
  } satisfies Dataset
})

/**
 * The dataset in a directory of such files.
 *
 * @internal
 */
export const inDirectory = Effect.fnUntraced(function*(directory: string, format: Cifar.CifarFormat) {
  const path = yield* Path.Path
  const file = (name: string) => path.join(directory, name)
  return yield* assembled(format, yield* namesOf(directory, format), (name) =>
    Effect.flatMap(
      readFile(file(name), format),
      (bytes) => Effect.fromResult(Cifar.decode(bytes, format, file(name)))
    ))
})

/**
 * The format of CIFAR that a directory, or the one that the archive unpacks into it, holds files of; one of them is
 * enough to tell.
 *
 * @internal
 */
export const find = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const exists = (file: string) => Effect.orElseSucceed(fs.exists(file), () => false)
  for (const format of ["cifar-10", "cifar-100"] as const) {
    const { directory: own, test, train } = Cifar.formats[format]
    for (const place of [directory, path.join(directory, own)]) {
      const found = yield* Effect.filter([...train, ...test], (name) => exists(path.join(place, name)))
      if (found.length > 0) return { format, place }
    }
  }
  return undefined
})
