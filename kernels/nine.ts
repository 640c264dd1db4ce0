// Four matrices of nine entries side by side, every entry in a register.
import { madd } from "./vectors"

/**
 * An entry with θ times that of a momentum added, stored.
 *
 * @inline
 */
function remembered(value: v128, theta: v128, momentum: usize, to: usize, offset: usize): v128 {
  const sum = momentum === 0 ? value : madd(theta, v128.load(momentum + offset), value)
  v128.store(to + offset, sum)
  return sum
}

/**
 * Stores nine entries with θ times those of a momentum added where there is one. The squared norm of each of the four,
 * added up in the order of `remember` in lanes.ts.
 *
 * @inline
 */
export function rememberNine(
  r0: v128,
  r1: v128,
  r2: v128,
  r3: v128,
  r4: v128,
  r5: v128,
  r6: v128,
  r7: v128,
  r8: v128,
  theta: v128,
  momentum: usize,
  to: usize
): v128 {
  const e0 = remembered(r0, theta, momentum, to, 0)
  const e1 = remembered(r1, theta, momentum, to, 16)
  const e2 = remembered(r2, theta, momentum, to, 32)
  const e3 = remembered(r3, theta, momentum, to, 48)
  const e4 = remembered(r4, theta, momentum, to, 64)
  const e5 = remembered(r5, theta, momentum, to, 80)
  const e6 = remembered(r6, theta, momentum, to, 96)
  const e7 = remembered(r7, theta, momentum, to, 112)
  const e8 = remembered(r8, theta, momentum, to, 128)
  const a = madd(e4, e4, v128.mul<f32>(e0, e0))
  const b = madd(e5, e5, v128.mul<f32>(e1, e1))
  const c = madd(e6, e6, v128.mul<f32>(e2, e2))
  const d = madd(e7, e7, v128.mul<f32>(e3, e3))
  return madd(e8, e8, v128.add<f32>(v128.add<f32>(a, b), v128.add<f32>(c, d)))
}

/**
 * x + factor·v, each of nine entries.
 *
 * @inline
 */
export function alongNine(x: usize, v: usize, factor: v128, to: usize): void {
  v128.store(to, madd(factor, v128.load(v), v128.load(x)))
  v128.store(to, madd(factor, v128.load(v, 16), v128.load(x, 16)), 16)
  v128.store(to, madd(factor, v128.load(v, 32), v128.load(x, 32)), 32)
  v128.store(to, madd(factor, v128.load(v, 48), v128.load(x, 48)), 48)
  v128.store(to, madd(factor, v128.load(v, 64), v128.load(x, 64)), 64)
  v128.store(to, madd(factor, v128.load(v, 80), v128.load(x, 80)), 80)
  v128.store(to, madd(factor, v128.load(v, 96), v128.load(x, 96)), 96)
  v128.store(to, madd(factor, v128.load(v, 112), v128.load(x, 112)), 112)
  v128.store(to, madd(factor, v128.load(v, 128), v128.load(x, 128)), 128)
}

/**
 * ℜ times nine entries, each to a place so many bytes from the one before.
 *
 * @inline
 */
export function spreadNine(from: usize, factor: v128, to: usize, apart: usize): void {
  v128.store(to, v128.mul<f32>(factor, v128.load(from)))
  v128.store(to + apart, v128.mul<f32>(factor, v128.load(from, 16)))
  v128.store(to + 2 * apart, v128.mul<f32>(factor, v128.load(from, 32)))
  v128.store(to + 3 * apart, v128.mul<f32>(factor, v128.load(from, 48)))
  v128.store(to + 4 * apart, v128.mul<f32>(factor, v128.load(from, 64)))
  v128.store(to + 5 * apart, v128.mul<f32>(factor, v128.load(from, 80)))
  v128.store(to + 6 * apart, v128.mul<f32>(factor, v128.load(from, 96)))
  v128.store(to + 7 * apart, v128.mul<f32>(factor, v128.load(from, 112)))
  v128.store(to + 8 * apart, v128.mul<f32>(factor, v128.load(from, 128)))
}
