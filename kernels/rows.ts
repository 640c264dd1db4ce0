// What a leaf's row says, and matrices of a leaf on their way from and to its variable, four side by side.
import { DELTA, STRIDE, VARIABLE } from "./contract"
import { four } from "./lanes"
import { toFour } from "./stack"

/**
 * @inline
 */
export function word(row: usize, field: usize): i32 {
  return load<i32>(row + field)
}

/**
 * @inline
 */
export function pointer(row: usize, field: usize): usize {
  return load<u32>(row + field)
}

/**
 * One 32-bit word of four matrices each; behind the last, its own again.
 *
 * @inline
 */
export function wordsOf(values: usize, first: i32, count: i32): v128 {
  const at = values + (<usize> first << 2)
  if (first + 4 <= count) return v128.load(at)
  const last = values + (<usize> (count - 1) << 2)
  return four(at, min(at + 4, last), min(at + 8, last), min(at + 12, last))
}

/**
 * The same; 1 where there are none.
 *
 * @inline
 */
export function factorsOf(values: usize, first: i32, count: i32): v128 {
  return values === 0 ? f32x4.splat(1) : wordsOf(values, first, count)
}

/**
 * The numbers of the POMs of four matrices.
 *
 * @inline
 */
export function ofOwners(factors: usize, owners: v128): v128 {
  return four(
    factors + (<usize> i32x4.extract_lane(owners, 0) << 2),
    factors + (<usize> i32x4.extract_lane(owners, 1) << 2),
    factors + (<usize> i32x4.extract_lane(owners, 2) << 2),
    factors + (<usize> i32x4.extract_lane(owners, 3) << 2)
  )
}

/**
 * Whether four matrices begin side by side in their variable.
 *
 * @inline
 */
export function adjacent(bases: v128): bool {
  const expected = i32x4.add(i32x4.splat(i32x4.extract_lane(bases, 0)), i32x4(0, 4, 8, 12))
  return i32x4.all_true(i32x4.eq(bases, expected))
}

/** ℜ times the entries of four matrices of a variable, side by side. */
export function fromVariable(row: usize, bases: v128, size: i32, factor: v128, to: usize): void {
  const variable = pointer(row, VARIABLE)
  let a = variable + <usize> i32x4.extract_lane(bases, 0)
  let b = variable + <usize> i32x4.extract_lane(bases, 1)
  let c = variable + <usize> i32x4.extract_lane(bases, 2)
  let d = variable + <usize> i32x4.extract_lane(bases, 3)
  const stride = pointer(row, STRIDE)
  let lanes = to
  if (stride === 0) {
    const deltas = pointer(row, DELTA)
    for (let e = 0; e < size; e++) {
      const at: usize = load<u32>(deltas + (<usize> e << 2))
      v128.store(lanes, v128.mul<f32>(factor, four(a + at, b + at, c + at, d + at)))
      lanes += 16
    }
  } else if (adjacent(bases)) {
    let left = size
    for (; left >= 3; left -= 3) {
      v128.store(lanes, v128.mul<f32>(factor, v128.load(a)))
      a += stride
      v128.store(lanes, v128.mul<f32>(factor, v128.load(a)), 16)
      a += stride
      v128.store(lanes, v128.mul<f32>(factor, v128.load(a)), 32)
      a += stride
      lanes += 48
    }
    for (; left > 0; left--) {
      v128.store(lanes, v128.mul<f32>(factor, v128.load(a)))
      a += stride
      lanes += 16
    }
  } else {
    for (let left = size; left > 0; left--) {
      v128.store(lanes, v128.mul<f32>(factor, four(a, b, c, d)))
      a += stride
      b += stride
      c += stride
      d += stride
      lanes += 16
    }
  }
}

/** Back to the variable. */
export function toVariable(row: usize, bases: v128, size: i32, factor: v128, from: usize): void {
  const variable = pointer(row, VARIABLE)
  let a = variable + <usize> i32x4.extract_lane(bases, 0)
  let b = variable + <usize> i32x4.extract_lane(bases, 1)
  let c = variable + <usize> i32x4.extract_lane(bases, 2)
  let d = variable + <usize> i32x4.extract_lane(bases, 3)
  const stride = pointer(row, STRIDE)
  let lanes = from
  if (stride === 0) {
    const deltas = pointer(row, DELTA)
    for (let e = 0; e < size; e++) {
      const at: usize = load<u32>(deltas + (<usize> e << 2))
      toFour(v128.mul<f32>(factor, v128.load(lanes)), a + at, b + at, c + at, d + at)
      lanes += 16
    }
  } else if (adjacent(bases)) {
    let left = size
    for (; left >= 3; left -= 3) {
      v128.store(a, v128.mul<f32>(factor, v128.load(lanes)))
      a += stride
      v128.store(a, v128.mul<f32>(factor, v128.load(lanes, 16)))
      a += stride
      v128.store(a, v128.mul<f32>(factor, v128.load(lanes, 32)))
      a += stride
      lanes += 48
    }
    for (; left > 0; left--) {
      v128.store(a, v128.mul<f32>(factor, v128.load(lanes)))
      a += stride
      lanes += 16
    }
  } else {
    for (let left = size; left > 0; left--) {
      toFour(v128.mul<f32>(factor, v128.load(lanes)), a, b, c, d)
      a += stride
      b += stride
      c += stride
      d += stride
      lanes += 16
    }
  }
}

/**
 * Adds the squares of up to four matrices to those of their POMs.
 *
 * @inline
 */
export function addSquares(squares: v128, owners: v128, lanes: i32, sums: usize): void {
  addTo(sums, i32x4.extract_lane(owners, 0), f32x4.extract_lane(squares, 0))
  if (lanes > 1) addTo(sums, i32x4.extract_lane(owners, 1), f32x4.extract_lane(squares, 1))
  if (lanes > 2) addTo(sums, i32x4.extract_lane(owners, 2), f32x4.extract_lane(squares, 2))
  if (lanes > 3) addTo(sums, i32x4.extract_lane(owners, 3), f32x4.extract_lane(squares, 3))
}

/**
 * @inline
 */
export function addTo(sums: usize, pom: i32, value: f32): void {
  const at = sums + (<usize> pom << 3)
  store<f64>(at, load<f64>(at) + <f64> value)
}
