import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { Batches, Idx, Mnist } from "finegrain"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, expect, it } from "vitest"

const made: Array<string> = []
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})

const images = (count: number, size = 3) =>
  Idx.encode({
    type: "uint8",
    shape: [count, size, size],
    values: Uint8Array.from({ length: count * size * size }, (_, i) => i % 256)
  })
const labels = (count: number, classes = 3) =>
  Idx.encode({ type: "uint8", shape: [count], values: Uint8Array.from({ length: count }, (_, i) => i % classes) })

const files = () => ({
  "train-images-idx3-ubyte": images(6),
  "train-labels-idx1-ubyte": labels(6),
  "t10k-images-idx3-ubyte": images(4),
  "t10k-labels-idx1-ubyte": labels(4)
})

const directory = (contents: Record<string, Uint8Array>) => {
  const path = mkdtempSync(join(tmpdir(), "finegrain-data-"))
  made.push(path)
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(path, name), bytes)
  return path
}

const load = (contents: Record<string, Uint8Array>) =>
  Mnist.load({ _tag: "directory", directory: directory(contents) }).pipe(Effect.provide(NodeServices.layer))
const refusal = (contents: Record<string, Uint8Array>) => Effect.runPromise(Effect.flip(load(contents)))

it("loads the full MNIST from its package", { timeout: 30_000 }, async () => {
  const mnist = await Effect.runPromise(Mnist.load({ _tag: "package" }).pipe(Effect.provide(NodeServices.layer)))
  expect([mnist.train.count, mnist.test.count, mnist.classes]).toEqual([60_000, 10_000, 10])
  expect([mnist.height, mnist.width, mnist.channels]).toEqual([28, 28, 1])
  // How often each digit occurs in the published test set.
  const counts = Array.from({ length: 10 }, (_, digit) => mnist.test.labels.filter((label) => label === digit).length)
  expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
  expect(mnist.checksum).toMatch(/^[0-9a-f]{64}$/)
})

it("reads plain and gzipped files, under the names in use, to the same dataset", async () => {
  const plain = await Effect.runPromise(load(files()))
  const zipped = Object.fromEntries(Object.entries(files()).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]))
  const renamed = Object.fromEntries(
    Object.entries(files()).map(([name, bytes]) => [name.replace("t10k", "test").replace("-idx", ".idx"), bytes])
  )
  for (const other of [zipped, renamed]) {
    const { checksum } = await Effect.runPromise(load(other))
    expect(checksum).toBe(plain.checksum)
  }
  const changed = files()
  changed["train-images-idx3-ubyte"][20]! ^= 1
  expect((await Effect.runPromise(load(changed))).checksum).not.toBe(plain.checksum)
})

it("names what is missing or corrupt", async () => {
  expect((await refusal({})).message).toMatch(/none of train-images-idx3-ubyte/)
  const { "t10k-labels-idx1-ubyte": _, ...three } = files()
  expect((await refusal(three)).message).toMatch(/none of t10k-labels-idx1-ubyte/)
  const cut = files()["train-images-idx3-ubyte"].subarray(0, 30)
  expect((await refusal({ ...files(), "train-images-idx3-ubyte": cut })).message).toMatch(
    /train-images-idx3-ubyte is corrupt.*needs 70 bytes, but it has 30/
  )
  const half = gzipSync(files()["train-images-idx3-ubyte"]).subarray(0, 25)
  expect((await refusal({ ...files(), "train-images-idx3-ubyte": half })).message).toMatch(
    /train-images-idx3-ubyte is corrupt: it cannot be decompressed/
  )
  expect((await refusal({ ...files(), "train-images-idx3-ubyte": labels(6) })).message).toMatch(
    /images are uint8 of rank 3/
  )
})

it("tells a file that cannot be read from one that is not there", async () => {
  const path = directory(files())
  rmSync(join(path, "train-images-idx3-ubyte"))
  mkdirSync(join(path, "train-images-idx3-ubyte"))
  const error = await Effect.runPromise(
    Effect.flip(Mnist.load({ _tag: "directory", directory: path })).pipe(Effect.provide(NodeServices.layer))
  )
  expect(error.message).toMatch(/train-images-idx3-ubyte is there but cannot be read/)
})

it("reads images with channels", async () => {
  const color = (count: number) =>
    Idx.encode({ type: "uint8", shape: [count, 2, 3, 3], values: new Uint8Array(count * 18).fill(7) })
  const dataset = await Effect.runPromise(
    load({ ...files(), "train-images-idx3-ubyte": color(6), "t10k-images-idx3-ubyte": color(4) })
  )
  expect([dataset.height, dataset.width, dataset.channels, dataset.classes]).toEqual([2, 3, 3, 3])
})

it("refuses files that do not belong together", async () => {
  expect((await refusal({ ...files(), "train-labels-idx1-ubyte": labels(5) })).message).toMatch(/6 images.*5 labels/)
  expect((await refusal({ ...files(), "t10k-images-idx3-ubyte": images(4, 2) })).message).toMatch(/3×3×1.*2×2×1/)
  expect((await refusal({ ...files(), "t10k-labels-idx1-ubyte": labels(4, 4) })).message).toMatch(
    /test label 3.*end at 2/
  )
})

it("visits every image once an epoch, in an order of its own", () => {
  const first = Batches.epochOrder(1000, 7, 1)
  expect([...first].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  expect(Batches.epochOrder(1000, 7, 1)).toEqual(first)
  expect(Batches.epochOrder(1000, 7, 2)).not.toEqual(first)
  expect(Batches.epochOrder(1000, 8, 1)).not.toEqual(first)
})

it("gathers each image with its own label, scaled to [0, 1]", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer(),
    fc.nat(),
    fc.nat(),
    (count, size, seed, a, b) => {
      // An image's label is its first pixel, so that a mixed-up pair shows.
      const images = Uint8Array.from({ length: count * size }, (_, i) => (Math.floor(i / size) * 37 + (i % size)) % 256)
      const labels = Uint8Array.from({ length: count }, (_, i) => images[i * size]!)
      const order = Batches.epochOrder(count, seed, 1)
      const [from, to] = [a % (count + 1), b % (count + 1)].toSorted((x, y) => x - y) as [number, number]
      const batch = Batches.gather({ images, labels, count }, order, from, to)
      expect(batch.labels).toEqual(Int32Array.from(order.subarray(from, to), (index) => labels[index]!))
      // One rounding to float32.
      expect(batch.images).toEqual(
        Float32Array.from(
          { length: (to - from) * size },
          (_, i) => images[order[from + Math.floor(i / size)]! * size + (i % size)]! / 255
        )
      )
    }
  ))
})
