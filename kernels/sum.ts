// AssemblyScript, compiled by scripts/build-kernels.ts.

/** Numbers that are summed in float32 before their sum is added up in float64. */
const atOnce = 1024

/** Sums of rows of so many numbers, from row `first` up to `end`. */
export function rowSums(x: usize, length: i32, out: usize, first: i32, end: i32): void {
  for (let row = first; row < end; row++) {
    const from = x + ((<usize> row * <usize> length) << 2)
    let total: f64 = 0
    for (let start = 0; start < length; start += atOnce) {
      const stop = min(length, start + atOnce)
      let i = start
      let a = f32x4.splat(0)
      let b = f32x4.splat(0)
      for (; i + 8 <= stop; i += 8) {
        const at = from + (<usize> i << 2)
        a = v128.add<f32>(a, v128.load(at))
        b = v128.add<f32>(b, v128.load(at, 16))
      }
      const lanes = v128.add<f32>(a, b)
      total += <f64> f32x4.extract_lane(lanes, 0) + <f64> f32x4.extract_lane(lanes, 1) +
        <f64> f32x4.extract_lane(lanes, 2) + <f64> f32x4.extract_lane(lanes, 3)
      for (; i < stop; i++) total += <f64> load<f32>(from + (<usize> i << 2))
    }
    store<f32>(out + (<usize> row << 2), <f32> total)
  }
}
