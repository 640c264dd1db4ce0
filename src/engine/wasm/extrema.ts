import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../sizeOf.ts"
import { type Call, composed, type Kernel, kernel, original } from "./kernel.ts"
import { reducing } from "./reductions.ts"

interface Reduction {
  readonly axis?: number | ReadonlyArray<number>
  readonly reductionIndices?: number | ReadonlyArray<number>
  readonly keepDims: boolean
}

/** Numbers of one shape, or beside a single one. */
const alike = (a: tf.TensorInfo, b: tf.TensorInfo) =>
  a.dtype === "float32" && b.dtype === "float32" &&
  (a.shape.join() === b.shape.join() || b.shape.length === 0 || a.shape.length === 0)

/**
 * The larger or smaller of two: the stock kernel gives the first where the second is NaN. One pass over the heap; where
 * one has to be spread over the other, the stock kernel and NaN put back.
 */
const ofTwo = (name: string, choose: (a: number, b: number) => number): Kernel => {
  const plain = original(name)
  const spread = composed<object>(name, (input, attrs) => {
    const [a, b] = [input("a"), input("b")]
    const found = plain({ a, b }, attrs)
    return b.dtype === "float32" ? tf.where(tf.isNaN(b), b, found) : found
  })
  return kernel<object>(name, (call) => {
    const { backend, inputs } = call
    const { a, b } = inputs as { readonly a: tf.TensorInfo; readonly b: tf.TensorInfo }
    if (!alike(a, b)) return spread.run(call as Call<never>)
    const out = backend.makeOutput([...(a.shape.length === 0 ? b : a).shape], "float32")
    // Views after the last allocation: the heap may have moved.
    const [to, x, y] = [out, a, b].map((info) => backend.typedArrayFromHeap(info)) as [
      Float32Array,
      Float32Array,
      Float32Array
    ]
    const [nextX, nextY] = [a, b].map((info) => sizeOf(info.shape) === 1 ? 0 : 1) as [number, number]
    for (let i = 0; i < to.length; i++) to[i] = choose(x[i * nextX]!, y[i * nextY]!)
    return out
  })
}

/** The largest or smallest along axes: the stock kernel skips NaN unless it comes first. */
const along = (name: "Max" | "Min"): Kernel => {
  const plain = original(name)
  const { run } = composed<Reduction>(name, (input, attrs) => {
    const x = input("x")
    const found = plain({ x }, attrs)
    if (x.dtype !== "float32") return found
    const axes = attrs.reductionIndices ?? attrs.axis
    const lost = tf.any(tf.isNaN(x), axes as number | Array<number> | undefined, attrs.keepDims)
    return tf.where(lost, tf.fill(found.shape, Number.NaN), found)
  })
  return reducing(name, run)
}

/**
 * Maxima and minima that keep NaN, as on the other engines: else a residual hides that a point is no number.
 *
 * @internal
 */
export const extrema = (): ReadonlyArray<Kernel> => [
  ofTwo(tf.Maximum, Math.max),
  ofTwo(tf.Minimum, Math.min),
  along(tf.Max),
  along(tf.Min)
]
