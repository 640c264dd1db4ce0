import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Cifar from "./Cifar.ts"
import type { Dataset } from "./Dataset.ts"
import * as Generated from "./Generated.ts"
import type { IdxCorrupt } from "./Idx.ts"
import * as ImageFolder from "./ImageFolder.ts"
import * as Mnist from "./Mnist.ts"

const readFile = Effect.fnUntraced(function*(file: string, format: Cifar.Format) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.mapError(fs.readFile(file), (error) =>
    new Mnist.DatasetMissing({
      what: error.reason._tag === "NotFound" ? `There is no ${file}` : `${file} cannot be read (${error.message})`,
      remedy: `Give a directory with all files of the binary version of ${format.toUpperCase()}.`
    }))
})

const cifar = Effect.fnUntraced(function*(directory: string, format: Cifar.Format) {
  const path = yield* Path.Path
  const { classes, test, train } = Cifar.formats[format]
  const read = (names: ReadonlyArray<string>) =>
    Effect.map(
      Effect.forEach(names, (name) => {
        const file = path.join(directory, name)
        return Effect.flatMap(readFile(file, format), (bytes) => Effect.fromResult(Cifar.decode(bytes, format, file)))
      }),
      Cifar.joined
    )
  const [training, testing] = [yield* read(train), yield* read(test)]
  return {
    name: format,
    classes,
    height: 32,
    width: 32,
    channels: 3,
    train: training,
    test: testing,
    checksum: yield* Mnist.sha256([training.images, training.labels, testing.images, testing.labels])
  } satisfies Dataset
})

/** The format of CIFAR that a directory, or the one that the archive unpacks into it, holds files of. */
const cifarIn = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const format of ["cifar-10", "cifar-100"] as const) {
    const { directory: own, train } = Cifar.formats[format]
    for (const place of [directory, path.join(directory, own)]) {
      const found = yield* Effect.orElseSucceed(fs.exists(path.join(place, train[0]!)), () => false)
      if (found) return { format, place }
    }
  }
  return undefined
})

/**
 * The dataset that a configuration names: `mnist`, `fashion-mnist`, a directory, which holds four IDX files, the binary version of CIFAR-10 or
 * CIFAR-100, or class folders of images as ImageNet; or a few generated images in such files, `generated:cifar-10`,
 * `generated:cifar-100`, `generated:imagenet`. Images of class folders are cut to `imageSize` pixels a side, by default 224.
 *
 * Fails with DatasetMissing, IdxCorrupt or CifarCorrupt, which name the file, or with DatasetInconsistent.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Datasets } from "finegrain"
 * const { channels, classes, train } = await Effect.runPromise(Datasets.load("mnist").pipe(Effect.provide(NodeServices.layer)))
 * [channels, classes, train.count] // => [1, 10, 60000]
 * ```
 */
export const load = Effect.fnUntraced(function*(
  name: string,
  imageSize = 224
): Effect.fn.Return<
  Dataset,
  Mnist.DatasetMissing | Mnist.DatasetInconsistent | IdxCorrupt | Cifar.CifarCorrupt,
  FileSystem.FileSystem | Path.Path
> {
  const generated = Generated.named(name)
  const source = Mnist.named(generated === undefined ? name : yield* Generated.directory(generated))
  if (source._tag !== "directory") return yield* Mnist.load(source)
  const folders = yield* ImageFolder.foldersIn(source.directory)
  if (folders !== undefined) return yield* ImageFolder.open(folders, imageSize)
  const found = yield* cifarIn(source.directory)
  return found === undefined ? yield* Mnist.load(source) : yield* cifar(found.place, found.format)
})
