/** Operations that free what they need in between, and know empty batches. */
import * as tf from "@tensorflow/tfjs-core"
import type * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Shape from "../../numerics/Shape.ts"

/** The shape of an empty batch among the arguments, where there is one; what a product does is left to its factors. */
const emptyBatch = (shape: unknown, args: ReadonlyArray<unknown>): Shape.Shape | undefined =>
  Shape.isShape(shape)
    ? args
      .map((arg) => arg instanceof tf.Tensor ? arg.shape.slice(0, arg.rank - shape.length) : [])
      .find((batch) => batch.includes(0))
    : undefined

/**
 * A region that gives points; of an empty batch an empty one, since engines fail by chance on tensors without entries.
 */
export const points = (shape: unknown) =>
<Args extends ReadonlyArray<unknown>, A extends NestedTensors.NestedTensors>(
  f: (...args: Args) => A
): (...args: Args) => A => {
  const computed = region(f)
  return (...args) => {
    const batch = emptyBatch(shape, args)
    return batch === undefined ? computed(...args) : tf.zeros([...batch, ...shape as Shape.Shape]) as A
  }
}

/** A region that gives a number per point; of an empty batch an empty one. */
export const numbers =
  (shape: unknown) =>
  <Args extends ReadonlyArray<unknown>>(f: (...args: Args) => tf.Tensor): (...args: Args) => tf.Tensor => {
    const computed = region(f)
    return (...args) => {
      const batch = emptyBatch(shape, args)
      return batch === undefined ? computed(...args) : tf.zeros([...batch])
    }
  }

/** An operation whose intermediates are freed. */
export const region =
  <Args extends ReadonlyArray<unknown>, A extends NestedTensors.NestedTensors>(f: (...args: Args) => A) =>
  (...args: Args): A => tf.tidy(() => f(...args) as tf.TensorContainer) as A
