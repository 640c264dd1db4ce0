// AssemblyScript, compiled by scripts/build-kernels.ts.

import { atLeast, atLeastOne, passed, passedOne } from "./vectors"

/**
 * max(x, 0), with NaN kept: XNNPACK compares the bits as integers, so that NaN with a sign, which 0·∞ makes, becomes 0.
 */
export function relu(x: usize, out: usize, size: i32): void {
  const floor = f32x4.splat(0)
  let i = 0
  for (; i + 4 <= size; i += 4) {
    const at = <usize> i << 2
    v128.store(out + at, atLeast(v128.load(x + at), floor))
  }
  for (; i < size; i++) {
    const at = <usize> i << 2
    store<f32>(out + at, atLeastOne(load<f32>(x + at), 0))
  }
}

/** dy·[x > 0], with NaN of either kept. */
export function reluGradient(x: usize, dy: usize, out: usize, size: i32): void {
  let i = 0
  for (; i + 4 <= size; i += 4) {
    const at = <usize> i << 2
    v128.store(out + at, passed(v128.load(x + at), v128.load(dy + at)))
  }
  for (; i < size; i++) {
    const at = <usize> i << 2
    store<f32>(out + at, passedOne(load<f32>(x + at), load<f32>(dy + at)))
  }
}

/** a + b. */
export function add(a: usize, b: usize, out: usize, size: i32): void {
  sum(a, b, out, size, -Infinity)
}

/** max(a + b, 0), with NaN kept. */
export function addRelu(a: usize, b: usize, out: usize, size: i32): void {
  sum(a, b, out, size, 0)
}

/**
 * a + b, or the floor where that is larger.
 *
 * @inline
 */
function sum(a: usize, b: usize, out: usize, size: i32, floor: f32): void {
  const floors = f32x4.splat(floor)
  let i = 0
  for (; i + 4 <= size; i += 4) {
    const at = <usize> i << 2
    v128.store(out + at, atLeast(v128.add<f32>(v128.load(a + at), v128.load(b + at)), floors))
  }
  for (; i < size; i++) {
    const at = <usize> i << 2
    store<f32>(out + at, atLeastOne(load<f32>(a + at) + load<f32>(b + at), floor))
  }
}
