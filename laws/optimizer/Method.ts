/** Optimizers as laws see them: a chain, and what is claimed of it. */
import * as tf from "@tensorflow/tfjs-core"
import type * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { TensorTree } from "../../src/numerics/TensorTree.ts"
import * as FgSgd from "../../src/optimizer/FgSgd.ts"
import * as ManifoldMuon from "../../src/optimizer/ManifoldMuon.ts"
import * as RiemannianAdam from "../../src/optimizer/RiemannianAdam.ts"
import * as RiemannianSgd from "../../src/optimizer/RiemannianSgd.ts"
import type * as Schedule from "../../src/optimizer/Schedule.ts"
import { chain, type Transform } from "../../src/optimizer/Transform.ts"
import * as Transforms from "../../src/optimizer/transforms/index.ts"

/** What the laws vary of a method. */
export interface VariedHyperparameters {
  readonly schedule: Schedule.Schedule
  readonly momentum: number
}

/** Classical steps in flat space: the weights after the gradients, at a constant rate. */
export type Classical = (
  start: tf.Tensor,
  gradients: ReadonlyArray<tf.Tensor>,
  rate: number,
  momentum: number
) => tf.Tensor

/** An optimizer as laws see it: its chain, and what is claimed of it. */
export interface Method {
  readonly name: string
  readonly transform: (hyperparameters: VariedHyperparameters) => Transform
  /** The parts of its state that are tangent. */
  readonly tangents: (memory: TensorTree) => ReadonlyArray<NestedTensors.NestedTensors>
  /** What it is on Euclidean weights. */
  readonly classical: Classical
  /** Whether ‖v‖ ≤ r·min(R, 1/(2ρ + R)) is claimed. */
  readonly bounded: boolean
  /** How much a step amplifies rounding errors of its gradient; default 1. */
  readonly amplification?: number
}

const at = (tree: TensorTree, ...path: ReadonlyArray<string>): TensorTree =>
  path.reduce((node, name) => (node as Readonly<Record<string, TensorTree>>)[name]!, tree)

const points = (tree: TensorTree) => tree as NestedTensors.NestedTensors

const sgd = (nesterov: boolean): Classical => (start, gradients, rate, momentum) => {
  let [w, m] = [start, tf.zerosLike(start)]
  for (const g of gradients) {
    m = tf.add(tf.mul(m, momentum), g)
    w = tf.sub(w, tf.mul(nesterov ? tf.add(tf.mul(m, momentum), g) : m, rate))
  }
  return w
}

/** TensorFlow.js' own optimizer, on a variable whose gradients are given. */
const stock = (make: (rate: number) => tf.Optimizer): Classical => (start, gradients, rate) => {
  const w = tf.variable(start)
  const optimizer = make(rate)
  for (const g of gradients) optimizer.applyGradients([{ name: w.name, tensor: g }])
  const result = tf.clone(w)
  optimizer.dispose()
  w.dispose()
  return result
}

/**
 * FG-SGD, the paper's method.
 *
 * @example
 * ```ts
 * import { methods } from "finegrain/laws"
 * methods.fgSgd.bounded // => true
 * ```
 */
export const fgSgd: Method = {
  name: "FG-SGD",
  transform: FgSgd.transform,
  tangents: (memory) => [points(at(memory, "tangentProjection", "momentum"))],
  classical: sgd(false),
  bounded: true
}

/**
 * Riemannian SGD with Nesterov's momentum; on Euclidean weights the classical formula.
 *
 * @example
 * ```ts
 * import { methods } from "finegrain/laws"
 * methods.nesterov.name // => "Riemannian SGD, Nesterov"
 * ```
 */
export const nesterov: Method = {
  name: "Riemannian SGD, Nesterov",
  transform: (hyperparameters) => RiemannianSgd.transform({ ...hyperparameters, nesterov: true }),
  tangents: (memory) => [points(at(memory, "momentum"))],
  classical: sgd(true),
  bounded: false
}

const adaptive = (amsgrad: boolean): Method => ({
  name: amsgrad ? "Riemannian AMSGrad" : "Riemannian Adam",
  transform: ({ schedule }) => RiemannianAdam.transform({ schedule, amsgrad }),
  tangents: (memory) => [points(at(memory, amsgrad ? "amsgrad" : "adam", "first"))],
  classical: stock((rate) => tf.train.adam(rate)),
  bounded: false
})

/**
 * Riemannian Adam (Bécigneul and Ganea 2019, *Riemannian Adaptive Optimization Methods*); on Euclidean weights that of
 * TensorFlow.js.
 *
 * @example
 * ```ts
 * import { methods } from "finegrain/laws"
 * methods.adam.name // => "Riemannian Adam"
 * ```
 */
export const adam: Method = adaptive(false)

/**
 * Riemannian AMSGrad (Bécigneul and Ganea 2019); on Euclidean weights it is compared with its own formula.
 *
 * @example
 * ```ts
 * import { methods } from "finegrain/laws"
 * methods.amsgrad.name // => "Riemannian AMSGrad"
 * ```
 */
export const amsgrad: Method = {
  ...adaptive(true),
  classical: (start, gradients, rate) => {
    let [w, m, s, largest] = [start, tf.zerosLike(start), tf.zerosLike(start), tf.zerosLike(start)]
    for (const [t, g] of gradients.entries()) {
      m = tf.add(tf.mul(m, 0.9), tf.mul(g, 0.1))
      s = tf.add(tf.mul(s, 0.999), tf.mul(tf.square(g), 0.001))
      largest = tf.maximum(largest, s)
      const [rise, spread] = [1 - 0.9 ** (t + 1), 1 - 0.999 ** (t + 1)]
      w = tf.sub(w, tf.mul(tf.div(tf.div(m, rise), tf.add(tf.sqrt(tf.div(largest, spread)), 1e-7)), rate))
    }
    return w
  }
}

/**
 * Normalized tangent steps: steepest descent under the Frobenius norm.
 *
 * @example
 * ```ts
 * import { methods } from "finegrain/laws"
 * methods.normalized.bounded // => false
 * ```
 */
export const normalized: Method = {
  name: "normalized steps",
  transform: ({ schedule }) =>
    chain(
      "normalized",
      Transforms.pullback,
      Transforms.riemannian,
      Transforms.steepest("frobenius"),
      Transforms.descend(schedule)
    ),
  tangents: () => [],
  classical: (start, gradients, rate) =>
    gradients.reduce((w, g) => tf.sub(w, tf.mul(tf.div(g, tf.sqrt(tf.sum(tf.square(g)))), rate)), start),
  bounded: false
}

/**
 * Manifold Muon (Bernstein 2025, *Modular Manifolds*); on Euclidean weights steps along the sign of the momentum.
 *
 * @example
 * ```ts
 * import { methods } from "finegrain/laws"
 * methods.muon.amplification // => 1000
 * ```
 */
export const muon: Method = {
  name: "manifold Muon",
  transform: ({ momentum, schedule }) => ManifoldMuon.transform({ schedule, momentum, steps: 20 }),
  tangents: (memory) => [points(at(memory, "momentum"))],
  classical: (start, gradients, rate, momentum) => {
    let [w, m] = [start, tf.zerosLike(start)]
    for (const g of gradients) {
      m = tf.add(tf.mul(m, momentum), g)
      w = tf.sub(w, tf.mul(orthogonalized(m), rate))
    }
    return w
  },
  bounded: false,
  // The sign of a matrix amplifies by 1/σ_min: singular values below 1e-3 of the largest are not lifted to 1.
  amplification: 1000
}

/**
 * U Vᵀ of a stack seen as one matrix, its last axis its columns, by plain Newton–Schulz steps: slow, and independent of
 * `msign`.
 */
const orthogonalized = (u: tf.Tensor): tf.Tensor => {
  const matrix = tf.reshape(u, [-1, u.shape.at(-1)!]) as tf.Tensor2D
  let y: tf.Tensor2D = tf.div(matrix, tf.norm(matrix))
  for (let k = 0; k < 30; k++) y = tf.sub(tf.mul(y, 1.5), tf.mul(tf.matMul(y, tf.matMul(y, y, true)), 0.5))
  return tf.reshape(y, u.shape)
}
