// AssemblyScript, compiled by scripts/build-kernels.ts to work on the heap of the wasm backend. Pointers are byte
// addresses, tensors NHWC and HWIO. No static data: it would lie on top of that heap.

import { block, vector } from "./contract"
import { atLeast, madd } from "./vectors"

/**
 * The weights of some taps in blocks of 8 outputs, [block][tap·inner + r][8], with zeros beyond the last output. The
 * filter is [tap][inner][outer] or, transposed, [tap][outer][inner].
 */
export function packWeights(
  filter: usize,
  packed: usize,
  taps: usize,
  tapCount: i32,
  inner: i32,
  outer: i32,
  transposed: i32
): void {
  let to = packed
  for (let first = 0; first < outer; first += block) {
    for (let j = 0; j < tapCount; j++) {
      const tap = filter + <usize> (load<i32>(taps + (<usize> j << 2)) * inner * outer << 2)
      for (let r = 0; r < inner; r++) {
        for (let o = first; o < first + block; o++) {
          const at = transposed ? o * inner + r : r * outer + o
          store<f32>(to, o < outer ? load<f32>(tap + (<usize> at << 2)) : 0)
          to += 4
        }
      }
    }
  }
}

/** The four pixels from index `first` on as columns of a panel [tap·inner + r][4], and their places in the output. */
function packTile(
  input: usize,
  imageBytes: i32,
  table: usize,
  places: usize,
  pixels: i32,
  tapCount: i32,
  inner: i32,
  output: usize,
  outputImageBytes: i32,
  first: i32,
  total: i32,
  zeros: usize,
  panel: usize,
  targets: usize
): void {
  for (let q = 0; q < 4; q++) {
    const index = first + q
    const image = index / pixels
    const p = index - image * pixels
    const target = output + <usize> (image * outputImageBytes) + <usize> load<i32>(places + (<usize> p << 2))
    store<usize>(targets + (<usize> q << 2), index < total ? target : 0)
  }
  const last = total - 1
  const i0 = first
  const i1 = min(first + 1, last)
  const i2 = min(first + 2, last)
  const i3 = min(first + 3, last)
  const m0 = i0 / pixels
  const m1 = i1 / pixels
  const m2 = i2 / pixels
  const m3 = i3 / pixels
  const b0 = input + <usize> (m0 * imageBytes)
  const b1 = input + <usize> (m1 * imageBytes)
  const b2 = input + <usize> (m2 * imageBytes)
  const b3 = input + <usize> (m3 * imageBytes)
  let t0 = table + <usize> ((i0 - m0 * pixels) * tapCount << 2)
  let t1 = table + <usize> ((i1 - m1 * pixels) * tapCount << 2)
  let t2 = table + <usize> ((i2 - m2 * pixels) * tapCount << 2)
  let t3 = table + <usize> ((i3 - m3 * pixels) * tapCount << 2)
  const whole = inner & ~3
  let to = panel
  for (let j = 0; j < tapCount; j++) {
    const o0 = load<i32>(t0)
    const o1 = load<i32>(t1)
    const o2 = load<i32>(t2)
    const o3 = load<i32>(t3)
    let s0 = o0 < 0 ? zeros : b0 + <usize> o0
    let s1 = o1 < 0 ? zeros : b1 + <usize> o1
    let s2 = o2 < 0 ? zeros : b2 + <usize> o2
    let s3 = o3 < 0 ? zeros : b3 + <usize> o3
    t0 += 4
    t1 += 4
    t2 += 4
    t3 += 4
    for (let r = 0; r < whole; r += 4) {
      const x0 = v128.load(s0)
      const x1 = v128.load(s1)
      const x2 = v128.load(s2)
      const x3 = v128.load(s3)
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5)
      const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7)
      const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5)
      const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7)
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
      v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 16)
      v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 32)
      v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 48)
      to += 64
      s0 += vector
      s1 += vector
      s2 += vector
      s3 += vector
    }
    for (let r = whole; r < inner; r++) {
      store<f32>(to, load<f32>(s0))
      store<f32>(to, load<f32>(s1), 4)
      store<f32>(to, load<f32>(s2), 8)
      store<f32>(to, load<f32>(s3), 12)
      to += vector
      s0 += 4
      s1 += 4
      s2 += 4
      s3 += 4
    }
  }
}

function put(target: usize, spare: usize, low: v128, high: v128, relu: bool, outputs: i32): void {
  if (target === 0) return
  const a = relu ? atLeast(low, f32x4.splat(0)) : low
  const b = relu ? atLeast(high, f32x4.splat(0)) : high
  if (outputs >= block) {
    v128.store(target, a)
    v128.store(target, b, vector)
    return
  }
  v128.store(spare, a)
  v128.store(spare, b, vector)
  memory.copy(target, spare, <usize> (outputs << 2))
}

/** Four pixels times eight outputs: the product of a panel and a block of weights. */
function product(
  panel: usize,
  weights: usize,
  rows: i32,
  targets: usize,
  offset: usize,
  spare: usize,
  biasLow: v128,
  biasHigh: v128,
  relu: bool,
  outputs: i32
): void {
  let a0 = biasLow
  let a1 = biasHigh
  let b0 = biasLow
  let b1 = biasHigh
  let c0 = biasLow
  let c1 = biasHigh
  let d0 = biasLow
  let d1 = biasHigh
  let x = panel
  let w = weights
  for (let r = 0; r < rows; r++) {
    const low = v128.load(w)
    const high = v128.load(w, vector)
    const p0 = v128.load32_splat(x)
    a0 = madd(p0, low, a0)
    a1 = madd(p0, high, a1)
    const p1 = v128.load32_splat(x, 4)
    b0 = madd(p1, low, b0)
    b1 = madd(p1, high, b1)
    const p2 = v128.load32_splat(x, 8)
    c0 = madd(p2, low, c0)
    c1 = madd(p2, high, c1)
    const p3 = v128.load32_splat(x, 12)
    d0 = madd(p3, low, d0)
    d1 = madd(p3, high, d1)
    x += vector
    w += 2 * vector
  }
  const t0 = load<usize>(targets)
  const t1 = load<usize>(targets, 4)
  const t2 = load<usize>(targets, 8)
  const t3 = load<usize>(targets, 12)
  put(t0 === 0 ? 0 : t0 + offset, spare, a0, a1, relu, outputs)
  put(t1 === 0 ? 0 : t1 + offset, spare, b0, b1, relu, outputs)
  put(t2 === 0 ? 0 : t2 + offset, spare, c0, c1, relu, outputs)
  put(t3 === 0 ? 0 : t3 + offset, spare, d0, d1, relu, outputs)
}

/**
 * output[place(p)] = Σ input[table(p, tap) + r] · weights[tap, r] over taps and r < inner, for the listed pixels of
 * every image; an offset below 0 stands for zeros. Forward convolutions and, with other tables, their input gradients.
 * Only tiles of four pixels from `firstTile` up to `endTile`.
 *
 * `scratch` holds 32 bytes to spare, inner zeros, then per tile of four pixels 16 bytes of targets and a panel of rows
 * × 16.
 */
export function convolve(
  input: usize,
  imageBytes: i32,
  table: usize,
  places: usize,
  pixels: i32,
  tapCount: i32,
  inner: i32,
  weights: usize,
  outer: i32,
  output: usize,
  outputImageBytes: i32,
  images: i32,
  bias: usize,
  relu: i32,
  tilesAtOnce: i32,
  firstTile: i32,
  endTile: i32,
  scratch: usize
): void {
  const rows = tapCount * inner
  const total = images * pixels
  const spare = scratch
  const zeros = scratch + 32
  memory.fill(zeros, 0, <usize> (inner << 2))
  const targets = zeros + <usize> (((inner << 2) + 15) & ~15)
  const panels = targets + <usize> (tilesAtOnce << 4)
  const panelBytes = <usize> (rows << 4)
  const blockBytes = <usize> (rows << 5)
  for (let start = firstTile; start < endTile; start += tilesAtOnce) {
    const count = min(tilesAtOnce, endTile - start)
    for (let t = 0; t < count; t++) {
      packTile(
        input,
        imageBytes,
        table,
        places,
        pixels,
        tapCount,
        inner,
        output,
        outputImageBytes,
        (start + t) << 2,
        total,
        zeros,
        panels + <usize> t * panelBytes,
        targets + (<usize> t << 4)
      )
    }
    let w = weights
    for (let first = 0; first < outer; first += block) {
      const outputs = outer - first
      v128.store(spare, f32x4.splat(0))
      v128.store(spare, f32x4.splat(0), vector)
      if (bias !== 0) memory.copy(spare, bias + (<usize> first << 2), <usize> (min(outputs, block) << 2))
      const biasLow = v128.load(spare)
      const biasHigh = v128.load(spare, vector)
      for (let t = 0; t < count; t++) {
        product(
          panels + <usize> t * panelBytes,
          w,
          rows,
          targets + (<usize> t << 4),
          <usize> first << 2,
          spare,
          biasLow,
          biasHigh,
          relu !== 0,
          outputs
        )
      }
      w += blockBytes
    }
  }
}

/**
 * filter[tap, r, o] = Σ input[table(p, tap) + r] · dy[p, o] over the pixels p of every image.
 *
 * `scratch` holds the sums [rows/4][outer/8][4][8], then panels of `atOnce` pixels: of the input, [rows/4][pixel][4],
 * and of dy, [outer/8][pixel][8]. Sums of a panel are added to the sums so far, which keeps rounding errors small. Only
 * rows of the filter in blocks of four from `firstBlock` up to `endBlock`, so that no sum depends on how many threads
 * there are.
 */
export function filterGradient(
  input: usize,
  imageBytes: i32,
  table: usize,
  pixels: i32,
  tapCount: i32,
  inner: i32,
  dy: usize,
  outer: i32,
  filter: usize,
  images: i32,
  atOnce: i32,
  firstBlock: i32,
  endBlock: i32,
  scratch: usize
): void {
  const rows = tapCount * inner
  const rowBlocks = endBlock - firstBlock
  const blocks = (outer + 7) >> 3
  const sums = scratch
  const sumBytes = <usize> (rowBlocks * blocks) << 7
  const left = sums + sumBytes
  const leftBytes = <usize> (rowBlocks * atOnce) << 4
  const right = left + leftBytes
  memory.fill(scratch, 0, sumBytes + leftBytes + (<usize> (blocks * atOnce) << 5))
  const total = images * pixels
  for (let start = 0; start < total; start += atOnce) {
    const count = min(atOnce, total - start)
    for (let i = 0; i < count; i++) {
      const index = start + i
      const image = index / pixels
      const offsets = table + <usize> ((index - image * pixels) * tapCount << 2)
      const from = input + <usize> (image * imageBytes)
      packRows(from, offsets, inner, firstBlock, endBlock, rows, left + (<usize> i << 4), atOnce)
      packOutputs(dy + <usize> (index * outer << 2), outer, right + (<usize> i << 5), atOnce)
    }
    let sum = sums
    for (let r = 0; r < rowBlocks; r++) {
      const x = left + (<usize> (r * atOnce) << 4)
      for (let o = 0; o < blocks; o++) {
        accumulate(x, right + (<usize> (o * atOnce) << 5), count, sum)
        sum += 128
      }
    }
  }
  for (let row = firstBlock << 2; row < min(endBlock << 2, rows); row++) {
    for (let o = 0; o < outer; o += block) {
      const sum = sums + (<usize> (((row >> 2) - firstBlock) * blocks + (o >> 3)) << 7) + (<usize> (row & 3) << 5)
      memory.copy(filter + (<usize> (row * outer + o) << 2), sum, <usize> (min(block, outer - o) << 2))
    }
  }
}

/** Blocks of four rows of one pixel, row tap·inner + r, into its column of a panel [rows/4][pixel][4]. */
function packRows(
  image: usize,
  offsets: usize,
  inner: i32,
  firstBlock: i32,
  endBlock: i32,
  rows: i32,
  column: usize,
  atOnce: i32
): void {
  const stride = <usize> atOnce << 4
  let to = column
  let j = (firstBlock << 2) / inner
  let r = (firstBlock << 2) - j * inner
  let offset = load<i32>(offsets + (<usize> j << 2))
  if ((inner & 3) === 0) {
    for (let b = firstBlock; b < endBlock; b++) {
      if (r === inner) {
        r = 0
        j++
        offset = load<i32>(offsets + (<usize> j << 2))
      }
      v128.store(to, offset < 0 ? f32x4.splat(0) : v128.load(image + <usize> offset + (<usize> r << 2)))
      to += stride
      r += 4
    }
    return
  }
  for (let row = firstBlock << 2; row < min(endBlock << 2, rows); row++) {
    if (r === inner) {
      r = 0
      j++
      offset = load<i32>(offsets + (<usize> j << 2))
    }
    store<f32>(to + (<usize> (row & 3) << 2), offset < 0 ? 0 : load<f32>(image + <usize> offset + (<usize> r << 2)))
    if ((row & 3) === 3) to += stride
    r++
  }
}

/** The outputs of one pixel, into its column of a panel [outer/8][pixel][8]. */
function packOutputs(from: usize, outer: i32, column: usize, atOnce: i32): void {
  const stride = <usize> atOnce << 5
  let to = column
  for (let o = 0; o < outer; o += block) {
    memory.copy(to, from + (<usize> o << 2), <usize> (min(block, outer - o) << 2))
    to += stride
  }
}

/** sum[4][8] += Σ x[pixel][4]ᵀ y[pixel][8]. */
function accumulate(x: usize, y: usize, count: i32, sum: usize): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let d0 = f32x4.splat(0)
  let d1 = f32x4.splat(0)
  let p = x
  let q = y
  for (let i = 0; i < count; i++) {
    const low = v128.load(q)
    const high = v128.load(q, vector)
    const r0 = v128.load32_splat(p)
    a0 = madd(r0, low, a0)
    a1 = madd(r0, high, a1)
    const r1 = v128.load32_splat(p, 4)
    b0 = madd(r1, low, b0)
    b1 = madd(r1, high, b1)
    const r2 = v128.load32_splat(p, 8)
    c0 = madd(r2, low, c0)
    c1 = madd(r2, high, c1)
    const r3 = v128.load32_splat(p, 12)
    d0 = madd(r3, low, d0)
    d1 = madd(r3, high, d1)
    p += vector
    q += 2 * vector
  }
  v128.store(sum, v128.add<f32>(v128.load(sum), a0))
  v128.store(sum, v128.add<f32>(v128.load(sum, 16), a1), 16)
  v128.store(sum, v128.add<f32>(v128.load(sum, 32), b0), 32)
  v128.store(sum, v128.add<f32>(v128.load(sum, 48), b1), 48)
  v128.store(sum, v128.add<f32>(v128.load(sum, 64), c0), 64)
  v128.store(sum, v128.add<f32>(v128.load(sum, 80), c1), 80)
  v128.store(sum, v128.add<f32>(v128.load(sum, 96), d0), 96)
  v128.store(sum, v128.add<f32>(v128.load(sum, 112), d1), 112)
}
