import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { composed, type Kernel, original } from "./kernel.ts"

interface Reduction {
  readonly axis?: number | ReadonlyArray<number>
  readonly reductionIndices?: number | ReadonlyArray<number>
  readonly keepDims: boolean
}

/** The larger or smaller of two: the stock kernel gives the first where the second is NaN. */
const ofTwo = (name: string): Kernel => {
  const plain = original(name)
  return composed<object>(name, (input, attrs) => {
    const [a, b] = [input("a"), input("b")]
    const found = plain({ a, b }, attrs)
    const numbers = b.dtype !== "float32" ||
      (b.size === 1 && !Number.isNaN((tf.backend() as BackendWasm).typedArrayFromHeap(b)[0]))
    return numbers ? found : tf.where(tf.isNaN(b), b, found)
  })
}

/** The largest or smallest along axes: the stock kernel skips NaN unless it comes first. */
const along = (name: string): Kernel => {
  const plain = original(name)
  return composed<Reduction>(name, (input, attrs) => {
    const x = input("x")
    const found = plain({ x }, attrs)
    if (x.dtype !== "float32") return found
    const axes = attrs.reductionIndices ?? attrs.axis
    const lost = tf.any(tf.isNaN(x), axes as number | Array<number> | undefined, attrs.keepDims)
    return tf.where(lost, tf.fill(found.shape, Number.NaN), found)
  })
}

/**
 * Maxima and minima that keep NaN, as on the other engines: else a residual hides that a point is no number.
 *
 * @internal
 */
export const extrema = (): ReadonlyArray<Kernel> => [
  ofTwo(tf.Maximum),
  ofTwo(tf.Minimum),
  along(tf.Max),
  along(tf.Min)
]
