/**
 * a·b + c, in one rounding where the processor has it.
 *
 * @inline
 */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_madd<f32>(a, b, c) : v128.add<f32>(v128.mul<f32>(a, b), c)
}

/**
 * c − a·b, likewise.
 *
 * @inline
 */
export function less(c: v128, a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_nmadd<f32>(a, b, c) : v128.sub<f32>(c, v128.mul<f32>(a, b))
}

/**
 * dy·[y > 0] on four numbers, with NaN of either kept: what passes back through a rectifier.
 *
 * @inline
 */
export function passed(y: v128, dy: v128): v128 {
  const through = v128.mul<f32>(dy, v128.and(f32x4.splat(1), f32x4.gt(y, f32x4.splat(0))))
  // All bits set are NaN.
  return v128.or(through, f32x4.ne(y, y))
}

/**
 * The same on one number.
 *
 * @inline
 */
export function passedOne(y: f32, dy: f32): f32 {
  return y !== y ? y : dy * <f32> (y > 0 ? 1 : 0)
}

/**
 * The larger of x and the floor, with NaN kept; −∞ is no floor.
 *
 * @inline
 */
export function atLeast(x: v128, floor: v128): v128 {
  return v128.pmax<f32>(x, floor)
}

/**
 * The same on one number.
 *
 * @inline
 */
export function atLeastOne(x: f32, floor: f32): f32 {
  return x < floor ? floor : x
}
