import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import { Cifar, type Dataset, Datasets, Idx, Seed } from "finegrain"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import sharp from "sharp"

/** Files by their path below a directory. */
export type Files = Readonly<Record<string, Uint8Array | string>>

/** Puts files where they belong. */
export const put = (directory: string, files: Files): void => {
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
}

/** Labels as an IDX file. */
export const labels = (values: ReadonlyArray<number>): Uint8Array =>
  Idx.encode({ type: "uint8", shape: [values.length], values: Uint8Array.from(values) })

/** So many images as an IDX file; pixels count up. */
export const images = (count: number, height = 3, width = 3): Uint8Array =>
  Idx.encode({
    type: "uint8",
    shape: [count, height, width],
    values: Uint8Array.from({ length: count * height * width }, (_, i) => i % 251)
  })

const everyLabel = [0, 1, 2, 0, 1, 2]

/** Four IDX files of a dataset with these labels. */
export const idx = (
  train: ReadonlyArray<number> = everyLabel,
  test: ReadonlyArray<number> = everyLabel,
  prefix = ""
) => ({
  [`${prefix}train-images-idx3-ubyte`]: images(train.length),
  [`${prefix}train-labels-idx1-ubyte`]: labels(train),
  [`${prefix}t10k-images-idx3-ubyte`]: images(test.length),
  [`${prefix}t10k-labels-idx1-ubyte`]: labels(test)
})

/** The same under the names of EMNIST. */
export const emnist = (set: string, train: ReadonlyArray<number>, test = train) =>
  Object.fromEntries(
    Object.entries(idx(train, test, `emnist-${set}-`)).map(([name, bytes]) => [name.replace("t10k", "test"), bytes])
  )

/** The numbers from one to another. */
export const between = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Files of CIFAR's binary version, of a few records each. */
export const cifar = (format: Cifar.CifarFormat): Record<string, Uint8Array> => {
  const { labelBytes, test, train } = Cifar.formats[format]
  const size = labelBytes + 3072
  return Object.fromEntries([...train, ...test].map((name, f) => {
    const bytes = Uint8Array.from(Seed.uniforms(f, 3 * size), (u) => 256 * u)
    for (let i = 0; i < 3; i++) bytes.fill(i + 1, i * size, i * size + labelBytes)
    return [name, bytes]
  }))
}

/** A picture of one colour. */
export const picture = (width = 20, height = 16, background = "#336699") =>
  sharp({ create: { width, height, channels: 3, background } })

/** Class folders of two pictures a class in `train` and one in `val`. */
export const folders = async (...classes: ReadonlyArray<string>): Promise<Record<string, Uint8Array>> => {
  const files: Record<string, Uint8Array> = {}
  for (const [c, name] of classes.entries()) {
    for (const [split, count] of [["train", 2], ["val", 1]] as const) {
      for (let i = 0; i < count; i++) {
        files[`${split}/${name}/${i}.jpg`] = await picture(20 + i, 16 + c, `rgb(${40 * c}, 90, 160)`).jpeg().toBuffer()
      }
    }
  }
  return files
}

/** The dataset in a directory, class folders cut to 8 pixels a side. */
export const load = (directory: string) => Datasets.load(directory, 8)

/** Every image of a dataset, as bytes. */
export const read = ({ train }: Dataset.Dataset) =>
  "read" in train
    ? train.read(Int32Array.from({ length: train.count }, (_, i) => i), undefined)
    : Effect.succeed(train.images)

/** What became of loading a dataset and reading its training images. */
export const attempt = (directory: string) =>
  Effect.runPromise(
    Effect.result(Effect.tap(load(directory), read)).pipe(Effect.provide(NodeServices.layer))
  )

/** File systems on which nothing of a name may be read, whoever runs the tests. */
export const forbidding = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => {
    const refused = (method: string, path: string) =>
      PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method, pathOrDescriptor: path })
    return Effect.provideService(effect, FileSystem.FileSystem, {
      ...fs,
      readFile: (path) => path.endsWith(name) ? Effect.fail(refused("readFile", path)) : fs.readFile(path),
      readDirectory: (path, options) =>
        path.endsWith(name) ? Effect.fail(refused("readDirectory", path)) : fs.readDirectory(path, options)
    })
  })
