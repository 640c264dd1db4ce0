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
