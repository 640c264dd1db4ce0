import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { Cifar, Datasets, Seed, Subset } from "finegrain"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { tinyDataset, writeTinyDataset } from "../tinyDataset.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-datasets-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const load = (name: string) =>
  Effect.runPromise(Effect.result(Datasets.load(name)).pipe(Effect.provide(NodeServices.layer)))
const failure = async (name: string) => {
  const result = await load(name)
  return Result.isFailure(result) ? result.failure.message : "no failure"
}

/** Records as the binary version has them: labels, then red, green and blue planes. */
const records = (format: Cifar.CifarFormat, count: number, seed: number) => {
  const { classes, labelBytes } = Cifar.formats[format]
  const size = labelBytes + 3072
  const bytes = Uint8Array.from(Seed.uniforms(seed, count * size), (u) => Math.floor(256 * u))
  for (let i = 0; i < count; i++) {
    for (let l = 0; l < labelBytes; l++) bytes[i * size + l] = (i + l) % classes
  }
  return bytes
}

const write = (name: string, format: Cifar.CifarFormat, inside = "") => {
  const directory = join(scratch, name, inside)
  mkdirSync(directory, { recursive: true })
  const { test, train } = Cifar.formats[format]
  for (const [i, file] of [...train, ...test].entries()) writeFileSync(join(directory, file), records(format, 3, i))
  return join(scratch, name)
}

describe("CIFAR", () => {
  it.each([["cifar-10", 15, 10], ["cifar-100", 3, 100]] as const)(
    "%s is found by its files",
    async (format, count, classes) => {
      for (
        const directory of [write(format, format), write(`${format}-unpacked`, format, Cifar.formats[format].directory)]
      ) {
        const dataset = Result.getOrThrow(await load(directory))
        expect(dataset).toMatchObject({ name: format, classes, height: 32, width: 32, channels: 3 })
        expect([dataset.train.count, dataset.test.count]).toEqual([count, 3])
        expect(dataset.checksum).toMatch(/^[0-9a-f]{64}$/)
      }
    }
  )

  it("colours stand side by side, pixel by pixel", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("cifar-10" as const, "cifar-100" as const),
        fc.nat(999),
        fc.nat(1023),
        fc.nat(2),
        (format, seed, p, c) => {
          const bytes = records(format, 2, seed)
          const { images, labels } = Result.getOrThrow(Cifar.decode(bytes, format, "x"))
          const { labelBytes } = Cifar.formats[format]
          const size = labelBytes + 3072
          expect(images[3072 + 3 * p + c]).toBe(bytes[size + labelBytes + 1024 * c + p])
          // The finer label is the last one.
          expect(labels[1]).toBe(labelBytes)
        }
      )
    )
  })

  it("is refused by file where it is cut short, has a wrong label, or a file is missing", async () => {
    const directory = write("damaged", "cifar-10")
    const file = join(directory, "data_batch_3.bin")
    const whole = records("cifar-10", 3, 1)
    writeFileSync(file, whole.subarray(0, whole.length - 1))
    expect(await failure(directory)).toMatch(/data_batch_3\.bin.*it ends 3072 bytes into record 2/)
    whole[3073] = 10
    writeFileSync(file, whole)
    expect(await failure(directory)).toMatch(/data_batch_3\.bin.*record 1 has label 10/)
    writeFileSync(file, "")
    expect(await failure(directory)).toMatch(/data_batch_3\.bin.*empty/)
    rmSync(file)
    expect(await failure(directory)).toMatch(/There is no .*data_batch_3\.bin/)
  })
})

describe("datasets by name", () => {
  it("are IDX files where a directory holds those", async () => {
    mkdirSync(join(scratch, "idx"))
    writeTinyDataset(join(scratch, "idx"))
    expect(Result.getOrThrow(await load(join(scratch, "idx"))).train.count).toBe(96)
  })

  it("say what was looked for", async () => {
    mkdirSync(join(scratch, "empty"))
    expect(await failure(join(scratch, "empty"))).toMatch(/train-images-idx3-ubyte.*CIFAR/)
    const fashion = existsSync("/usr/share/datasets/fashion-mnist")
      ? "no failure"
      : "apt-get install dataset-fashion-mnist"
    expect(await failure("fashion-mnist")).toContain(fashion)
  })
})

describe("subsets", () => {
  const take = (options: Subset.SubsetOptions) => Effect.runSync(Effect.result(Subset.take(tinyDataset, options)))

  it("train on what is not held out, the same images for every run", () => {
    const { test, train } = Result.getOrThrow(take({ validationImages: 20 }))
    expect([train.count, test.count]).toEqual([76, 20])
    const image = (split: typeof train, i: number) => split.images.subarray(64 * i, 64 * (i + 1)).join()
    const all = [train, test].flatMap((split) => Array.from({ length: split.count }, (_, i) => image(split, i)))
    const original = Array.from({ length: 96 }, (_, i) => image(tinyDataset.train, i))
    expect(all.toSorted()).toEqual(original.toSorted())
    const fewer = Result.getOrThrow(take({ validationImages: 20, trainImages: 10 }))
    expect(fewer.test.images).toEqual(test.images)
    expect(fewer.train.images).toEqual(train.images.subarray(0, 640))
    expect(Result.getOrThrow(take({ trainImages: 10 })).test).toBe(tinyDataset.test)
  })

  it("test on fewer images, the same ones for every run", () => {
    const { test } = Result.getOrThrow(take({ testImages: 7 }))
    expect(test.count).toBe(7)
    expect(Result.getOrThrow(take({ testImages: 7, trainImages: 3 })).test.images).toEqual(test.images)
  })

  it("cannot have more images than there are", () => {
    const result = take({ trainImages: 90, validationImages: 7 })
    expect(Result.isFailure(result) && result.failure.message).toMatch(/has 96 training images, but 97 are asked for/)
  })
})
