/** Bytes of a vector of four numbers. */
export const vector = 16

/** Outputs that a tile of products has: two vectors. */
export const block = 8

/**
 * a·b + c, in one rounding where the processor has it.
 *
 * @inline
 */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_madd<f32>(a, b, c) : v128.add<f32>(v128.mul<f32>(a, b), c)
}
