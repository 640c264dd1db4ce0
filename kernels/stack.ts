// Stacks of matrices, one behind the other, and four of them side by side: entry e of all four is the vector at 16·e;
// see lanes.ts.
import { four } from "./lanes"

/**
 * Four matrices of a stack from `first` on; where it ends before, copies of them in `spare`, the last one repeated.
 *
 * @inline
 */
export function fourOf(stack: usize, first: i32, count: i32, bytes: usize, spare: usize): usize {
  if (first + 4 <= count) return stack + <usize> first * bytes
  for (let lane = 0; lane < 4; lane++) {
    memory.copy(spare + <usize> lane * bytes, stack + <usize> min(first + lane, count - 1) * bytes, bytes)
  }
  return spare
}

/**
 * Where four matrices of a stack may be written: in place, or in `spare` where the stack ends before; `finish` then
 * brings them there.
 *
 * @inline
 */
export function roomFor(stack: usize, first: i32, count: i32, bytes: usize, spare: usize): usize {
  return first + 4 <= count ? stack + <usize> first * bytes : spare
}

/**
 * Brings what was written to `spare` to the end of its stack.
 *
 * @inline
 */
export function finish(stack: usize, first: i32, count: i32, bytes: usize, spare: usize): void {
  if (first + 4 > count) memory.copy(stack + <usize> first * bytes, spare, <usize> (count - first) * bytes)
}

/**
 * The first halves of two pairs, alternating.
 *
 * @inline
 */
function low(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5)
}

/**
 * The second halves of two pairs, alternating.
 *
 * @inline
 */
function high(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7)
}

/**
 * The first halves, one behind the other.
 *
 * @inline
 */
function firsts(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2)
}

/**
 * The second halves, one behind the other.
 *
 * @inline
 */
function seconds(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3)
}

/** Four matrices side by side. */
export function toLanes(from: usize, bytes: usize, size: i32, to: usize): void {
  let at = from
  let lanes = to
  let left = size
  for (; left >= 4; left -= 4) {
    const a = v128.load(at)
    const b = v128.load(at + bytes)
    const c = v128.load(at + 2 * bytes)
    const d = v128.load(at + 3 * bytes)
    const ab = low(a, b)
    const cd = low(c, d)
    const ba = high(a, b)
    const dc = high(c, d)
    v128.store(lanes, firsts(ab, cd))
    v128.store(lanes, seconds(ab, cd), 16)
    v128.store(lanes, firsts(ba, dc), 32)
    v128.store(lanes, seconds(ba, dc), 48)
    at += 16
    lanes += 64
  }
  for (; left > 0; left--) {
    v128.store(lanes, four(at, at + bytes, at + 2 * bytes, at + 3 * bytes))
    at += 4
    lanes += 16
  }
}

/**
 * One number at a time to four places.
 *
 * @inline
 */
export function toFour(values: v128, a: usize, b: usize, c: usize, d: usize): void {
  v128.store_lane<f32>(a, values, 0)
  v128.store_lane<f32>(b, values, 1)
  v128.store_lane<f32>(c, values, 2)
  v128.store_lane<f32>(d, values, 3)
}

/** Back to a stack. */
export function fromLanes(from: usize, bytes: usize, size: i32, to: usize): void {
  let at = to
  let lanes = from
  let left = size
  for (; left >= 4; left -= 4) {
    const a = v128.load(lanes)
    const b = v128.load(lanes, 16)
    const c = v128.load(lanes, 32)
    const d = v128.load(lanes, 48)
    const ab = low(a, b)
    const cd = low(c, d)
    const ba = high(a, b)
    const dc = high(c, d)
    v128.store(at, firsts(ab, cd))
    v128.store(at + bytes, seconds(ab, cd))
    v128.store(at + 2 * bytes, firsts(ba, dc))
    v128.store(at + 3 * bytes, seconds(ba, dc))
    at += 16
    lanes += 64
  }
  for (; left > 0; left--) {
    toFour(v128.load(lanes), at, at + bytes, at + 2 * bytes, at + 3 * bytes)
    at += 4
    lanes += 16
  }
}

/** A stack with every four of its matrices side by side, in place; what is left of it stays as it is. */
export function interleave(stack: usize, count: i32, size: i32, scratch: usize): void {
  const bytes = <usize> size << 2
  let at = stack
  for (let left = count >> 2; left > 0; left--) {
    toLanes(at, bytes, size, scratch)
    memory.copy(at, scratch, 4 * bytes)
    at += 4 * bytes
  }
}

/** The stack again. */
export function separate(stack: usize, count: i32, size: i32, scratch: usize): void {
  const bytes = <usize> size << 2
  let at = stack
  for (let left = count >> 2; left > 0; left--) {
    fromLanes(at, bytes, size, scratch)
    memory.copy(at, scratch, 4 * bytes)
    at += 4 * bytes
  }
}
