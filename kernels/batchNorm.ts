// AssemblyScript, compiled by scripts/build-kernels.ts: sums over all but the channels of [rows][channels], and
// channel-wise affine maps.

import { vector } from "./contract"
import { atLeast, atLeastOne, madd, passed, passedOne } from "./vectors"

/**
 * Rows that are summed in float32 before their sum is added up in float64: with 16 channels they stay in the first
 * cache.
 */
const rowsAtOnce = 64

/**
 * What counts of a: all of it, or what passes a rectifier of output y.
 *
 * @inline
 */
function weightAt(a: usize, y: usize, masked: bool): v128 {
  return masked ? passed(v128.load(y), v128.load(a)) : v128.load(a)
}

/**
 * Per channel Σ a and Σ a·(b − pivot) are added to float64 pairs at `sums`, [channels][2]. For moments a is b: then Σ
 * (b − pivot) and Σ (b − pivot)², which does not cancel where the mean is far from 0. Masked, a counts as what passes a
 * rectifier of output y.
 *
 * @inline
 */
function channelSums(
  a: usize,
  b: usize,
  pivot: usize,
  y: usize,
  rows: i32,
  channels: i32,
  moments: bool,
  masked: bool,
  sums: usize
): void {
  const stride = <usize> channels << 2
  const whole = channels & ~3
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = min(rowsAtOnce, rows - first)
    const begin = <usize> first * stride
    for (let c = 0; c < whole; c += 4) {
      const offset = begin + (<usize> c << 2)
      const shift = v128.load(pivot + (<usize> c << 2))
      // Sums of even and of odd rows: one addition need not wait for the last.
      let one = f32x4.splat(0)
      let two = f32x4.splat(0)
      let odd = f32x4.splat(0)
      let oddTwo = f32x4.splat(0)
      let p = a + offset
      let q = b + offset
      let m = y + offset
      for (let i = 1; i < count; i += 2) {
        const value = v128.sub<f32>(v128.load(q), shift)
        const weight = moments ? value : weightAt(p, m, masked)
        one = v128.add<f32>(one, weight)
        two = madd(weight, value, two)
        const next = v128.sub<f32>(v128.load(q + stride), shift)
        const nextWeight = moments ? next : weightAt(p + stride, m + stride, masked)
        odd = v128.add<f32>(odd, nextWeight)
        oddTwo = madd(nextWeight, next, oddTwo)
        if (masked) m += 2 * stride
        if (!moments) p += 2 * stride
        q += 2 * stride
      }
      if ((count & 1) === 1) {
        const value = v128.sub<f32>(v128.load(q), shift)
        const weight = moments ? value : weightAt(p, m, masked)
        one = v128.add<f32>(one, weight)
        two = madd(weight, value, two)
      }
      one = v128.add<f32>(one, odd)
      two = v128.add<f32>(two, oddTwo)
      const to = sums + (<usize> c << 4)
      addPair(to, f32x4.extract_lane(one, 0), f32x4.extract_lane(two, 0))
      addPair(to + 16, f32x4.extract_lane(one, 1), f32x4.extract_lane(two, 1))
      addPair(to + 32, f32x4.extract_lane(one, 2), f32x4.extract_lane(two, 2))
      addPair(to + 48, f32x4.extract_lane(one, 3), f32x4.extract_lane(two, 3))
    }
    for (let c = whole; c < channels; c++) {
      const offset = begin + (<usize> c << 2)
      const shift = load<f32>(pivot + (<usize> c << 2))
      let one: f32 = 0
      let two: f32 = 0
      let p = a + offset
      let q = b + offset
      let m = y + offset
      for (let i = 0; i < count; i++) {
        const value = load<f32>(q) - shift
        const weight = moments ? value : masked ? passedOne(load<f32>(m), load<f32>(p)) : load<f32>(p)
        one += weight
        two += weight * value
        m += stride
        p += stride
        q += stride
      }
      addPair(sums + (<usize> c << 4), one, two)
    }
  }
}

/**
 * Two numbers are added to a pair in double precision.
 *
 * @inline
 */
function addPair(to: usize, one: f32, two: f32): void {
  store<f64>(to, load<f64>(to) + <f64> one)
  store<f64>(to, load<f64>(to, 8) + <f64> two, 8)
}

/** The sums of slices of `atOnce` rows, from slice `first` up to `end`, at [slice][channels][2]. */
export function channelSlices(
  a: usize,
  b: usize,
  pivot: usize,
  y: usize,
  rows: i32,
  channels: i32,
  moments: i32,
  sums: usize,
  atOnce: i32,
  first: i32,
  end: i32
): void {
  const bytes = <usize> channels << 4
  for (let slice = first; slice < end; slice++) {
    const begin = min(rows, slice * atOnce)
    const offset = <usize> (begin * channels) << 2
    const count = min(atOnce, rows - begin)
    const to = sums + <usize> slice * bytes
    memory.fill(to, 0, bytes)
    if (moments !== 0) channelSums(a + offset, b + offset, pivot, 0, count, channels, true, false, to)
    else if (y === 0) channelSums(a + offset, b + offset, pivot, 0, count, channels, false, false, to)
    else channelSums(a + offset, b + offset, pivot, y + offset, count, channels, false, true, to)
  }
}

/** The sums of all slices, in order, at the place of those of the first. */
export function channelTotals(sums: usize, channels: i32, slices: i32): void {
  const bytes = <usize> channels << 4
  const end = sums + bytes
  for (let at = sums; at < end; at += vector) {
    let total = v128.load(at)
    for (let slice = 1; slice < slices; slice++) total = v128.add<f64>(total, v128.load(at + <usize> slice * bytes))
    v128.store(at, total)
  }
}

/**
 * out = a·ka + b·kb + kc, with one factor of each kind per channel. Where y is given, a counts as what passes a
 * rectifier of output y.
 */
export function channelAffine(
  a: usize,
  ka: usize,
  b: usize,
  kb: usize,
  kc: usize,
  y: usize,
  rows: i32,
  channels: i32,
  out: usize
): void {
  if (y === 0) affine(a, ka, b, kb, kc, y, rows, channels, out, false)
  else affine(a, ka, b, kb, kc, y, rows, channels, out, true)
}

/** @inline */
function affine(
  a: usize,
  ka: usize,
  b: usize,
  kb: usize,
  kc: usize,
  y: usize,
  rows: i32,
  channels: i32,
  out: usize,
  masked: bool
): void {
  const whole = channels & ~3
  let p = a
  let q = b
  let m = y
  let to = out
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < whole; c += 4) {
      const at = <usize> c << 2
      const scaled = madd(weightAt(p + at, m + at, masked), v128.load(ka + at), v128.load(kc + at))
      v128.store(to + at, madd(v128.load(q + at), v128.load(kb + at), scaled))
    }
    for (let c = whole; c < channels; c++) {
      const at = <usize> c << 2
      const first = masked ? passedOne(load<f32>(m + at), load<f32>(p + at)) : load<f32>(p + at)
      store<f32>(to + at, first * load<f32>(ka + at) + load<f32>(kc + at) + load<f32>(q + at) * load<f32>(kb + at))
    }
    p += <usize> channels << 2
    q += <usize> channels << 2
    m += <usize> channels << 2
    to += <usize> channels << 2
  }
}

/**
 * out = x·k + d, with one factor and one summand per channel, plus a residual where one is given, rectified if so
 * asked.
 */
export function channelScale(
  x: usize,
  k: usize,
  d: usize,
  residual: usize,
  relu: i32,
  rows: i32,
  channels: i32,
  out: usize
): void {
  const whole = channels & ~3
  const floor: f32 = relu !== 0 ? 0 : -Infinity
  const floors = f32x4.splat(floor)
  let p = x
  let r = residual
  let to = out
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < whole; c += 4) {
      const at = <usize> c << 2
      const scaled = madd(v128.load(p + at), v128.load(k + at), v128.load(d + at))
      v128.store(to + at, atLeast(residual === 0 ? scaled : v128.add<f32>(scaled, v128.load(r + at)), floors))
    }
    for (let c = whole; c < channels; c++) {
      const at = <usize> c << 2
      const scaled = load<f32>(p + at) * load<f32>(k + at) + load<f32>(d + at)
      store<f32>(to + at, atLeastOne(residual === 0 ? scaled : scaled + load<f32>(r + at), floor))
    }
    p += <usize> channels << 2
    r += <usize> channels << 2
    to += <usize> channels << 2
  }
}
