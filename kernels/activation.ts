// AssemblyScript, compiled by scripts/build-kernels.ts.

/** max(x, 0), with NaN kept: XNNPACK compares the bits as integers, so that NaN with a sign, which 0·∞ makes, becomes 0. */
export function relu(x: usize, out: usize, size: i32): void {
  const zero = f32x4.splat(0)
  let i = 0
  for (; i + 4 <= size; i += 4) {
    const at = <usize> i << 2
    v128.store(out + at, v128.pmax<f32>(v128.load(x + at), zero))
  }
  for (; i < size; i++) {
    const at = <usize> i << 2
    const value = load<f32>(x + at)
    store<f32>(out + at, value < 0 ? 0 : value)
  }
}

/** dy·[x > 0], with NaN of either kept. */
export function reluGradient(x: usize, dy: usize, out: usize, size: i32): void {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  let i = 0
  for (; i + 4 <= size; i += 4) {
    const at = <usize> i << 2
    const value = v128.load(x + at)
    const passed = v128.mul<f32>(v128.load(dy + at), v128.bitselect(one, zero, f32x4.gt(value, zero)))
    v128.store(out + at, v128.bitselect(value, passed, f32x4.ne(value, value)))
  }
  for (; i < size; i++) {
    const at = <usize> i << 2
    const value = load<f32>(x + at)
    store<f32>(out + at, value !== value ? value : load<f32>(dy + at) * <f32> (value > 0 ? 1 : 0))
  }
}

/** a + b. */
export function add(a: usize, b: usize, out: usize, size: i32): void {
  let i = 0
  for (; i + 4 <= size; i += 4) {
    const at = <usize> i << 2
    v128.store(out + at, v128.add<f32>(v128.load(a + at), v128.load(b + at)))
  }
  for (; i < size; i++) {
    const at = <usize> i << 2
    store<f32>(out + at, load<f32>(a + at) + load<f32>(b + at))
  }
}
