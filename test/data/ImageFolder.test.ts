import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { Backend, Datasets, Run, Seed, Subset, TrainConfig } from "finegrain"
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { afterAll, expect, it } from "vitest"
import type { Dataset, Stream } from "../../src/data/Dataset.ts"
import { randomWindow } from "../../src/data/images/decode.ts"
import { writeGenerated } from "./generatedFiles.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-image-folder-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const load = async (directory: string, size = 16) => await run(Datasets.load(directory, size)) as Dataset<Stream>
const failure = async (directory: string) => {
  const result = await run(Effect.result(Datasets.load(directory, 16)))
  return Result.isFailure(result) ? result.failure.message : "no failure"
}

/** A copy of the generated images, to be damaged. */
const copy = (name: string) => writeGenerated(join(scratch, name))

it("class folders are found, counted and labelled", async () => {
  const dataset = await load("generated:imagenet", 24)
  expect(dataset).toMatchObject({ name: "image-folder", classes: 3, height: 24, width: 24, channels: 3 })
  expect([dataset.train.count, dataset.test.count]).toEqual([24, 12])
  expect([...dataset.test.labels]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
  const images = await run(dataset.train.read(Int32Array.of(0, 8, 16), undefined))
  expect(images).toHaveLength(3 * 24 * 24 * 3)
  // The generated classes differ in which colour is brightest.
  const brightest = [0, 1, 2].map((i) => {
    const sums = [0, 0, 0]
    for (const [p, value] of images.subarray(i * 1728, (i + 1) * 1728).entries()) sums[p % 3]! += value
    return sums.indexOf(Math.max(...sums))
  })
  expect(brightest).toEqual([2, 1, 0])
})

it("what is read depends on numbers and seed, not on what else is read; without a seed nothing varies", async () => {
  const { train } = await load("generated:imagenet")
  const size = 16 * 16 * 3
  const read = (indices: ReadonlyArray<number>, seed?: Seed.Seed) => run(train.read(Int32Array.from(indices), seed))
  const [together, alone] = [await read([3, 20]), await read([20])]
  expect(together.subarray(size)).toEqual(alone)
  const [one, same, other] = [await read([3, 20], 1), await read([3, 20], 1), await read([3, 20], 2)]
  expect(same).toEqual(one)
  expect(other).not.toEqual(one)
  expect(one).not.toEqual(together)
})

it("a part of a stream reads the same images", async () => {
  const dataset = await load("generated:imagenet")
  const part = await Effect.runPromise(Subset.take(dataset, { trainImages: 5, validationImages: 4, testImages: 3 }))
  expect([part.train.count, part.test.count]).toEqual([5, 4])
  const order = Seed.permutation(0, 24)
  const [here, there] = [
    await run(part.train.read(Int32Array.of(4), undefined)),
    await run(dataset.train.read(order.slice(4, 5), undefined))
  ]
  expect(here).toEqual(there)
  expect(part.train.labels[4]).toBe(dataset.train.labels[order[4]!])
})

it("random windows lie within the image, and where an attempt fits are as large and as wide as they should be", () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 700 }), fc.nat(), (width, height, seed) => {
      const window = randomWindow(width, height, Seed.uniforms(seed, 41))
      expect(window.left).toBeGreaterThanOrEqual(0)
      expect(window.top).toBeGreaterThanOrEqual(0)
      expect(window.left + window.width).toBeLessThanOrEqual(width)
      expect(window.top + window.height).toBeLessThanOrEqual(height)
      const [area, ratio] = [window.width * window.height, window.width / window.height]
      // Sides are rounded to pixels: by half of one.
      const slack = (1 + 0.5 / window.width) * (1 + 0.5 / window.height)
      expect(area * slack ** 2).toBeGreaterThanOrEqual(Math.min(0.08 * width * height, Math.min(width, height) ** 2))
      expect(ratio).toBeLessThanOrEqual(4 / 3 * (1 + 1 / window.height) + 1 / window.height)
      expect(ratio).toBeGreaterThanOrEqual(3 / 4 / (1 + 1 / window.height) - 1 / window.height)
    })
  ))

it("says which folder or class is wrong", async () => {
  const empty = await copy("empty")
  for (const i of [0, 1, 2, 3, 4, 5, 6, 7]) rmSync(join(empty, "train", "n1", `${1 + 3 * i}.JPEG`))
  expect(await failure(empty)).toMatch(/empty\/train is inconsistent: class n1 has no images/)
  const unknown = await copy("unknown")
  mkdirSync(join(unknown, "val", "n9"))
  expect(await failure(unknown)).toMatch(/class n9 is not among those to train on/)
  const none = await copy("none")
  for (const i of [0, 1, 2]) rmSync(join(none, "train", `n${i}`), { recursive: true })
  expect(await failure(none)).toMatch(/there is no class folder/)
  const hollow = await copy("hollow")
  rmSync(join(hollow, "val", "n0"), { recursive: true })
  for (const i of [1, 2]) {
    rmSync(join(hollow, "val", `n${i}`), { recursive: true })
    mkdirSync(join(hollow, "val", `n${i}`))
  }
  expect(await failure(hollow)).toMatch(/val is inconsistent: there are no images/)
})

it("another file gives another checksum", async () => {
  const directory = await copy("checksum")
  const before = (await load(directory)).checksum
  expect((await load(directory)).checksum).toBe(before)
  copyFileSync(join(directory, "val", "n0", "0.JPEG"), join(directory, "val", "n0", "1.JPEG"))
  expect((await load(directory)).checksum).not.toBe(before)
})

const config = (dataset: string) =>
  Effect.runPromise(TrainConfig.decode({
    dataset,
    imageSize: 12,
    augment: "crop-flip",
    normalize: true,
    epochs: 2,
    batchSize: 5,
    backend: "wasm"
  }, "test"))

const train = async (dataset: string, output: string) => {
  const decoded = await config(dataset)
  return Effect.runPromise(
    Effect.result(Run.train(decoded, output, () => Effect.void)).pipe(
      Effect.provide([NodeServices.layer, Backend.wasm])
    )
  )
}

it("training on a stream gives the same bits again, and leaks nothing", async () => {
  const runs = [
    await train("generated:imagenet", join(scratch, "a")),
    await train("generated:imagenet", join(scratch, "b"))
  ]
  const [one, two] = runs.map((result) => Result.getOrThrow(result))
  expect(two!.weightsSha256).toBe(one!.weightsSha256)
  expect([one!.steps, one!.tensorsLeaked]).toEqual([10, 0])
  const written = (name: string) => JSON.parse(readFileSync(join(scratch, "a", name), "utf8"))
  expect(written("manifest.json").dataset.classes).toEqual(["n0", "n1", "n2"])
  expect(written("manifest.json").dataset.notes).toEqual(["images are turned as their EXIF orientation says"])
  expect(written("model.json").userDefinedMetadata).toEqual({ classes: ["n0", "n1", "n2"] })
})

it("a file that ends early stops the run with its name, and what was trained is kept", async () => {
  const directory = await copy("short")
  truncateSync(join(directory, "train", "n2", "23.JPEG"), 300)
  const output = join(scratch, "failed")
  const result = await train(directory, output)
  expect(Result.isFailure(result) && result.failure.message).toMatch(/n2\/23\.JPEG cannot be read as an image/)
  const summary = JSON.parse(readFileSync(join(output, "summary.json"), "utf8"))
  expect(summary).toMatchObject({ status: "failed" })
  expect(summary.weightsSha256).toMatch(/^[0-9a-f]{64}$/)
})

it("memory stays bounded on a large directory", { timeout: 120_000 }, async () => {
  const directory = join(scratch, "large")
  const [classes, each] = [250, 40]
  const image = join(await copy("one"), "train", "n0", "0.JPEG")
  mkdirSync(join(directory, "train"), { recursive: true })
  for (let c = 0; c < classes; c++) {
    mkdirSync(join(directory, "train", `n${10_000 + c}`))
    for (let i = 0; i < each; i++) {
      linkSync(image, join(directory, "train", `n${10_000 + c}`, `n${10_000 + c}_${i}.JPEG`))
    }
  }
  mkdirSync(join(directory, "val", "n10000"), { recursive: true })
  linkSync(image, join(directory, "val", "n10000", "0.JPEG"))
  const large = await load(directory, 128)
  expect([large.classes, large.train.count]).toEqual([classes, classes * each])
  const order = Seed.permutation(1, large.train.count)
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  const read = async (batches: number) => {
    for (let b = 0; b < batches; b++) await run(large.train.read(order.slice(64 * b, 64 * (b + 1)), b))
    collect()
    const { arrayBuffers, heapUsed, rss } = process.memoryUsage()
    return { kept: arrayBuffers + heapUsed, rss }
  }
  const before = await read(10)
  const after = await read(25)
  // These are 79 MB of pixels. None of them is kept, and allocators give most of their room back.
  expect(after.kept - before.kept).toBeLessThan(5e6)
  expect(after.rss - before.rss).toBeLessThan(50e6)
})
