// Linear algebra on four matrices at a time, one in every lane of a vector: entry e of all four is the vector at 16·e.
// Entry (i, j) is number i·down + j·across, so that a matrix may as well lie transposed.
import { less, madd } from "./vectors"

/**
 * @inline
 */
export function entry(at: usize, index: i32): usize {
  return at + (<usize> index << 4)
}

/**
 * The numbers at four places as one vector.
 *
 * @inline
 */
export function four(a: usize, b: usize, c: usize, d: usize): v128 {
  let lanes = v128.load32_zero(a)
  lanes = v128.load_lane<f32>(b, lanes, 1)
  lanes = v128.load_lane<f32>(c, lanes, 2)
  return v128.load_lane<f32>(d, lanes, 3)
}

/** Σᵢ x[i, j]·y[i, k] over the rows; by blocks, for a million numbers added one by one lose half of their digits. */
export function dot(x: usize, j: i32, y: usize, k: i32, rows: i32, down: i32, across: i32): v128 {
  const step = <usize> down << 4
  let a = entry(x, j * across)
  let b = entry(y, k * across)
  let total = f32x4.splat(0)
  for (let first = 0; first < rows; first += rowsAtOnce) {
    let sum = f32x4.splat(0)
    const end = min(first + rowsAtOnce, rows)
    for (let i = first; i < end; i++) {
      sum = madd(v128.load(a), v128.load(b), sum)
      a += step
      b += step
    }
    total = v128.add<f32>(total, sum)
  }
  return total
}

export const rowsAtOnce = 512

/** u[:, k] −= x[:, j]·factor. */
export function subtract(x: usize, j: i32, factor: v128, u: usize, k: i32, rows: i32, down: i32, across: i32): void {
  const step = <usize> down << 4
  let a = entry(x, j * across)
  let b = entry(u, k * across)
  for (let i = 0; i < rows; i++) {
    v128.store(b, less(v128.load(b), v128.load(a), factor))
    a += step
    b += step
  }
}

/** u[:, j] *= factor. */
export function multiply(u: usize, j: i32, factor: v128, rows: i32, down: i32, across: i32): void {
  const step = <usize> down << 4
  let at = entry(u, j * across)
  for (let i = 0; i < rows; i++) {
    v128.store(at, v128.mul<f32>(v128.load(at), factor))
    at += step
  }
}

/** u + v, entry by entry. */
export function sum(u: usize, v: usize, size: i32): void {
  for (let e = 0; e < size; e++) {
    const at = entry(u, e)
    v128.store(at, v128.add<f32>(v128.load(at), v128.load(entry(v, e))))
  }
}

/** A multiple of u, entry by entry. */
export function times(u: usize, factor: f32, size: i32): void {
  for (let e = 0; e < size; e++) {
    const at = entry(u, e)
    v128.store(at, v128.mul<f32>(v128.load(at), f32x4.splat(factor)))
  }
}

/** Columns of norm 1, the tangent part of u: u − x ddiag(xᵀu). */
export function unitTangent(x: usize, u: usize, rows: i32, columns: i32, down: i32, across: i32): void {
  for (let j = 0; j < columns; j++) {
    subtract(x, j, dot(x, j, u, j, rows, down, across), u, j, rows, down, across)
  }
}

/**
 * The same of four times four matrices, so many bytes apart, at once: a sum waits for its last addition, four need not
 * wait for each other. For up to `rowsAtOnce` rows.
 */
export function unitTangents(
  x: usize,
  u: usize,
  next: usize,
  rows: i32,
  columns: i32,
  down: i32,
  across: i32
): void {
  const step = <usize> down << 4
  const toU = u - x
  for (let j = 0; j < columns; j++) {
    const a = entry(x, j * across)
    const b = a + next
    const c = b + next
    const d = c + next
    const end = <usize> rows * step
    let sa = f32x4.splat(0)
    let sb = f32x4.splat(0)
    let sc = f32x4.splat(0)
    let sd = f32x4.splat(0)
    for (let at: usize = 0; at < end; at += step) {
      sa = madd(v128.load(a + at), v128.load(a + toU + at), sa)
      sb = madd(v128.load(b + at), v128.load(b + toU + at), sb)
      sc = madd(v128.load(c + at), v128.load(c + toU + at), sc)
      sd = madd(v128.load(d + at), v128.load(d + toU + at), sd)
    }
    for (let at: usize = 0; at < end; at += step) {
      v128.store(a + toU + at, less(v128.load(a + toU + at), v128.load(a + at), sa))
      v128.store(b + toU + at, less(v128.load(b + toU + at), v128.load(b + at), sb))
      v128.store(c + toU + at, less(v128.load(c + toU + at), v128.load(c + at), sc))
      v128.store(d + toU + at, less(v128.load(d + toU + at), v128.load(d + at), sd))
    }
  }
}

/** Orthonormal columns, the tangent part of u: u − x sym(xᵀu); xᵀu goes to s. */
export function stiefelTangent(
  x: usize,
  u: usize,
  rows: i32,
  columns: i32,
  down: i32,
  across: i32,
  s: usize
): void {
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < columns; k++) v128.store(entry(s, j * columns + k), dot(x, j, u, k, rows, down, across))
  }
  const half = f32x4.splat(0.5)
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < columns; k++) {
      const both = v128.add<f32>(v128.load(entry(s, j * columns + k)), v128.load(entry(s, k * columns + j)))
      subtract(x, j, v128.mul<f32>(both, half), u, k, rows, down, across)
    }
  }
}

/**
 * u + θ·v in the place of u, where there is a v; the squared norm of each of the four.
 *
 * Added up as if every matrix were cut into vectors of four: four sums, and behind them what is left.
 */
export function remember(u: usize, theta: v128, v: usize, size: i32): v128 {
  let a = f32x4.splat(0)
  let b = f32x4.splat(0)
  let c = f32x4.splat(0)
  let d = f32x4.splat(0)
  let at = u
  const far = v - u
  let left = size
  for (; left >= 4; left -= 4) {
    let e0 = v128.load(at)
    let e1 = v128.load(at, 16)
    let e2 = v128.load(at, 32)
    let e3 = v128.load(at, 48)
    if (v !== 0) {
      e0 = madd(theta, v128.load(at + far), e0)
      e1 = madd(theta, v128.load(at + far, 16), e1)
      e2 = madd(theta, v128.load(at + far, 32), e2)
      e3 = madd(theta, v128.load(at + far, 48), e3)
      v128.store(at, e0)
      v128.store(at, e1, 16)
      v128.store(at, e2, 32)
      v128.store(at, e3, 48)
    }
    a = madd(e0, e0, a)
    b = madd(e1, e1, b)
    c = madd(e2, e2, c)
    d = madd(e3, e3, d)
    at += 64
  }
  let squares = v128.add<f32>(v128.add<f32>(a, b), v128.add<f32>(c, d))
  for (; left > 0; left--) {
    let e = v128.load(at)
    if (v !== 0) {
      e = madd(theta, v128.load(at + far), e)
      v128.store(at, e)
    }
    squares = madd(e, e, squares)
    at += 16
  }
  return squares
}

/** x + factor·v, entry by entry. */
export function along(x: usize, v: usize, factor: v128, size: i32, to: usize): void {
  const toX = x - to
  const toV = v - to
  let at = to
  let left = size
  for (; left >= 3; left -= 3) {
    v128.store(at, madd(factor, v128.load(at + toV), v128.load(at + toX)))
    v128.store(at, madd(factor, v128.load(at + toV, 16), v128.load(at + toX, 16)), 16)
    v128.store(at, madd(factor, v128.load(at + toV, 32), v128.load(at + toX, 32)), 32)
    at += 48
  }
  for (; left > 0; left--) {
    v128.store(at, madd(factor, v128.load(at + toV), v128.load(at + toX)))
    at += 16
  }
}
