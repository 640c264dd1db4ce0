import { uniformInt } from "pure-rand/distribution/uniformInt"
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus"
import * as Seed from "./Seed.ts"

/**
 * Runs a synchronous region in which `Math.random` follows from a seed, and with it everything that TensorFlow.js draws
 * without a seed of its own: masks of dropout, noise, and what layers of a user draw.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Draws } from "finegrain"
 * const draw = (seed: number) => Draws.seeded(seed, () => tf.randomUniform([3]).dataSync().join())
 * draw(1) === draw(1) // => true
 * draw(1) === draw(2) // => false
 * ```
 */
export const seeded = <A>(seed: Seed.Seed, region: () => A): A => {
  const generator = xoroshiro128plus(Seed.split(seed, "draws"))
  const outside = Math.random
  Math.random = () => (uniformInt(generator, 0, 0x7fffffff) + 0.5) / 0x80000000
  try {
    return region()
  } finally {
    Math.random = outside
  }
}
