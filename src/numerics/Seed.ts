/** Randomness by label: a seed for each purpose, and what is drawn from it. */
import * as tf from "@tensorflow/tfjs-core"
import { uniformInt } from "pure-rand/distribution/uniformInt"
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus"
import * as Shape from "./Shape.ts"

/** A 32-bit integer from which every random draw of this library follows. */
export type Seed = number

/**
 * A seed for an independent purpose, derived from a seed and a label (FNV-1a, then the finalizer of MurmurHash3).
 *
 * @example
 * ```ts
 * import { Seed } from "finegrain"
 * Seed.split(7, "weights") === Seed.split(7, "weights") // => true
 * Seed.split(7, "weights") === Seed.split(7, "order") // => false
 * ```
 */
export const split = (seed: Seed, label: string | number): Seed => {
  let h = 0x811c9dc5
  for (const char of `${seed}/${label}`) h = Math.imul(h ^ char.codePointAt(0)!, 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}

/** The first outputs of xoroshiro128+ hardly depend on a small seed: they are skipped. */
const generatorOf = (seed: Seed) => {
  const generator = xoroshiro128plus(split(seed, "generator"))
  for (let i = 0; i < 16; i++) generator.next()
  return generator
}

/**
 * `count` uniform numbers in the open interval (0, 1).
 *
 * @example
 * ```ts
 * import { Seed } from "finegrain"
 * Seed.uniforms(1, 3).every((u) => u > 0 && u < 1) // => true
 * ```
 */
export const uniforms = (seed: Seed, count: number): Float64Array => {
  const generator = generatorOf(seed)
  return Float64Array.from({ length: count }, () => (uniformInt(generator, 0, 0x7fffffff) + 0.5) / 0x80000000)
}

/**
 * `count` standard normal numbers (Box and Muller 1958).
 *
 * @example
 * ```ts
 * import { Seed } from "finegrain"
 * Seed.normals(1, 5).length // => 5
 * ```
 */
export const normals = (seed: Seed, count: number): Float64Array => {
  const pairs = Math.ceil(count / 2)
  const u = uniforms(seed, 2 * pairs)
  const out = new Float64Array(2 * pairs)
  for (let i = 0; i < pairs; i++) {
    const radius = Math.sqrt(-2 * Math.log(u[2 * i]!))
    const angle = 2 * Math.PI * u[2 * i + 1]!
    out[2 * i] = radius * Math.cos(angle)
    out[2 * i + 1] = radius * Math.sin(angle)
  }
  return out.subarray(0, count)
}

/**
 * A tensor of standard normal numbers of the given shape; the same seed gives the same numbers on every backend.
 *
 * @example
 * ```ts
 * import { Seed } from "finegrain"
 * Seed.normalTensor(1, [2, 3]).shape // => [2, 3]
 * ```
 */
export const normalTensor = (seed: Seed, shape: ReadonlyArray<number>): tf.Tensor => {
  const count = Shape.size(shape)
  return tf.tensor(Float32Array.from(normals(seed, count)), [...shape], "float32")
}

/**
 * The numbers 0 … count − 1 in random order (Fisher and Yates), that is, a draw without replacement.
 *
 * @example
 * ```ts
 * import { Seed } from "finegrain"
 * [...Seed.permutation(3, 4)].sort() // => [0, 1, 2, 3]
 * ```
 */
export const permutation = (seed: Seed, count: number): Int32Array => {
  const generator = generatorOf(seed)
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = uniformInt(generator, 0, i)
    const held = order[i]!
    order[i] = order[j]!
    order[j] = held
  }
  return order
}
