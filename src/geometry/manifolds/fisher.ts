import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import * as Seed from "../../numerics/Seed.ts"
import type { Definition } from "../Manifold.ts"

/** Smallest entry of a nearest point: sets of positive entries are open and have none. */
export const floor = (): number => 8 * Arithmetic.current().epsilon

/** What the Fisher metric ⟨U, V⟩_X = Σ UV/X on m×n matrices of positive entries gives to every set of them. */
export const fisher = (
  project: (x: tf.Tensor, u: tf.Tensor) => tf.Tensor
): Required<Pick<Definition<tf.Tensor>, "project" | "inner" | "gradient" | "randomTangent">> => ({
  project,
  inner: (x, u, v) => tf.sum(tf.div(tf.mul(u, v), x), [-2, -1]),
  gradient: (x, e) => project(x, tf.mul(x, e)),
  // Standard normal for the metric itself.
  randomTangent: (seed, x) => project(x, tf.mul(tf.sqrt(x), Seed.normalTensor(seed, x.shape)))
})
