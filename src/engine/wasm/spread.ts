import * as tf from "@tensorflow/tfjs-core"

/** Zeros between the entries of an axis, then before and after it. */
export const spread = (x: tf.Tensor, axis: number, stride: number, before: number, after: number): tf.Tensor => {
  const shape = x.shape
  const wide = stride === 1 ? x : tf.slice(
    tf.reshape(
      tf.concat([
        tf.expandDims(x, axis + 1),
        tf.zeros([...shape.slice(0, axis + 1), stride - 1, ...shape.slice(axis + 1)])
      ], axis + 1),
      [...shape.slice(0, axis), shape[axis]! * stride, ...shape.slice(axis + 1)]
    ),
    shape.map(() => 0),
    shape.map((length, i) => i === axis ? (length - 1) * stride + 1 : length)
  )
  return tf.pad(wide, shape.map((_, i) => i === axis ? [before, after] : [0, 0]) as Array<[number, number]>)
}
