import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { tmpdir } from "node:os"
import * as Seed from "../numerics/Seed.ts"
import * as Cifar from "./Cifar.ts"
import { library } from "./ImageFolder.ts"
import { DatasetMissing } from "./Mnist.ts"

/** Formats of which a few small files can be generated, to see that everything works without the data. */
export const formats = ["cifar-10", "cifar-100", "imagenet"] as const
/** One of them. */
export type Format = (typeof formats)[number]

/** The format that a dataset's name asks for: `generated:cifar-10`, `generated:cifar-100` or `generated:imagenet`. */
export const named = (name: string): Format | undefined => formats.find((format) => name === `generated:${format}`)

type Write = (file: string, bytes: Uint8Array) => Effect.Effect<void, DatasetMissing>

/** Pixels of three colours around one that tells the class. */
const pixels = (label: number, count: number, seed: Seed.Seed) => {
  const noise = Seed.uniforms(seed, 3 * count)
  return Uint8Array.from(noise, (u, i) => 40 + 60 * ((label + i) % 3) + 50 * u)
}

const writeCifar = Effect.fnUntraced(function*(write: Write, format: Cifar.Format) {
  const { classes, labelBytes, test, train } = Cifar.formats[format]
  const record = labelBytes + 3072
  for (const [f, file] of [...train, ...test].entries()) {
    const bytes = new Uint8Array(20 * record)
    for (let i = 0; i < 20; i++) {
      bytes.fill(i % classes, i * record, i * record + labelBytes)
      bytes.set(pixels(i % classes, 1024, Seed.split(f, i)), i * record + labelBytes)
    }
    yield* write(file, bytes)
  }
})

const writeImageNet = Effect.fnUntraced(function*(write: Write) {
  const path = yield* Path.Path
  const sharp = yield* library
  for (const [split, each] of [["train", 8], ["val", 4]] as const) {
    for (let i = 0; i < 3 * each; i++) {
      const [width, height] = [40 + (7 * i) % 30, 40 + (11 * i) % 30]
      const raw = { width, height, channels: 3 as const }
      const image = sharp(pixels(i % 3, width * height, Seed.split(each, i)), { raw })
      const jpeg = yield* Effect.promise(() => image.jpeg({ quality: 90 }).toBuffer())
      yield* write(path.join(split, `n${i % 3}`, `${i}.JPEG`), jpeg)
    }
  }
})

/**
 * The directory of a few generated images in the files of a format; made where it is not there yet.
 *
 * Fails with DatasetMissing where it cannot be written.
 *
 * @internal
 */
export const directory = Effect.fnUntraced(function*(format: Format) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const place = path.join(tmpdir(), "finegrain-generated", format)
  const failing = (error: { readonly message: string }) =>
    new DatasetMissing({ what: `Generated images cannot be written (${error.message})`, remedy: "Set TMPDIR." })
  yield* Effect.gen(function*() {
    if (yield* fs.exists(place)) return
    yield* fs.makeDirectory(path.dirname(place), { recursive: true })
    const own = yield* fs.makeTempDirectory({ directory: path.dirname(place), prefix: "new-" })
    const write: Write = (file, bytes) =>
      Effect.andThen(
        fs.makeDirectory(path.dirname(path.join(own, file)), { recursive: true }),
        fs.writeFile(path.join(own, file), bytes)
      ).pipe(Effect.mapError(failing))
    yield* format === "imagenet" ? writeImageNet(write) : writeCifar(write, format)
    // Of two processes that make it at once, one finds it made.
    yield* Effect.catch(
      fs.rename(own, place),
      (error) =>
        Effect.flatMap(fs.exists(place), (made) => made ? fs.remove(own, { recursive: true }) : Effect.fail(error))
    )
  }).pipe(Effect.catchTag("PlatformError", (error) => Effect.fail(failing(error))))
  return place
})
