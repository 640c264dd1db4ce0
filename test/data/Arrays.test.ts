import * as NodeServices from "@effect/platform-node/NodeServices"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Zip from "effect/encoding/Zip"
import * as Stream from "effect/Stream"
import { Arrays, Csv, Datasets, Npy } from "finegrain"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))
const scratch = mkdtempSync(join(tmpdir(), "finegrain-arrays-"))
afterAll(() => rmSync(scratch, { recursive: true }))

const array = (shape: ReadonlyArray<number>, values: Npy.NumberArray["values"]): Npy.NumberArray => ({ shape, values })
const x = array([3, 2, 2], Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
const make = (examples: Arrays.Examples, more: Partial<Arrays.ArraysOptions> = {}) =>
  Effect.runPromise(Arrays.dataset({ name: "own", train: examples, test: examples, ...more }))
const refused = (examples: Arrays.Examples, more: Partial<Arrays.ArraysOptions> = {}) =>
  Effect.runPromise(
    Effect.map(
      Effect.flip(Arrays.dataset({ name: "own", train: examples, test: examples, ...more })),
      (error) => error.message
    )
  )

it("bytes stay bytes, whole numbers are classes, and floats are numbers to be learnt", async () => {
  expect(await make({ x, y: array([3], Int32Array.of(2, 0, 1)) })).toMatchObject({
    height: 2,
    width: 2,
    channels: 1,
    classes: 3,
    train: { images: x.values, labels: Uint8Array.of(2, 0, 1), count: 3 }
  })
  const numbers = await make({ x, y: array([3, 2], new Float32Array(6)) })
  expect(numbers).toMatchObject({ classes: 2, targets: { of: "numbers", shape: [2] } })
  expect(await make({ x, y: array([3, 1], new Float32Array(3)) })).toMatchObject({ targets: { shape: [1] } })
  const places = await make({ x, y: array([3, 2, 2], Int32Array.from(x.values, (value) => value % 2)) })
  expect(places).toMatchObject({ classes: 2, targets: { of: "classes", shape: [2, 2] } })
  expect(await make({ x, y: array([3], Float32Array.of(1, 0, 1)) }, { of: "classes" })).toMatchObject({ classes: 2 })
  expect(new Set([numbers.checksum, places.checksum]).size).toBe(2)
})

it("tensors are read, and features are channels of one pixel", async () => {
  const rows = { x: tf.tensor2d([[0.5, 1, 2], [3, 4, 5]]), y: tf.tensor1d([0, 1], "int32") }
  expect(await make(rows)).toMatchObject({
    height: 1,
    width: 1,
    channels: 3,
    classes: 2,
    train: { images: Float32Array.of(0.5, 1, 2, 3, 4, 5) }
  })
})

it("tells what does not go together", async () => {
  expect(await refused({ x, y: array([2], Int32Array.of(0, 1)) })).toContain("3 training examples x, but 2 y")
  expect(await refused({ x, y: array([3], Int32Array.of(0, -1, 1)) })).toContain("y 1 is -1, but classes are numbered")
  const y = array([3], Int32Array.of(0, 1, 1))
  expect(await refused({ x: array([3, 1, 1, 1, 1], new Float32Array(3)), y })).toContain("its x have 5 axes")
  const test = { x: array([3, 4], new Uint8Array(12)), y }
  expect(await refused({ x, y }, { test })).toContain("one x to train by has the shape 2×2, and one to test by 4")
  expect(await refused({ x, y: array([3], new Int32Array(3)) })).toContain("a single class")
})

it("a generator gives so many examples as are asked for", async () => {
  const squares = async function*() {
    for (let i = 0;; i++) yield { x: [i, i, i, i], y: [i * i] }
  }
  const { x, y } = await Effect.runPromise(Arrays.collect(squares(), { most: 2, shape: [2, 2, 1] }))
  expect([x, y]).toEqual([
    array([2, 2, 2, 1], Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1)),
    array([2, 1], Float32Array.of(0, 1))
  ])
})

const arrays = {
  "x_train.npy": Npy.encode(x),
  "y_train.npy": Npy.encode(array([3], Int32Array.of(0, 1, 1))),
  "x_test.npy": Npy.encode(array([1, 2, 2], new Uint8Array(4))),
  "y_test.npy": Npy.encode(array([1], Int32Array.of(1)))
}
const packed = Effect.runPromise(
  Stream.fromIterable(Object.entries(arrays)).pipe(
    Stream.map(([name, bytes]) => Zip.file(name, bytes)),
    Stream.pipeThroughChannel(Zip.encode()),
    Stream.runCollect,
    Effect.map(Buffer.concat)
  )
)
const load = (name: string, settings: object = {}) =>
  Effect.runPromise(
    Effect.match(Datasets.load(join(scratch, name), undefined, undefined, settings), {
      onFailure: ({ message }) => message,
      onSuccess: (dataset) => dataset
    }).pipe(Effect.provide(NodeServices.layer))
  )
const write = (name: string, files: Readonly<Record<string, string | Uint8Array>>) => {
  mkdirSync(join(scratch, name))
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(scratch, name, file), bytes)
}

it("four .npy files and one .npz are the same dataset", async () => {
  write("four", arrays)
  writeFileSync(join(scratch, "four.npz"), await packed)
  const [directory, archive] = [await load("four"), await load("four.npz")]
  expect(directory).toMatchObject({ name: "four", classes: 2, train: { count: 3 }, test: { count: 1 } })
  expect(archive).toEqual(directory)
  expect(await load("four.npz", { targets: "numbers" })).toMatchObject({ targets: { of: "numbers" } })
  const { "y_test.npy": _, ...three } = arrays
  write("three", three)
  expect(await load("three")).toContain("y_test.npy is not there, but all of x_train, y_train, x_test, y_test")
  writeFileSync(join(scratch, "cut.npz"), (await packed).subarray(0, 300))
  expect(await load("cut.npz")).toContain("it is no archive that can be read")
  write("damaged", { ...arrays, "x_test.npy": arrays["x_test.npy"].subarray(0, 130) })
  expect(await load("damaged")).toContain("x_test.npy: it has 2 bytes of numbers, not 4")
})

it("tables are features and a column to learn, classes by name or numbers", async () => {
  const train = "a,\"b, c\",label\n1,2,hen\n\n-0.5,4e-1,cat\n"
  write("table", { "train.csv": train, "test.csv": "label,a,\"b, c\"\nhen,7,8\n" })
  expect(await load("table")).toMatchObject({
    channels: 2,
    classNames: ["cat", "hen"],
    train: { images: Float32Array.of(1, 2, -0.5, 0.4), labels: Uint8Array.of(1, 0) },
    test: { images: Float32Array.of(7, 8) }
  })
  const numeric = { train: "y,a\n0.5,1\n2,3", test: "y,a\n1,1" }
  const { train: rows, ...rest } = await Effect.runPromise(Csv.tables(numeric))
  expect([rows.y.values, rest.of]).toEqual([Float32Array.of(0.5, 2), "numbers"])
  expect((await Effect.runPromise(Csv.tables(numeric, { target: "a" }))).classNames).toEqual(["1", "3"])
  const called = { train: "b,a,0\n1,2,hen", test: "b,a,0\n1,2,hen" }
  expect((await Effect.runPromise(Csv.tables(called))).classNames, "the last column, whatever it is called")
    .toEqual(["hen"])
})

it.each<readonly [string, string, Csv.CsvOptions, string]>([
  ["a\n1,2", "a\n1", {}, "train.csv: example 1 has 2 cells, not 1"],
  ["a\n\"1", "a\n1", {}, "train.csv, line 2: "],
  ["", "a\n1", {}, "train.csv has no example"],
  ["a,y\nred,1\n2,0", "a,y\n1,1", {}, "train.csv: a of example 1 is \"red\", no number"],
  ["a,y\n1,x\n2,z", "a,y\n1,w", {}, "test.csv: the class w is none of those to train by"],
  ["a,y\n1,x\n2,z", "y\nx", {}, "test.csv: a of example 1 is \"\", no number"],
  ["a,y\n1,x", "a,y\n1,x", { target: "b" }, "train.csv has no column b, only a, y"],
  ["x, x,y\n1,2,hen", "x,y\n1,hen", {}, "train.csv: two columns are called \"x\"; rename one, or leave it out"],
  ["x,y\n1,hen", "x,y,,\n1,hen,,", {}, "test.csv: two columns are called \"\"; rename one, or leave it out"]
])("refuses the table %j and %j", async (train, test, options, reason) => {
  expect(await Effect.runPromise(Effect.flip(Csv.tables({ train, test }, options)))).toContain(reason)
})
