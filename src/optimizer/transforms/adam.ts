/** Adam on manifolds: first moments are transported, second moments are one number per matrix on curved ones. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import type { At, Transform } from "../Transform.ts"
import { isEuclidean, mapLeaves, refusesMixedLeaves, squaredPerMatrix } from "./leaves.ts"

/** Decay rates and the floor of Adam. */
export interface Adam {
  /** β₁ in [0, 1); default 0.9. */
  readonly beta1?: number
  /** β₂ in [0, 1); default 0.999. */
  readonly beta2?: number
  /** ε > 0, finite; default 1e-7, as TensorFlow.js has it. */
  readonly epsilon?: number
  /** Whether the second moment never falls, as in AMSGrad; default false. */
  readonly amsgrad?: boolean
}

/**
 * First moments, tangent; second moments, one per matrix or Euclidean entry; their largest so far; and the steps taken.
 */
export interface AdamState {
  readonly [name: string]: NestedTensors.NestedTensors
  readonly first: NestedTensors.NestedTensors
  readonly second: NestedTensors.NestedTensors
  readonly largest: NestedTensors.NestedTensors
  readonly count: tf.Tensor
}

const squares = <P extends NestedTensors.NestedTensors>(u: P, at: At<P>): P =>
  mapLeaves(u, at, (leaf, x, info) => isEuclidean(info) ? tf.square(leaf) : squaredPerMatrix(x, leaf, info))

/**
 * Adam on manifolds: m ← β₁·transport(m) + (1−β₁)·grad, s ← β₂s + (1−β₂)‖grad‖² with one number s per matrix, and the
 * direction m̂/(√ŝ + ε), both corrected for their start at 0. Euclidean entries have an s each, which makes this Adam.
 *
 * Source: Bécigneul and Ganea 2019, *Riemannian adaptive optimization methods*; Kingma and Ba 2015; Reddi, Kale and
 * Kumar 2018 for AMSGrad.
 *
 * @throws RangeError for a β outside of [0, 1), or an ε that is not positive and finite.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transforms } from "finegrain"
 * const adam = Transforms.adam()
 * const at = { step: 0, x: tf.tensor1d([0, 0]), collection: Collection.pom(Euclidean.make([2])), scaling: [] }
 * const { direction } = adam.update(tf.tensor1d([3, -0.01]), adam.init(at), at)
 * [...direction!.dataSync()].map((u) => u.toFixed(3)) // => ["1.000", "-1.000"]
 * ```
 */
export const adam = (
  { amsgrad = false, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: Adam = {}
): Transform<AdamState> => {
  for (const [name, beta] of [["β₁", beta1], ["β₂", beta2]] as const) {
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`${name} must be in [0, 1), not ${beta}`)
  }
  if (!(epsilon > 0 && Number.isFinite(epsilon))) {
    throw new RangeError(`ε must be positive and finite, not ${epsilon}`)
  }
  const mixed = <P extends NestedTensors.NestedTensors>(beta: number, before: P, now: P): P =>
    NestedTensors.zipWith(before, now, (a, b) => tf.add(tf.mul(a, beta), tf.mul(b, 1 - beta)))
  return {
    name: amsgrad ? "amsgrad" : "adam",
    refuses: refusesMixedLeaves("Adam"),
    init: (at) => {
      const zeros = NestedTensors.map(at.x, tf.zerosLike)
      const none = squares(zeros, at)
      return {
        first: zeros,
        second: NestedTensors.map(none, tf.zerosLike),
        // Without AMSGrad nobody asks for it.
        largest: amsgrad ? NestedTensors.map(none, tf.zerosLike) : [],
        count: tf.scalar(0)
      }
    },
    update: (gradient, before, at) => {
      const first = mixed(beta1, before.first as typeof gradient, gradient)
      const second = mixed(beta2, before.second as typeof gradient, squares(gradient, at))
      const largest = amsgrad
        ? NestedTensors.zipWith(before.largest as typeof gradient, second, tf.maximum)
        : before.largest
      const count = tf.add(before.count, 1)
      const corrected = (beta: number) => tf.sub(1, tf.pow(beta, count))
      const [rise, spread] = [corrected(beta1), corrected(beta2)]
      const direction = NestedTensors.zipWith(
        first,
        amsgrad ? largest as typeof gradient : second,
        (m, s) => {
          const size = tf.add(tf.sqrt(tf.div(s, spread)), epsilon)
          // Times 1 or, of squares that are no numbers, NaN: a direction of 0 would hide them, and the step be taken.
          return tf.div(tf.div(m, rise), tf.mul(size, tf.div(size, size)))
        }
      )
      return { direction, state: { first, second, largest, count } }
    },
    carry: (state, to, { collection, x }) => ({
      ...state,
      first: collection.manifold.transport(x, to, state.first as typeof x)
    })
  }
}
