/** Isometries of spaces of matrices that manifolds may be invariant under. */
import * as tf from "@tensorflow/tfjs-core"
import * as SpecialOrthogonal from "../src/geometry/manifolds/SpecialOrthogonal.ts"
import * as Matrices from "../src/numerics/Matrices.ts"
import * as Seed from "../src/numerics/Seed.ts"
import type { Invariance } from "./manifoldLaws.ts"

const rotation = (n: number, seed: Seed.Seed) =>
  Matrices.qf(Matrices.qf(Seed.normalTensor(Seed.split(seed, "rotation"), [n, n])))

const broadcast = (q: tf.Tensor, x: tf.Tensor) => tf.add(tf.zeros([...x.shape.slice(0, -2), ...q.shape]), q)

/**
 * X ↦ QX with a random orthogonal Q, for matrices: an isometry of every manifold that does not prefer some rows.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { leftRotations } from "finegrain/laws"
 * leftRotations.act(tf.ones([2, 3, 2]), 1).shape // => [2, 3, 2]
 * ```
 */
export const leftRotations: Invariance = {
  name: "left rotations",
  act: (x, seed) => Matrices.multiply(broadcast(rotation(x.shape.at(-2)!, seed), x), x)
}

/**
 * X ↦ XQ with a random orthogonal Q.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { rightRotations } from "finegrain/laws"
 * rightRotations.act(tf.ones([2, 3, 2]), 1).shape // => [2, 3, 2]
 * ```
 */
export const rightRotations: Invariance = {
  name: "right rotations",
  act: (x, seed) => Matrices.multiply(x, broadcast(rotation(x.shape.at(-1)!, seed), x))
}

/**
 * X ↦ QX with a random rotation Q, det Q = 1: what keeps SO(n) in place.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { properRotations } from "finegrain/laws"
 * properRotations.act(tf.ones([2, 3, 2]), 1).shape // => [2, 3, 2]
 * ```
 */
export const properRotations: Invariance = {
  name: "proper rotations",
  act: (x, seed) => {
    const n = x.shape.at(-2)!
    return Matrices.multiply(broadcast(SpecialOrthogonal.make([n, n]).random(Seed.split(seed, "rotation")), x), x)
  }
}

/**
 * X ↦ QXQᵀ with a random orthogonal Q, for square matrices.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { conjugation } from "finegrain/laws"
 * conjugation.act(tf.ones([2, 3, 3]), 1).shape // => [2, 3, 3]
 * ```
 */
export const conjugation: Invariance = {
  name: "conjugation",
  act: (x, seed) => {
    const q = broadcast(rotation(x.shape.at(-1)!, seed), x)
    return Matrices.multiply(Matrices.multiply(q, x), q, { transposeB: true })
  }
}

/**
 * X ↦ the columns of X in reverse order.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { columnPermutation } from "finegrain/laws"
 * [...columnPermutation.act(tf.tensor2d([[1, 2]]), 1).dataSync()] // => [2, 1]
 * ```
 */
export const columnPermutation: Invariance = { name: "column permutation", act: (x) => tf.reverse(x, -1) }
