/** Generated images in the files of a real format: everything can be tried without the data. */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"
import * as Seed from "../numerics/Seed.ts"
import * as Cifar from "./Cifar.ts"
import type { DatasetMissing } from "./DataError.ts"
import { library } from "./images/decode.ts"

/** Formats of which a few small files can be generated, to see that everything works without the data. */
export type GeneratedFormat = Cifar.CifarFormat | "imagenet"

/** Pixels of three colours around one that tells the class. */
const pixels = (label: number, count: number, seed: Seed.Seed) => {
  const noise = Seed.uniforms(seed, 3 * count)
  return Uint8Array.from(noise, (u, i) => 40 + 60 * ((label + i) % 3) + 50 * u)
}

const cifar = (format: Cifar.CifarFormat): ReadonlyMap<string, Uint8Array> => {
  const { classes, labelBytes, test, train } = Cifar.formats[format]
  const record = labelBytes + 3072
  return new Map([...train, ...test].map((file, f) => {
    const bytes = new Uint8Array(20 * record)
    for (let i = 0; i < 20; i++) {
      bytes.fill(i % classes, i * record, i * record + labelBytes)
      bytes.set(pixels(i % classes, 1024, Seed.split(f, i)), i * record + labelBytes)
    }
    return [file, bytes]
  }))
}

const imageNet = Effect.gen(function*() {
  const sharp = yield* library
  const files = new Map<string, Uint8Array>()
  for (const [split, each] of [["train", 8], ["val", 4]] as const) {
    for (let i = 0; i < 3 * each; i++) {
      const [width, height] = [40 + (7 * i) % 30, 40 + (11 * i) % 30]
      const raw = { width, height, channels: 3 as const }
      const image = sharp(pixels(i % 3, width * height, Seed.split(each, i)), { raw })
      files.set(`${split}/n${i % 3}/${i}.JPEG`, yield* Effect.promise(() => image.jpeg({ quality: 90 }).toBuffer()))
    }
  }
  return files
})

/**
 * Where generated files seem to lie.
 *
 * @internal
 */
export const root = "/generated"

/**
 * A few generated images in the files of a format, by path.
 *
 * Fails with DatasetMissing where images have to be encoded and sharp is not there.
 *
 * @internal
 */
export const contents = (format: GeneratedFormat): Effect.Effect<ReadonlyMap<string, Uint8Array>, DatasetMissing> =>
  format === "imagenet" ? imageNet : Effect.sync(() => cifar(format))

/**
 * The generated files of a format as a file system that is in memory: nothing is written, so that nothing can be in the
 * way, or be left.
 *
 * @internal
 */
export const fileSystem = (format: GeneratedFormat): Effect.Effect<FileSystem.FileSystem, DatasetMissing> =>
  Effect.map(
    contents(format),
    (files) => inMemory(new Map([...files].map(([path, bytes]) => [`${root}/${path}`, bytes])))
  )

/** Files that can be read, with the directories that their paths imply. */
const inMemory = (files: ReadonlyMap<string, Uint8Array>): FileSystem.FileSystem => {
  const missing = (method: string, path: string) =>
    PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method, pathOrDescriptor: path })
  const below = (directory: string) => [
    ...new Set(
      [...files.keys()].filter((file) => file.startsWith(`${directory}/`)).map((file) =>
        file.slice(directory.length + 1).split("/")[0]!
      )
    )
  ]
  const info = (type: FileSystem.File.Type, size: number): FileSystem.File.Info => ({
    type,
    size: ByteSize.bytes(size),
    mode: 0o444,
    dev: 0n,
    ino: Option.none(),
    mtime: Option.none(),
    atime: Option.none(),
    birthtime: Option.none(),
    nlink: Option.none(),
    uid: Option.none(),
    gid: Option.none(),
    rdev: Option.none(),
    blksize: Option.none(),
    blocks: Option.none()
  })
  return FileSystem.makeNoop({
    exists: (path) => Effect.succeed(files.has(path) || below(path).length > 0),
    readDirectory: (path) => {
      const names = below(path)
      return names.length === 0 ? Effect.fail(missing("readDirectory", path)) : Effect.succeed(names)
    },
    stat: (path) => {
      const bytes = files.get(path)
      return bytes !== undefined
        ? Effect.succeed(info("File", bytes.length))
        : below(path).length > 0
        ? Effect.succeed(info("Directory", 0))
        : Effect.fail(missing("stat", path))
    },
    readFile: (path) => {
      const bytes = files.get(path)
      return bytes === undefined ? Effect.fail(missing("readFile", path)) : Effect.succeed(bytes)
    }
  })
}
