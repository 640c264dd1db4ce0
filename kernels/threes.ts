// The formulas of lanes.ts for matrices of 3×3, the size of most kernels of convolutions: no loops, every entry in a
// register.
import { multiply } from "./lanes"
import { rememberNine } from "./nine"
import { doubtful, inverseRoot, orthonormalize, recover, unusual } from "./orthonormal"
import { less, madd } from "./vectors"

/**
 * The inner product of two columns of three.
 *
 * @inline
 */
function dot3(a0: v128, a1: v128, a2: v128, b0: v128, b1: v128, b2: v128): v128 {
  return madd(a2, b2, madd(a1, b1, v128.mul<f32>(a0, b0)))
}

/**
 * The squared length of a column of three.
 *
 * @inline
 */
function squareOf3(at: usize): v128 {
  return dot3(v128.load(at), v128.load(at, 48), v128.load(at, 96), v128.load(at), v128.load(at, 48), v128.load(at, 96))
}

/**
 * The squared length of nine entries.
 *
 * @inline
 */
function dot9(
  y0: v128,
  y1: v128,
  y2: v128,
  y3: v128,
  y4: v128,
  y5: v128,
  y6: v128,
  y7: v128,
  y8: v128
): v128 {
  return v128.add<f32>(
    v128.add<f32>(dot3(y0, y1, y2, y0, y1, y2), dot3(y3, y4, y5, y3, y4, y5)),
    dot3(y6, y7, y8, y6, y7, y8)
  )
}

/**
 * Four entries of a vector, ℜ times.
 *
 * @inline
 */
function scaled(at: usize, factor: v128): v128 {
  return v128.mul<f32>(factor, v128.load(at))
}

// Tangent parts are those of ℜ·u, whose vectors of four lie so many bytes apart, with θ times a momentum added where
// there is one; see nine.ts.

/**
 * Nine entries of a vector space: every vector is tangent.
 *
 * @inline
 */
export function freeTangent9(
  u: usize,
  apart: usize,
  factor: v128,
  theta: v128,
  momentum: usize,
  to: usize
): v128 {
  const u0 = scaled(u, factor)
  const u1 = scaled(u + apart, factor)
  const u2 = scaled(u + 2 * apart, factor)
  const u3 = scaled(u + 3 * apart, factor)
  const u4 = scaled(u + 4 * apart, factor)
  const u5 = scaled(u + 5 * apart, factor)
  const u6 = scaled(u + 6 * apart, factor)
  const u7 = scaled(u + 7 * apart, factor)
  const u8 = scaled(u + 8 * apart, factor)
  return rememberNine(
    u0,
    u1,
    u2,
    u3,
    u4,
    u5,
    u6,
    u7,
    u8,
    theta,
    momentum,
    to
  )
}

/**
 * Columns of norm 1.
 *
 * @inline
 */
export function obliqueTangent3(
  x: usize,
  u: usize,
  apart: usize,
  factor: v128,
  theta: v128,
  momentum: usize,
  to: usize
): v128 {
  const x0 = v128.load(x)
  const x1 = v128.load(x, 16)
  const x2 = v128.load(x, 32)
  const x3 = v128.load(x, 48)
  const x4 = v128.load(x, 64)
  const x5 = v128.load(x, 80)
  const x6 = v128.load(x, 96)
  const x7 = v128.load(x, 112)
  const x8 = v128.load(x, 128)
  const u0 = scaled(u, factor)
  const u1 = scaled(u + apart, factor)
  const u2 = scaled(u + 2 * apart, factor)
  const u3 = scaled(u + 3 * apart, factor)
  const u4 = scaled(u + 4 * apart, factor)
  const u5 = scaled(u + 5 * apart, factor)
  const u6 = scaled(u + 6 * apart, factor)
  const u7 = scaled(u + 7 * apart, factor)
  const u8 = scaled(u + 8 * apart, factor)
  const s0 = dot3(x0, x3, x6, u0, u3, u6)
  const s1 = dot3(x1, x4, x7, u1, u4, u7)
  const s2 = dot3(x2, x5, x8, u2, u5, u8)
  return rememberNine(
    less(u0, x0, s0),
    less(u1, x1, s1),
    less(u2, x2, s2),
    less(u3, x3, s0),
    less(u4, x4, s1),
    less(u5, x5, s2),
    less(u6, x6, s0),
    less(u7, x7, s1),
    less(u8, x8, s2),
    theta,
    momentum,
    to
  )
}

/** Every column divided by its length. */
export function obliqueLength3(y: usize): void {
  for (let column = 0; column < 3; column++) {
    const at = y + (<usize> column << 4)
    let square = squareOf3(at)
    if (v128.any_true(unusual(square))) {
      recover(y, column, square, 3, 3, 1)
      square = squareOf3(at)
    }
    const factor = inverseRoot(square)
    v128.store(at, v128.mul<f32>(v128.load(at), factor))
    v128.store(at, v128.mul<f32>(v128.load(at, 48), factor), 48)
    v128.store(at, v128.mul<f32>(v128.load(at, 96), factor), 96)
  }
}

/**
 * Nine entries of norm 1.
 *
 * @inline
 */
export function sphereTangent9(
  x: usize,
  u: usize,
  apart: usize,
  factor: v128,
  theta: v128,
  momentum: usize,
  to: usize
): v128 {
  const x0 = v128.load(x)
  const x1 = v128.load(x, 16)
  const x2 = v128.load(x, 32)
  const x3 = v128.load(x, 48)
  const x4 = v128.load(x, 64)
  const x5 = v128.load(x, 80)
  const x6 = v128.load(x, 96)
  const x7 = v128.load(x, 112)
  const x8 = v128.load(x, 128)
  const u0 = scaled(u, factor)
  const u1 = scaled(u + apart, factor)
  const u2 = scaled(u + 2 * apart, factor)
  const u3 = scaled(u + 3 * apart, factor)
  const u4 = scaled(u + 4 * apart, factor)
  const u5 = scaled(u + 5 * apart, factor)
  const u6 = scaled(u + 6 * apart, factor)
  const u7 = scaled(u + 7 * apart, factor)
  const u8 = scaled(u + 8 * apart, factor)
  const s = v128.add<f32>(
    v128.add<f32>(dot3(x0, x1, x2, u0, u1, u2), dot3(x3, x4, x5, u3, u4, u5)),
    dot3(x6, x7, x8, u6, u7, u8)
  )
  return rememberNine(
    less(u0, x0, s),
    less(u1, x1, s),
    less(u2, x2, s),
    less(u3, x3, s),
    less(u4, x4, s),
    less(u5, x5, s),
    less(u6, x6, s),
    less(u7, x7, s),
    less(u8, x8, s),
    theta,
    momentum,
    to
  )
}

/** Nine entries divided by their length. */
export function sphereLength9(y: usize): void {
  const y0 = v128.load(y)
  const y1 = v128.load(y, 16)
  const y2 = v128.load(y, 32)
  const y3 = v128.load(y, 48)
  const y4 = v128.load(y, 64)
  const y5 = v128.load(y, 80)
  const y6 = v128.load(y, 96)
  const y7 = v128.load(y, 112)
  const y8 = v128.load(y, 128)
  const square = dot9(y0, y1, y2, y3, y4, y5, y6, y7, y8)
  if (v128.any_true(unusual(square))) {
    recovered9(y, square)
    return
  }
  const factor = inverseRoot(square)
  v128.store(y, v128.mul<f32>(y0, factor))
  v128.store(y, v128.mul<f32>(y1, factor), 16)
  v128.store(y, v128.mul<f32>(y2, factor), 32)
  v128.store(y, v128.mul<f32>(y3, factor), 48)
  v128.store(y, v128.mul<f32>(y4, factor), 64)
  v128.store(y, v128.mul<f32>(y5, factor), 80)
  v128.store(y, v128.mul<f32>(y6, factor), 96)
  v128.store(y, v128.mul<f32>(y7, factor), 112)
  v128.store(y, v128.mul<f32>(y8, factor), 128)
}

/** The same where some of the four are out of range. */
function recovered9(y: usize, square: v128): void {
  recover(y, 0, square, 9, 1, 1)
  const factor = inverseRoot(dot9(
    v128.load(y),
    v128.load(y, 16),
    v128.load(y, 32),
    v128.load(y, 48),
    v128.load(y, 64),
    v128.load(y, 80),
    v128.load(y, 96),
    v128.load(y, 112),
    v128.load(y, 128)
  ))
  multiply(y, 0, factor, 9, 1, 1)
}

/**
 * Orthonormal columns: u − x sym(xᵀu).
 *
 * @inline
 */
export function stiefelTangent3(
  x: usize,
  u: usize,
  apart: usize,
  factor: v128,
  theta: v128,
  momentum: usize,
  to: usize
): v128 {
  const x0 = v128.load(x)
  const x1 = v128.load(x, 16)
  const x2 = v128.load(x, 32)
  const x3 = v128.load(x, 48)
  const x4 = v128.load(x, 64)
  const x5 = v128.load(x, 80)
  const x6 = v128.load(x, 96)
  const x7 = v128.load(x, 112)
  const x8 = v128.load(x, 128)
  const u0 = scaled(u, factor)
  const u1 = scaled(u + apart, factor)
  const u2 = scaled(u + 2 * apart, factor)
  const u3 = scaled(u + 3 * apart, factor)
  const u4 = scaled(u + 4 * apart, factor)
  const u5 = scaled(u + 5 * apart, factor)
  const u6 = scaled(u + 6 * apart, factor)
  const u7 = scaled(u + 7 * apart, factor)
  const u8 = scaled(u + 8 * apart, factor)
  const half = f32x4.splat(0.5)
  const s00 = dot3(x0, x3, x6, u0, u3, u6)
  const s11 = dot3(x1, x4, x7, u1, u4, u7)
  const s22 = dot3(x2, x5, x8, u2, u5, u8)
  const s01 = v128.mul<f32>(half, v128.add<f32>(dot3(x0, x3, x6, u1, u4, u7), dot3(x1, x4, x7, u0, u3, u6)))
  const s02 = v128.mul<f32>(half, v128.add<f32>(dot3(x0, x3, x6, u2, u5, u8), dot3(x2, x5, x8, u0, u3, u6)))
  const s12 = v128.mul<f32>(half, v128.add<f32>(dot3(x1, x4, x7, u2, u5, u8), dot3(x2, x5, x8, u1, u4, u7)))
  return rememberNine(
    less(less(less(u0, x0, s00), x1, s01), x2, s02),
    less(less(less(u1, x0, s01), x1, s11), x2, s12),
    less(less(less(u2, x0, s02), x1, s12), x2, s22),
    less(less(less(u3, x3, s00), x4, s01), x5, s02),
    less(less(less(u4, x3, s01), x4, s11), x5, s12),
    less(less(less(u5, x3, s02), x4, s12), x5, s22),
    less(less(less(u6, x6, s00), x7, s01), x8, s02),
    less(less(less(u7, x6, s01), x7, s11), x8, s12),
    less(less(less(u8, x6, s02), x7, s12), x8, s22),
    theta,
    momentum,
    to
  )
}

/** The Q factor, by modified Gram–Schmidt, as long as that is accurate; see orthonormal.ts. */
export function orthonormalize3(y: usize): void {
  let y0 = v128.load(y)
  let y1 = v128.load(y, 16)
  let y2 = v128.load(y, 32)
  let y3 = v128.load(y, 48)
  let y4 = v128.load(y, 64)
  let y5 = v128.load(y, 80)
  let y6 = v128.load(y, 96)
  let y7 = v128.load(y, 112)
  let y8 = v128.load(y, 128)
  const square0 = dot3(y0, y3, y6, y0, y3, y6)
  let factor = inverseRoot(square0)
  y0 = v128.mul<f32>(y0, factor)
  y3 = v128.mul<f32>(y3, factor)
  y6 = v128.mul<f32>(y6, factor)
  const s01 = dot3(y0, y3, y6, y1, y4, y7)
  const s02 = dot3(y0, y3, y6, y2, y5, y8)
  y1 = less(y1, y0, s01)
  y4 = less(y4, y3, s01)
  y7 = less(y7, y6, s01)
  y2 = less(y2, y0, s02)
  y5 = less(y5, y3, s02)
  y8 = less(y8, y6, s02)
  const square1 = dot3(y1, y4, y7, y1, y4, y7)
  factor = inverseRoot(square1)
  y1 = v128.mul<f32>(y1, factor)
  y4 = v128.mul<f32>(y4, factor)
  y7 = v128.mul<f32>(y7, factor)
  const s12 = dot3(y1, y4, y7, y2, y5, y8)
  y2 = less(y2, y1, s12)
  y5 = less(y5, y4, s12)
  y8 = less(y8, y7, s12)
  const square2 = dot3(y2, y5, y8, y2, y5, y8)
  // pmin and pmax are one instruction each, min and max, which keep every NaN, are eight.
  const most = v128.pmax<f32>(
    v128.pmax<f32>(v128.mul<f32>(s01, s01), v128.mul<f32>(s02, s02)),
    v128.mul<f32>(s12, s12)
  )
  const least = v128.pmin<f32>(v128.pmin<f32>(square0, square1), square2)
  const longest = v128.pmax<f32>(v128.pmax<f32>(square0, square1), square2)
  if (v128.any_true(doubtful(least, longest, most))) {
    orthonormalize(y, 3, 3, 3, 1)
    return
  }
  factor = inverseRoot(square2)
  v128.store(y, y0)
  v128.store(y, y1, 16)
  v128.store(y, v128.mul<f32>(y2, factor), 32)
  v128.store(y, y3, 48)
  v128.store(y, y4, 64)
  v128.store(y, v128.mul<f32>(y5, factor), 80)
  v128.store(y, y6, 96)
  v128.store(y, y7, 112)
  v128.store(y, v128.mul<f32>(y8, factor), 128)
}
