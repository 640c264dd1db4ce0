/** Arrays whose rows are examples. */

/**
 * Some rows of an array, in this order, as an array of its type.
 *
 * @internal
 */
export const pick = <A extends Float32Array | Uint8Array>(values: A, count: number, indices: Int32Array): A => {
  const size = values.length / count
  const length = indices.length * size
  const picked = values instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length)
  for (const [i, index] of indices.entries()) picked.set(values.subarray(index * size, (index + 1) * size), i * size)
  return picked as A
}
