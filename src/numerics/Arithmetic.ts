/** The arithmetic in use, float32 or float64: the same code runs in both. */
import * as tf from "@tensorflow/tfjs-core"

/** The floating-point numbers in which tensors are computed. */
export interface Arithmetic {
  readonly name: "float32" | "float64"
  /** Distance from 1 to the next number. */
  readonly epsilon: number
}

/**
 * Single precision, that of every engine.
 *
 * @example
 * ```ts
 * import { Arithmetic } from "finegrain"
 * Arithmetic.float32.epsilon === 2 ** -23 // => true
 * ```
 */
export const float32: Arithmetic = { name: "float32", epsilon: 2 ** -23 }

/**
 * Double precision, the reference: the cpu engine only.
 *
 * @example
 * ```ts
 * import { Arithmetic } from "finegrain"
 * Arithmetic.float64.epsilon === Number.EPSILON // => true
 * ```
 */
export const float64: Arithmetic = { name: "float64", epsilon: Number.EPSILON }

let inUse = float32

/**
 * The arithmetic that tensors are being computed in; guards and iteration counts of manifolds follow its `epsilon`.
 *
 * @example
 * ```ts
 * import { Arithmetic } from "finegrain"
 * Arithmetic.current().name // => "float32"
 * Arithmetic.within(Arithmetic.float64, Arithmetic.current).name // => "float64"
 * ```
 */
export const current = (): Arithmetic => inUse

/**
 * Runs a synchronous region in an arithmetic: the same code, manifolds and laws included, in other numbers.
 *
 * The cpu engine is plain JavaScript whose values live in `Float32Array`s. In the float64 region that name means
 * `Float64Array`, so every kernel allocates, and every constant is kept, in double precision; tensors keep their dtype
 * `float32`. Tensors that leave the region can be read as usual.
 *
 * @throws Error for float64 on another engine than cpu.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Arithmetic, Backend } from "finegrain"
 * const third = () => tf.div(tf.scalar(1), 3).dataSync()[0]!
 * const inDouble = Effect.andThen(Backend.Backend, Effect.sync(() => Arithmetic.within(Arithmetic.float64, third)))
 * await Effect.runPromise(Effect.provide(inDouble, Backend.cpu)) === 1 / 3 // => true
 * ```
 */
export const within = <A>(arithmetic: Arithmetic, region: () => A): A => {
  if (arithmetic === inUse) return region()
  if (arithmetic === float64 && tf.getBackend() !== "cpu") {
    throw new Error(`float64 runs on the cpu engine only, "${tf.getBackend()}" is in use: provide Backend.cpu`)
  }
  const outside = inUse
  use(arithmetic)
  try {
    return region()
  } finally {
    use(outside)
  }
}

const single = globalThis.Float32Array
const ofSingles = tf.env().platform.isTypedArray

const use = (arithmetic: Arithmetic): void => {
  const double = arithmetic === float64
  globalThis.Float32Array = double ? Float64Array as unknown as Float32ArrayConstructor : single
  // TensorFlow.js knows no Float64Array.
  tf.env().platform.isTypedArray = double ? (ArrayBuffer.isView as typeof ofSingles) : ofSingles
  inUse = arithmetic
}
