// Matrices of nine entries on their way: from a stack to lanes and back, without loops.
import { four } from "./lanes"
import { firsts, high, low, seconds, toFour } from "./stack"
import { madd } from "./vectors"

/** Bytes of a matrix in a stack. */
const bytes: usize = 36

/**
 * The last entries of four matrices.
 *
 * @inline
 */
function lastOf(from: usize): v128 {
  const at = from + 32
  return four(at, at + bytes, at + 2 * bytes, at + 3 * bytes)
}

/**
 * Four matrices of a stack side by side.
 *
 * @inline
 */
export function nineToLanes(from: usize, to: usize): void {
  let a = v128.load(from)
  let b = v128.load(from, bytes)
  let c = v128.load(from, 2 * bytes)
  let d = v128.load(from, 3 * bytes)
  let ab = low(a, b)
  let cd = low(c, d)
  let ba = high(a, b)
  let dc = high(c, d)
  v128.store(to, firsts(ab, cd))
  v128.store(to, seconds(ab, cd), 16)
  v128.store(to, firsts(ba, dc), 32)
  v128.store(to, seconds(ba, dc), 48)
  a = v128.load(from, 16)
  b = v128.load(from, bytes + 16)
  c = v128.load(from, 2 * bytes + 16)
  d = v128.load(from, 3 * bytes + 16)
  ab = low(a, b)
  cd = low(c, d)
  ba = high(a, b)
  dc = high(c, d)
  v128.store(to, firsts(ab, cd), 64)
  v128.store(to, seconds(ab, cd), 80)
  v128.store(to, firsts(ba, dc), 96)
  v128.store(to, seconds(ba, dc), 112)
  v128.store(to, lastOf(from), 128)
}

/**
 * A vector side by side with others, and a point that far along it.
 *
 * @inline
 */
function advanced(x: v128, v: v128, factor: v128, y: usize, offset: usize, toV: usize): void {
  v128.store(y + toV + offset, v)
  v128.store(y + offset, madd(factor, v, x))
}

/** Points and vectors of a stack side by side, the points a step along the vectors from where they were. */
export function nineAdvanced(x: usize, d: usize, factor: v128, y: usize, toV: usize): void {
  const far = d - x
  for (let half: usize = 0; half < 2; half++) {
    const at = x + 16 * half
    const to = y + 64 * half
    const x01 = low(v128.load(at), v128.load(at, bytes))
    const x23 = low(v128.load(at, 2 * bytes), v128.load(at, 3 * bytes))
    const x10 = high(v128.load(at), v128.load(at, bytes))
    const x32 = high(v128.load(at, 2 * bytes), v128.load(at, 3 * bytes))
    const v01 = low(v128.load(at + far), v128.load(at + far, bytes))
    const v23 = low(v128.load(at + far, 2 * bytes), v128.load(at + far, 3 * bytes))
    const v10 = high(v128.load(at + far), v128.load(at + far, bytes))
    const v32 = high(v128.load(at + far, 2 * bytes), v128.load(at + far, 3 * bytes))
    advanced(firsts(x01, x23), firsts(v01, v23), factor, to, 0, toV)
    advanced(seconds(x01, x23), seconds(v01, v23), factor, to, 16, toV)
    advanced(firsts(x10, x32), firsts(v10, v32), factor, to, 32, toV)
    advanced(seconds(x10, x32), seconds(v10, v32), factor, to, 48, toV)
  }
  advanced(lastOf(x), lastOf(d), factor, y, 128, toV)
}

/**
 * Nine vectors handed on: side by side where `asStack` does not say otherwise; else to a stack, with θ times a momentum
 * of that stack added where there is one. The squared norm of each of the four then.
 *
 * @inline
 */
export function handOn(
  r0: v128,
  r1: v128,
  r2: v128,
  r3: v128,
  r4: v128,
  r5: v128,
  r6: v128,
  r7: v128,
  r8: v128,
  asStack: bool,
  to: usize,
  theta: v128,
  momentum: usize
): v128 {
  if (!asStack) {
    v128.store(to, r0)
    v128.store(to, r1, 16)
    v128.store(to, r2, 32)
    v128.store(to, r3, 48)
    v128.store(to, r4, 64)
    v128.store(to, r5, 80)
    v128.store(to, r6, 96)
    v128.store(to, r7, 112)
    v128.store(to, r8, 128)
    return r8
  }
  let ab = low(r0, r1)
  let cd = low(r2, r3)
  let ba = high(r0, r1)
  let dc = high(r2, r3)
  let a = firsts(ab, cd)
  let b = seconds(ab, cd)
  let c = firsts(ba, dc)
  let d = seconds(ba, dc)
  if (momentum !== 0) {
    a = madd(theta, v128.load(momentum), a)
    b = madd(theta, v128.load(momentum, bytes), b)
    c = madd(theta, v128.load(momentum, 2 * bytes), c)
    d = madd(theta, v128.load(momentum, 3 * bytes), d)
  }
  v128.store(to, a)
  v128.store(to, b, bytes)
  v128.store(to, c, 2 * bytes)
  v128.store(to, d, 3 * bytes)
  let squaresA = v128.mul<f32>(a, a)
  let squaresB = v128.mul<f32>(b, b)
  let squaresC = v128.mul<f32>(c, c)
  let squaresD = v128.mul<f32>(d, d)
  ab = low(r4, r5)
  cd = low(r6, r7)
  ba = high(r4, r5)
  dc = high(r6, r7)
  a = firsts(ab, cd)
  b = seconds(ab, cd)
  c = firsts(ba, dc)
  d = seconds(ba, dc)
  let last = r8
  if (momentum !== 0) {
    a = madd(theta, v128.load(momentum, 16), a)
    b = madd(theta, v128.load(momentum, bytes + 16), b)
    c = madd(theta, v128.load(momentum, 2 * bytes + 16), c)
    d = madd(theta, v128.load(momentum, 3 * bytes + 16), d)
    last = madd(theta, lastOf(momentum), last)
  }
  v128.store(to, a, 16)
  v128.store(to, b, bytes + 16)
  v128.store(to, c, 2 * bytes + 16)
  v128.store(to, d, 3 * bytes + 16)
  const end = to + 32
  toFour(last, end, end + bytes, end + 2 * bytes, end + 3 * bytes)
  squaresA = madd(a, a, squaresA)
  squaresB = madd(b, b, squaresB)
  squaresC = madd(c, c, squaresC)
  squaresD = madd(d, d, squaresD)
  ab = low(squaresA, squaresB)
  cd = low(squaresC, squaresD)
  ba = high(squaresA, squaresB)
  dc = high(squaresC, squaresD)
  return madd(
    last,
    last,
    v128.add<f32>(
      v128.add<f32>(firsts(ab, cd), seconds(ab, cd)),
      v128.add<f32>(firsts(ba, dc), seconds(ba, dc))
    )
  )
}

/** Back to a stack. */
export function nineToStack(from: usize, to: usize): void {
  handOn(
    v128.load(from),
    v128.load(from, 16),
    v128.load(from, 32),
    v128.load(from, 48),
    v128.load(from, 64),
    v128.load(from, 80),
    v128.load(from, 96),
    v128.load(from, 112),
    v128.load(from, 128),
    true,
    to,
    f32x4.splat(0),
    0
  )
}

/** Four neighbours in their planes, each ℜ times. */
export function nineToPlanes(from: usize, factor: v128, to: usize, stride: usize): void {
  let at = to
  for (let row: usize = 0; row < 144; row += 48) {
    v128.store(at, v128.mul<f32>(factor, v128.load(from + row)))
    v128.store(at + stride, v128.mul<f32>(factor, v128.load(from + row, 16)))
    v128.store(at + 2 * stride, v128.mul<f32>(factor, v128.load(from + row, 32)))
    at += 3 * stride
  }
}
