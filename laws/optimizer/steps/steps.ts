/** Where a step leads. */
import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../../../src/collections/Collection.ts"
import * as Euclidean from "../../../src/geometry/manifolds/Euclidean.ts"
import * as Seed from "../../../src/numerics/Seed.ts"
import * as Optimizer from "../../../src/optimizer/Optimizer.ts"
import type { Law } from "../../Law.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Trials } from "./Trials.ts"

/**
 * On Euclidean kernels the method is the classical one.
 *
 * @internal
 */
export const followsClassical = (
  { method, shape, amplified, transformOf, weights, gradient, gap, shown }: Trials
): Law =>
  shown(
    "Euclidean kernels follow the classical method",
    "SGD with momentum, Adam, … entry by entry",
    amplified(200),
    (c) => {
      const flat = Collection.pom(Euclidean.make(shape), "flat")
      const optimizer = Optimizer.make(Optimizer.onPoints(flat), transformOf(c))
      let state = Optimizer.init(optimizer, weights(c))
      const gradients = [0, 1, 2, 3].map((t) => gradient(c, t))
      for (const g of gradients) state = Optimizer.update(optimizer, state, g).state
      return tf.div(gap(state.x, method.classical(weights(c), gradients, c.rate, c.momentum)), 1 + c.size)
    }
  )

/**
 * Small steps descend.
 *
 * @internal
 */
export const descends = ({ shape, problem, optimizerOf, weights, shown }: Trials): Law =>
  shown("small steps descend", "f(ωᵗ⁺¹) < f(ωᵗ) for f = ‖W − a‖²/2 and small r", Tolerance.exact, (c) => {
    const p = problem(c.seed)
    const small = { ...c, momentum: 0, rate: 0.01 }
    const target = tf.mul(Seed.normalTensor(Seed.split(c.seed, "a"), shape), 2)
    const optimizer = optimizerOf(p, small)
    const state = Optimizer.init(optimizer, weights(c))
    const before = p.arrangement.to(state.x)
    const value = (w: tf.Tensor) => tf.sum(tf.square(tf.sub(w, target)))
    const { weights: after } = Optimizer.update(optimizer, state, tf.sub(before, target))
    return tf.cast(tf.greaterEqual(value(after), value(before)), "float32")
  })

/**
 * Steps are no longer than claimed.
 *
 * @internal
 */
export const obeysBound = ({ problem, optimizerOf, weights, gradient, shown }: Trials): Law =>
  shown(
    "steps obey the bound",
    "‖v‖ ≤ r·min(R, 1/(2ρ + R)) on curved POMs, r·R on flat ones",
    Tolerance.measured(1e-4, "relative rounding of sums of a few dozen squares"),
    (c) => {
      const p = problem(c.seed)
      const optimizer = optimizerOf(p, c)
      const { memory, scaling, step, x } = Optimizer.init(optimizer, weights(c))
      const { collection } = p
      const arranged = p.arrangement.from(gradient(c))
      const v = optimizer.transform.update(arranged, memory, { step, x, collection, scaling }).direction!
      const R = tf.sqrt(collection.squaredNorms(x, collection.manifold.gradient(x, arranged)))
      const length = tf.sqrt(collection.squaredNorms(x, v))
      const curvatures = collection.poms.map(({ curvature }) => curvature.max)
      const rho = tf.tensor1d(curvatures.map((k) => Math.min(1, 1 / k)))
      const curved = tf.tensor1d(curvatures.map((k) => k > 0 ? 1 : 0))
      const clipped = tf.minimum(R, tf.div(1, tf.add(tf.mul(rho, 2), R)))
      const bound = tf.mul(tf.add(tf.mul(curved, clipped), tf.mul(tf.sub(1, curved), R)), c.rate)
      return tf.relu(tf.sub(tf.div(length, bound), 1))
    }
  )
