import * as tf from "@tensorflow/tfjs-core"
import * as Collection from "../collections/Collection.ts"
import type { KernelShape } from "../collections/matricized.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import * as Euclidean from "../geometry/manifolds/Euclidean.ts"
import type * as Points from "../numerics/Points.ts"
import { held } from "./declarations/constraints.ts"
import type { Constraint } from "./declarations/private.ts"

/** A kernel in the layer's own shape. */
export const reshaped = (
  inner: Arrangement<tf.Tensor, tf.Tensor>,
  shape: KernelShape,
  original: ReadonlyArray<number>
): Arrangement<tf.Tensor, tf.Tensor> => ({
  shape: original,
  from: (kernel) => inner.from(tf.reshape(kernel, [...shape])),
  to: (stack) => tf.reshape(inner.to(stack), [...original])
})

/** One arrangement after another. */
export const composed = <P extends Points.Points, Q extends Points.Points, R extends Points.Points>(
  inner: Arrangement<P, Q>,
  outer: Arrangement<Q, R>
): Arrangement<P, R> => ({
  shape: outer.shape,
  from: (r) => inner.from(outer.from(r)),
  to: (p) => outer.to(inner.to(p))
})

/** A variable on its manifolds. */
export interface Bound {
  readonly collection: Collection.Collection<ReadonlyArray<tf.Tensor>>
  readonly arrangement: Arrangement<ReadonlyArray<tf.Tensor>, tf.Tensor>
}

/** A variable that may take every value, or every value that a constraint of TensorFlow.js leaves it. */
export const unconstrained = (name: string, shape: ReadonlyArray<number>, constraint?: Constraint): Bound => ({
  collection: Collection.join<ReadonlyArray<tf.Tensor>>(
    Collection.pom(constraint === undefined ? Euclidean.make(shape) : held(shape, constraint), name)
  ),
  arrangement: { shape, from: (w) => [w], to: ([x]) => x! }
})
