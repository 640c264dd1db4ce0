/** Datasets made of arrays of numbers: tensors, what files hold, what a generator gives. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Tensors from "../numerics/Tensors.ts"
import { DatasetInvalid } from "./DataError.ts"
import { check, type Dataset, type Split, type Targets } from "./Dataset.ts"
import { digest } from "./digest.ts"
import type { NumberArray } from "./Npy.ts"

export type { NumberArray } from "./Npy.ts"

/** Examples x and what is to be learnt of them, y; the first axis of both is that of the examples. */
export interface Examples<A = NumberArray | tf.Tensor> {
  readonly x: A
  readonly y: A
}

/** What a dataset of arrays is made of. */
export interface ArraysOptions {
  readonly name: string
  /** x `[n, features]`, `[n, height, width]` or `[n, height, width, channels]`. */
  readonly train: Examples
  readonly test: Examples
  /** What y holds: class numbers from 0, or numbers; default numbers where y are floats, else classes. */
  readonly of?: Targets["of"]
  readonly classNames?: ReadonlyArray<string>
}

const arrayOf = (given: NumberArray | tf.Tensor): Effect.Effect<NumberArray, Tensors.ReadFailed> =>
  given instanceof tf.Tensor
    ? Effect.map(Tensors.read(given), (values) => ({
      shape: given.shape,
      values: given.dtype === "float32" ? values : Int32Array.from(values)
    }))
    : Effect.succeed(given)

/** Features are channels of a single pixel, so that what is said of channels is said of each of them. */
const imageShape = ([, ...shape]: ReadonlyArray<number>) => {
  const [height = 1, width = 1, channels = 1] = shape.length === 1 ? [1, 1, shape[0]!] : shape
  return shape.length > 3 ? undefined : { height, width, channels }
}

const pixelsOf = ({ values }: NumberArray): Split["images"] =>
  values instanceof Uint8Array || values instanceof Float32Array ? values : Float32Array.from(values)

/** The shape of what is to be learnt of one example: [] where it is one number or class. */
const targetShape = ({ shape: [, ...shape] }: NumberArray) => shape.every((length) => length === 1) ? [] : shape

const largest = (values: ArrayLike<number>): number => {
  let found = -1
  for (let i = 0; i < values.length; i++) found = Math.max(found, values[i]!)
  return found
}

/** What the arrays say of the dataset, before anything is looked at. */
const described = (
  { of, test, train }: Pick<ArraysOptions, "of"> & Record<"test" | "train", Examples<NumberArray>>
) => {
  const kind = of ?? (train.y.values instanceof Float32Array ? "numbers" : "classes")
  const shape = targetShape(train.y)
  return kind === "numbers"
    ? { classes: shape.at(-1) ?? 1, targets: { of: kind, shape: shape.length === 0 ? [1] : shape } }
    : {
      classes: 1 + Math.max(largest(train.y.values), largest(test.y.values)),
      ...(shape.length === 0 ? {} : { targets: { of: kind, shape } })
    }
}

const splitOf = ({ x, y }: Examples<NumberArray>, targets: Targets | undefined): Split => {
  const count = x.shape[0] ?? 0
  return targets === undefined
    ? { images: pixelsOf(x), labels: Uint8Array.from(y.values), count }
    : { images: pixelsOf(x), labels: new Uint8Array(count), targets: Float32Array.from(y.values), count }
}

/** What of the arrays does not go together, in words. */
const mismatch = (train: Examples<NumberArray>, test: Examples<NumberArray>): string | undefined => {
  for (const [part, { x, y }] of [["training", train], ["test", test]] as const) {
    if (x.shape[0] !== y.shape[0]) return `it has ${x.shape[0]} ${part} examples x, but ${y.shape[0]} y`
  }
  for (const key of ["x", "y"] as const) {
    const [own, other] = [train, test].map((examples) => examples[key].shape.slice(1).join("×"))
    if (own !== other) return `one ${key} to train by has the shape ${own}, and one to test by ${other}`
  }
  return imageShape(train.x.shape) === undefined ? `its x have ${train.x.shape.length} axes, and 4 are most` : undefined
}

const labelProblem = ({ y: { values } }: Examples<NumberArray>): string | undefined => {
  const wrong = values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < 256))
  return wrong < 0 ? undefined : `y ${wrong} is ${values[wrong]}, but classes are numbered from 0 to 255`
}

/**
 * A dataset of arrays or tensors: of bytes, which networks see as 0 to 1, or of floats, which they see as they are. y
 * are classes `[n]`, classes for places `[n, height, width]`, or numbers `[n]` or `[n, outputs]`.
 *
 * Fails with DatasetInvalid where the arrays do not go together.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Arrays } from "finegrain"
 * const rows = { x: tf.tensor2d([[0, 1], [2, 3], [4, 5]]), y: tf.tensor1d([0, 1, 1], "int32") }
 * const dataset = await Effect.runPromise(Arrays.dataset({ name: "rows", train: rows, test: rows }))
 * [dataset.channels, dataset.classes, dataset.train.count] // => [2, 2, 3]
 * ```
 */
export const dataset = Effect.fnUntraced(function*(
  { classNames, name, of, ...given }: ArraysOptions
): Effect.fn.Return<Dataset<Split>, DatasetInvalid | Tensors.ReadFailed> {
  const both = ({ x, y }: Examples) => Effect.all({ x: arrayOf(x), y: arrayOf(y) })
  const { test, train } = yield* Effect.all({ test: both(given.test), train: both(given.train) })
  const what = described({ test, train, ...(of === undefined ? {} : { of }) })
  const reason = mismatch(train, test) ??
    (what.targets === undefined ? labelProblem(train) ?? labelProblem(test) : undefined)
  if (reason !== undefined) return yield* new DatasetInvalid({ dataset: name, reason })
  const parts = [train, test].flatMap(({ x, y }) => [x.values, y.values])
  const bytes = parts.map(({ buffer, byteLength, byteOffset }) => new Uint8Array(buffer, byteOffset, byteLength))
  return yield* Effect.fromResult(check({
    name,
    ...imageShape(train.x.shape)!,
    ...what,
    ...(classNames === undefined ? {} : { classNames, classes: classNames.length }),
    train: splitOf(train, what.targets),
    test: splitOf(test, what.targets),
    checksum: yield* digest("sha256", bytes)
  }))
})

/**
 * Examples that a generator gives one by one, as arrays; at most so many.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Arrays } from "finegrain"
 * const numbers = function*() {
 *   for (let i = 0;; i++) yield { x: [i, i * i], y: [i % 2] }
 * }
 * const { x, y } = await Effect.runPromise(Arrays.collect(numbers(), { most: 3, of: "classes" }))
 * [...x.values, ...x.shape, ...y.values] // => [0, 0, 1, 1, 2, 4, 3, 2, 0, 1, 0]
 * ```
 */
export const collect = (
  examples: Iterable<Row> | AsyncIterable<Row>,
  { most = Number.POSITIVE_INFINITY, of = "numbers", shape }: {
    readonly most?: number
    readonly of?: Targets["of"]
    /** Of one x; default that of a row of features. */
    readonly shape?: ReadonlyArray<number>
  } = {}
): Effect.Effect<Examples<NumberArray>> =>
  Effect.promise(async () => {
    const [xs, ys]: [Array<number>, Array<number>] = [[], []]
    let [count, width] = [0, 0]
    for await (const { x, y } of examples) {
      for (const value of x) xs.push(value)
      for (const value of y) ys.push(value)
      width = x.length
      if (++count >= most) break
    }
    return {
      x: { shape: [count, ...shape ?? [width]], values: Float32Array.from(xs) },
      y: {
        shape: [count, ys.length / count],
        values: of === "classes" ? Int32Array.from(ys) : Float32Array.from(ys)
      }
    }
  })

/** One example. */
export interface Row {
  readonly x: ReadonlyArray<number> | Float32Array
  readonly y: ReadonlyArray<number> | Float32Array
}
