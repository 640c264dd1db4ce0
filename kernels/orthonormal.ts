// Columns of norm 1 and orthonormal columns, whatever the columns were: what happens to huge, tiny and dependent ones
// happens to their lanes only, in branches that are seldom taken, so that neither bits nor time of ordinary ones
// change. See lanes.ts for the layout.
import { greatest, kept, passes, share, smallest, tiny } from "./contract"
import { dot, entry, multiply, subtract } from "./lanes"
import { madd } from "./vectors"

/**
 * 1/length, of its square.
 *
 * @inline
 */
export function inverseRoot(square: v128): v128 {
  return v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(square))
}

/**
 * Lanes whose squared lengths are out of range; NaN is not, it stays NaN.
 *
 * @inline
 */
export function unusual(square: v128): v128 {
  return v128.or(f32x4.gt(square, f32x4.splat(greatest)), f32x4.lt(square, f32x4.splat(smallest)))
}

/**
 * Lanes in which columns lost too much of their length to earlier ones, or have one out of range: `least` and `longest`
 * are the extremes of the squared lengths, `most` the largest square of a factor.
 *
 * @inline
 */
export function doubtful(least: v128, longest: v128, most: v128): v128 {
  const bound = v128.pmax<f32>(v128.mul<f32>(most, f32x4.splat(share)), f32x4.splat(smallest))
  return v128.or(f32x4.lt(least, bound), f32x4.gt(longest, f32x4.splat(greatest)))
}

/** Column j times the power of two that brings its largest entry to [1, 2), in the lanes that are out of range. */
export function rescale(y: usize, j: i32, square: v128, rows: i32, down: i32, across: i32): void {
  let largest = f32x4.splat(0)
  for (let i = 0; i < rows; i++) {
    largest = v128.max<f32>(largest, v128.abs<f32>(v128.load(entry(y, i * down + j * across))))
  }
  // 2^(127 − e) for the biased exponent e, as far as it is a number that is not denormal.
  const exponent = i32x4.max_s(i32x4.sub(i32x4.splat(254), i32x4.shr_u(largest, 23)), i32x4.splat(1))
  const factor = v128.bitselect(i32x4.shl(exponent, 23), f32x4.splat(1), unusual(square))
  multiply(y, j, factor, rows, down, across)
}

/** Column j with 1 everywhere in the lanes where it is zero: every point is as near to it as this one. */
export function fillZero(y: usize, j: i32, square: v128, rows: i32, down: i32, across: i32): void {
  const zero = f32x4.eq(square, f32x4.splat(0))
  for (let i = 0; i < rows; i++) {
    const at = entry(y, i * down + j * across)
    v128.store(at, v128.bitselect(f32x4.splat(1), v128.load(at), zero))
  }
}

/** Brings a column to a length that can be computed. */
export function recover(y: usize, j: i32, square: v128, rows: i32, down: i32, across: i32): void {
  rescale(y, j, square, rows, down, across)
  fillZero(y, j, dot(y, j, y, j, rows, down, across), rows, down, across)
}

/** Column j divided by its length. */
export function oneUnitLength(y: usize, j: i32, rows: i32, down: i32, across: i32): void {
  let square = dot(y, j, y, j, rows, down, across)
  if (v128.any_true(unusual(square))) {
    recover(y, j, square, rows, down, across)
    square = dot(y, j, y, j, rows, down, across)
  }
  multiply(y, j, inverseRoot(square), rows, down, across)
}

/** Every column divided by its length. */
export function unitLength(y: usize, rows: i32, columns: i32, down: i32, across: i32): void {
  for (let j = 0; j < columns; j++) oneUnitLength(y, j, rows, down, across)
}

/** The same of four times four matrices, so many bytes apart, at once; see `unitTangents`. */
export function unitLengths(y: usize, next: usize, rows: i32, columns: i32, down: i32, across: i32): void {
  const step = <usize> down << 4
  for (let j = 0; j < columns; j++) {
    const a = entry(y, j * across)
    const b = a + next
    const c = b + next
    const d = c + next
    const end = <usize> rows * step
    let sa = f32x4.splat(0)
    let sb = f32x4.splat(0)
    let sc = f32x4.splat(0)
    let sd = f32x4.splat(0)
    for (let at: usize = 0; at < end; at += step) {
      sa = madd(v128.load(a + at), v128.load(a + at), sa)
      sb = madd(v128.load(b + at), v128.load(b + at), sb)
      sc = madd(v128.load(c + at), v128.load(c + at), sc)
      sd = madd(v128.load(d + at), v128.load(d + at), sd)
    }
    if (v128.any_true(v128.or(v128.or(unusual(sa), unusual(sb)), v128.or(unusual(sc), unusual(sd))))) {
      for (let four = 0; four < 4; four++) oneUnitLength(y + <usize> four * next, j, rows, down, across)
      continue
    }
    sa = inverseRoot(sa)
    sb = inverseRoot(sb)
    sc = inverseRoot(sc)
    sd = inverseRoot(sd)
    for (let at: usize = 0; at < end; at += step) {
      v128.store(a + at, v128.mul<f32>(v128.load(a + at), sa))
      v128.store(b + at, v128.mul<f32>(v128.load(b + at), sb))
      v128.store(c + at, v128.mul<f32>(v128.load(c + at), sc))
      v128.store(d + at, v128.mul<f32>(v128.load(d + at), sd))
    }
  }
}

/**
 * The Q factor, by modified Gram–Schmidt; where that loses orthogonality, of what it gave once more: twice is enough
 * (Kahan and Parlett).
 */
export function orthonormalize(y: usize, rows: i32, columns: i32, down: i32, across: i32): void {
  let most = f32x4.splat(0)
  let again = f32x4.splat(0)
  for (let j = 0; j < columns; j++) {
    let square = dot(y, j, y, j, rows, down, across)
    const before = doubtful(square, square, most)
    if (v128.any_true(before)) {
      again = v128.or(again, before)
      rescale(y, j, square, rows, down, across)
      square = dot(y, j, y, j, rows, down, across)
    }
    const length = v128.max<f32>(v128.sqrt<f32>(square), f32x4.splat(tiny))
    multiply(y, j, v128.div<f32>(f32x4.splat(1), length), rows, down, across)
    for (let k = j + 1; k < columns; k++) {
      const factor = dot(y, j, y, k, rows, down, across)
      most = v128.max<f32>(most, v128.mul<f32>(factor, factor))
      subtract(y, j, factor, y, k, rows, down, across)
    }
  }
  if (v128.any_true(again)) complete(y, again, rows, columns, down, across)
}

/**
 * In some lanes: orthonormal columns from columns of length 1 or 0; one in the span of earlier ones gives way to a unit
 * vector.
 */
function complete(y: usize, lanes: v128, rows: i32, columns: i32, down: i32, across: i32): void {
  for (let j = 0; j < columns; j++) {
    const dependent = beside(y, j, lanes, rows, down, across)
    if (v128.any_true(dependent)) {
      unitVector(y, j, dependent, rows, down, across)
      beside(y, j, dependent, rows, down, across)
    }
  }
}

/**
 * Column j without its parts along earlier ones, until little is lost, and of length 1. Lanes where nothing was left.
 */
function beside(y: usize, j: i32, lanes: v128, rows: i32, down: i32, across: i32): v128 {
  let open = lanes
  for (let pass = 0; pass < passes && v128.any_true(open); pass++) {
    for (let k = 0; k < j; k++) {
      subtract(y, k, v128.and(open, dot(y, k, y, j, rows, down, across)), y, j, rows, down, across)
    }
    const square = dot(y, j, y, j, rows, down, across)
    const some = v128.and(open, f32x4.ge(square, f32x4.splat(smallest)))
    const inverse = v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(square))
    multiply(y, j, v128.bitselect(inverse, f32x4.splat(1), some), rows, down, across)
    open = v128.and(open, f32x4.lt(square, f32x4.splat(kept)))
  }
  return open
}

/**
 * Column j replaced, in some lanes, by the unit vector that lies furthest outside of the span of the columns before.
 */
function unitVector(y: usize, j: i32, lanes: v128, rows: i32, down: i32, across: i32): void {
  let least = f32x4.splat(Infinity)
  let chosen = i32x4.splat(0)
  for (let i = 0; i < rows; i++) {
    let inside = f32x4.splat(0)
    for (let k = 0; k < j; k++) {
      const value = v128.load(entry(y, i * down + k * across))
      inside = v128.add<f32>(inside, v128.mul<f32>(value, value))
    }
    const better = f32x4.lt(inside, least)
    least = v128.bitselect(inside, least, better)
    chosen = v128.bitselect(i32x4.splat(i), chosen, better)
  }
  for (let i = 0; i < rows; i++) {
    const at = entry(y, i * down + j * across)
    const one = v128.and(f32x4.splat(1), i32x4.eq(chosen, i32x4.splat(i)))
    v128.store(at, v128.bitselect(one, v128.load(at), lanes))
  }
}
