// 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3): a tile of 4×4 outputs costs 36 products where it costs 144
// directly.
//
// Output Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A of a 6×6 tile d and a filter g, by evaluating polynomials at 0, ±a, ±b and ∞. The
// usual points 0, ±1, ±2 lose twice as many digits as a = 3/4 and b = 3/2, which float32 holds exactly. The filter's
// gradient is the adjoint in g: Gᵀ[Σ (Bᵀ d B) ⊙ (A dY Aᵀ)]G over all tiles.
//
// Tensors are NHWC and HWIO, their channels a multiple of four: a vector holds four channels. Point 6i + j of the 36 is
// row i, column j of a transformed tile. A row of tiles, a strip, is transformed as a whole: first down the rows of the
// image, which are contiguous numbers, then along each tile.

import { block, points, tileScratch, vector } from "./contract"
import { four } from "./lanes"
import { atLeast, madd } from "./vectors"

const a: f32 = 0.75
const b: f32 = 1.5
/** a², b², a³ and b³. */
const a2: f32 = 0.5625
const b2: f32 = 2.25
const a3: f32 = 0.421875
const b3: f32 = 3.375
/** M(x) = x(x² − a²)(x² − b²) = x⁵ − m₃x³ + m₁x. */
const m1: f32 = 1.265625
const m3: f32 = 2.8125
/** 1/M′ at 0, ±a and ±b. */
const r0: f32 = 1 / 1.265625
const ra: f32 = -1 / 1.8984375
const rb: f32 = 1 / 7.59375

const line = 96 // six vectors

/** @inline */
function splat(x: f32): v128 {
  return f32x4.splat(x)
}

/** @inline */
function add(x: v128, y: v128): v128 {
  return v128.add<f32>(x, y)
}

/** @inline */
function sub(x: v128, y: v128): v128 {
  return v128.sub<f32>(x, y)
}

/** @inline */
function mul(x: v128, y: f32): v128 {
  return v128.mul<f32>(x, splat(y))
}

/**
 * z + x·y
 *
 * @inline
 */
function plus(z: v128, x: v128, y: f32): v128 {
  return madd(x, splat(y), z)
}

/**
 * Bᵀ: six values to six.
 *
 * @inline
 */
function ofInput(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, to: usize, step: usize): void {
  v128.store(to, plus(plus(d4, d2, -m3), d0, m1))
  v128.store(to + 5 * step, plus(plus(d5, d3, -m3), d1, m1))
  const evenA = plus(d4, d2, -b2)
  const oddA = mul(plus(d3, d1, -b2), a)
  v128.store(to + step, add(evenA, oddA))
  v128.store(to + 2 * step, sub(evenA, oddA))
  const evenB = plus(d4, d2, -a2)
  const oddB = mul(plus(d3, d1, -a2), b)
  v128.store(to + 3 * step, add(evenB, oddB))
  v128.store(to + 4 * step, sub(evenB, oddB))
}

/**
 * A: four values to six.
 *
 * @inline
 */
function ofGradient(y0: v128, y1: v128, y2: v128, y3: v128, to: usize, step: usize): void {
  v128.store(to, y0)
  const evenA = plus(y0, y2, a2)
  const oddA = plus(mul(y1, a), y3, a3)
  v128.store(to + step, add(evenA, oddA))
  v128.store(to + 2 * step, sub(evenA, oddA))
  const evenB = plus(y0, y2, b2)
  const oddB = plus(mul(y1, b), y3, b3)
  v128.store(to + 3 * step, add(evenB, oddB))
  v128.store(to + 4 * step, sub(evenB, oddB))
  v128.store(to + 5 * step, y3)
}

/**
 * Aᵀ: six values, `step` bytes apart, to four.
 *
 * @inline
 */
function toOutput(from: usize, step: usize, to0: usize, to1: usize, to2: usize, to3: usize): void {
  const x1 = v128.load(from + step)
  const x2 = v128.load(from + 2 * step)
  const x3 = v128.load(from + 3 * step)
  const x4 = v128.load(from + 4 * step)
  const evenA = add(x1, x2)
  const oddA = sub(x1, x2)
  const evenB = add(x3, x4)
  const oddB = sub(x3, x4)
  v128.store(to0, add(add(v128.load(from), evenA), evenB))
  v128.store(to1, plus(mul(oddA, a), oddB, b))
  v128.store(to2, plus(mul(evenA, a2), evenB, b2))
  v128.store(to3, plus(plus(v128.load(from + 5 * step), oddA, a3), oddB, b3))
}

/**
 * G: three values to six.
 *
 * @inline
 */
function ofFilter(from: usize, step: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from)
  const g1 = v128.load(from + step)
  const g2 = v128.load(from + 2 * step)
  v128.store(to, mul(g0, r0))
  const evenA = plus(mul(g0, ra), g2, a2 * ra)
  const oddA = mul(g1, a * ra)
  v128.store(to + toStep, add(evenA, oddA))
  v128.store(to + 2 * toStep, sub(evenA, oddA))
  const evenB = plus(mul(g0, rb), g2, b2 * rb)
  const oddB = mul(g1, b * rb)
  v128.store(to + 3 * toStep, add(evenB, oddB))
  v128.store(to + 4 * toStep, sub(evenB, oddB))
  v128.store(to + 5 * toStep, g2)
}

/**
 * Gᵀ: six values to three.
 *
 * @inline
 */
function toFilter(from: usize, step: usize, to: usize, toStep: usize): void {
  const x1 = v128.load(from + step)
  const x2 = v128.load(from + 2 * step)
  const x3 = v128.load(from + 3 * step)
  const x4 = v128.load(from + 4 * step)
  const evenA = add(x1, x2)
  const evenB = add(x3, x4)
  v128.store(to, plus(plus(mul(v128.load(from), r0), evenA, ra), evenB, rb))
  v128.store(to + toStep, plus(mul(sub(x1, x2), a * ra), sub(x3, x4), b * rb))
  v128.store(to + 2 * toStep, plus(plus(v128.load(from + 5 * step), evenA, a2 * ra), evenB, b2 * rb))
}

/**
 * Row y of an image of so many rows, or zeros.
 *
 * @inline
 */
function rowAt(image: usize, y: i32, height: i32, bytes: usize, zeros: usize): usize {
  return y >= 0 && y < height ? image + <usize> y * bytes : zeros
}

/**
 * Rows of a strip from its column `left` on, down Bᵀ from six rows of an image: [row][column][channel], rows
 * `stripBytes` apart.
 */
function inputDown(
  image: usize,
  height: i32,
  y: i32,
  from: usize,
  bytes: usize,
  rowBytes: usize,
  zeros: usize,
  strip: usize,
  stripBytes: usize
): void {
  const r0 = rowAt(image, y, height, rowBytes, zeros) + from
  const r1 = rowAt(image, y + 1, height, rowBytes, zeros) + from
  const r2 = rowAt(image, y + 2, height, rowBytes, zeros) + from
  const r3 = rowAt(image, y + 3, height, rowBytes, zeros) + from
  const r4 = rowAt(image, y + 4, height, rowBytes, zeros) + from
  const r5 = rowAt(image, y + 5, height, rowBytes, zeros) + from
  for (let x: usize = 0; x < bytes; x += vector) {
    ofInput(
      v128.load(r0 + x),
      v128.load(r1 + x),
      v128.load(r2 + x),
      v128.load(r3 + x),
      v128.load(r4 + x),
      v128.load(r5 + x),
      strip + x,
      stripBytes
    )
  }
}

/** Bᵀ along the tiles of a strip, to [point][tile][channel], points `pointBytes` apart. */
function inputAlong(strip: usize, stripBytes: usize, across: i32, pixel: usize, to: usize, pointBytes: usize): void {
  for (let i = 0; i < 6; i++) {
    let from = strip + <usize> i * stripBytes
    let at = to + <usize> (6 * i) * pointBytes
    for (let t = 0; t < across; t++) {
      for (let c: usize = 0; c < pixel; c += vector) {
        ofInput(
          v128.load(from),
          v128.load(from + pixel),
          v128.load(from + 2 * pixel),
          v128.load(from + 3 * pixel),
          v128.load(from + 4 * pixel),
          v128.load(from + 5 * pixel),
          at,
          pointBytes
        )
        from += vector
        at += vector
      }
      from += 3 * pixel
    }
  }
}

/**
 * A strip of inputs transformed: tiles of 6×6 pixels, four apart, from (y, −left) on. The strip has room for six rows
 * of 4·across + 2 columns; what lies outside of the image is 0.
 */
function inputStrip(
  image: usize,
  height: i32,
  width: i32,
  pixel: usize,
  y: i32,
  left: i32,
  across: i32,
  to: usize,
  pointBytes: usize,
  zeros: usize,
  strip: usize
): void {
  const columns = 4 * across + 2
  const stripBytes = stripRow(columns, pixel)
  const begin = max(0, left)
  const end = max(begin, min(columns, left + width))
  inputDown(
    image,
    height,
    y,
    <usize> (begin - left) * pixel,
    <usize> (end - begin) * pixel,
    <usize> width * pixel,
    zeros,
    strip + <usize> begin * pixel,
    stripBytes
  )
  clearBeside(strip, stripBytes, columns, begin, end, pixel)
  inputAlong(strip, stripBytes, across, pixel, to, pointBytes)
}

/** Zeros in the columns of a strip's six rows before `begin` and from `end` on. */
function clearBeside(strip: usize, stripBytes: usize, columns: i32, begin: i32, end: i32, pixel: usize): void {
  for (let i = 0; i < 6; i++) {
    const row = strip + <usize> i * stripBytes
    for (let x: usize = 0; x < <usize> begin * pixel; x += vector) v128.store(row + x, splat(0))
    for (let x = <usize> end * pixel; x < <usize> columns * pixel; x += vector) v128.store(row + x, splat(0))
  }
}

/** A strip of gradients transformed: tiles of 4×4 pixels from row y on; what lies outside of the image is 0. */
function gradientStrip(
  image: usize,
  height: i32,
  width: i32,
  pixel: usize,
  y: i32,
  across: i32,
  to: usize,
  tileBytes: usize,
  pointBytes: usize,
  zeros: usize,
  strip: usize
): void {
  const rowBytes = <usize> width * pixel
  const stripBytes = stripRow(4 * across + 2, pixel)
  const r0 = rowAt(image, y, height, rowBytes, zeros)
  const r1 = rowAt(image, y + 1, height, rowBytes, zeros)
  const r2 = rowAt(image, y + 2, height, rowBytes, zeros)
  const r3 = rowAt(image, y + 3, height, rowBytes, zeros)
  for (let x: usize = 0; x < rowBytes; x += vector) {
    ofGradient(v128.load(r0 + x), v128.load(r1 + x), v128.load(r2 + x), v128.load(r3 + x), strip + x, stripBytes)
  }
  clearBeside(strip, stripBytes, 4 * across, 0, width, pixel)
  for (let i = 0; i < 6; i++) {
    let from = strip + <usize> i * stripBytes
    for (let t = 0; t < across; t++) {
      const at = to + <usize> (6 * i) * pointBytes + <usize> t * tileBytes
      for (let c: usize = 0; c < pixel; c += vector) {
        ofGradient(
          v128.load(from),
          v128.load(from + pixel),
          v128.load(from + 2 * pixel),
          v128.load(from + 3 * pixel),
          at + c,
          pointBytes
        )
        from += vector
      }
      from += 3 * pixel
    }
  }
}

/** A strip of products [point][tile][channel] back to outputs: rows from y on of an image, as far as it goes. */
function outputStrip(
  from: usize,
  tileBytes: usize,
  pointBytes: usize,
  across: i32,
  image: usize,
  height: i32,
  width: i32,
  pixel: usize,
  y: i32,
  strip: usize
): void {
  const rowBytes = <usize> width * pixel
  const stripBytes = stripRow(4 * across + 2, pixel)
  for (let i = 0; i < 6; i++) {
    let to = strip + <usize> i * stripBytes
    for (let t = 0; t < across; t++) {
      const at = from + <usize> (6 * i) * pointBytes + <usize> t * tileBytes
      for (let c: usize = 0; c < pixel; c += vector) {
        toOutput(at + c, pointBytes, to, to + pixel, to + 2 * pixel, to + 3 * pixel)
        to += vector
      }
      to += 3 * pixel
    }
  }
  // Rows beyond the image go where the strip's own rows lay.
  const r0 = image + <usize> y * rowBytes
  const r1 = rowAt(image, y + 1, height, rowBytes, strip + stripBytes)
  const r2 = rowAt(image, y + 2, height, rowBytes, strip + 2 * stripBytes)
  const r3 = rowAt(image, y + 3, height, rowBytes, strip + 3 * stripBytes)
  for (let x: usize = 0; x < rowBytes; x += vector) toOutput(strip + x, stripBytes, r0 + x, r1 + x, r2 + x, r3 + x)
}

/** A bias of every channel and the rectifier on finished rows. */
function finish(rows: usize, pixels: i32, pixel: usize, bias: usize, relu: bool): void {
  const floor = splat(relu ? 0 : -Infinity)
  let at = rows
  for (let p = 0; p < pixels; p++) {
    for (let c: usize = 0; c < pixel; c += vector) {
      const shift = bias === 0 ? splat(0) : v128.load(bias + c)
      v128.store(at, atLeast(add(v128.load(at), shift), floor))
      at += vector
    }
  }
}

/**
 * The transformed filters in blocks of 8 outputs, [point][block][inner][8], with zeros beyond the last output. The
 * filter is [tap][inner][outer] or, for the gradient of the input, turned by 180° and [tap][outer][inner]. Only inputs
 * from `first` up to `end`. `scratch` holds 1024 bytes.
 */
export function winogradWeights(
  filter: usize,
  packed: usize,
  inner: i32,
  outer: i32,
  turned: i32,
  first: i32,
  end: i32,
  scratch: usize
): void {
  const blocks = (outer + 7) >> 3
  const pointBytes = <usize> (blocks * inner) << 5
  const taps = scratch + 6 * line
  for (let r = first; r < end; r++) {
    for (let o = 0; o < blocks << 3; o += 4) {
      const to = packed + <usize> (((o >> 3) * inner + r) * block + (o & 7) << 2)
      if (o >= outer) {
        for (let p = 0; p < points; p++) v128.store(to + <usize> p * pointBytes, splat(0))
        continue
      }
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) {
          const tap = turned !== 0 ? 8 - 3 * i - j : 3 * i + j
          const at = filter + <usize> (tap * inner * outer + (turned !== 0 ? o * inner + r : r * outer + o) << 2)
          const next = <usize> inner << 2
          v128.store(
            taps + <usize> (j << 4),
            turned !== 0 ? four(at, at + next, at + 2 * next, at + 3 * next) : v128.load(at)
          )
        }
        ofFilter(taps, vector, scratch + <usize> (i * line), vector)
      }
      for (let j = 0; j < 6; j++) {
        ofFilter(scratch + <usize> (j << 4), line, to + <usize> j * pointBytes, 6 * pointBytes)
      }
    }
  }
}

/** Four tiles times eight outputs at one point, over all inputs. */
function multiply(x: usize, xBytes: usize, weights: usize, inner: i32, to: usize, toBytes: usize): void {
  let a0 = splat(0)
  let a1 = splat(0)
  let b0 = splat(0)
  let b1 = splat(0)
  let c0 = splat(0)
  let c1 = splat(0)
  let d0 = splat(0)
  let d1 = splat(0)
  let p = x
  let q = x + xBytes
  let r = x + 2 * xBytes
  let s = x + 3 * xBytes
  let w = weights
  for (let i = 0; i < inner; i++) {
    const low = v128.load(w)
    const high = v128.load(w, vector)
    const pp = v128.load32_splat(p)
    a0 = madd(pp, low, a0)
    a1 = madd(pp, high, a1)
    const qq = v128.load32_splat(q)
    b0 = madd(qq, low, b0)
    b1 = madd(qq, high, b1)
    const rr = v128.load32_splat(r)
    c0 = madd(rr, low, c0)
    c1 = madd(rr, high, c1)
    const ss = v128.load32_splat(s)
    d0 = madd(ss, low, d0)
    d1 = madd(ss, high, d1)
    p += 4
    q += 4
    r += 4
    s += 4
    w += 2 * vector
  }
  v128.store(to, a0)
  v128.store(to, a1, vector)
  v128.store(to + toBytes, b0)
  v128.store(to + toBytes, b1, vector)
  v128.store(to + 2 * toBytes, c0)
  v128.store(to + 2 * toBytes, c1, vector)
  v128.store(to + 3 * toBytes, d0)
  v128.store(to + 3 * toBytes, d1, vector)
}

/**
 * Bytes between the points of so many tiles: a line of a cache more than they need, for powers of two share its sets.
 *
 * @inline
 */
function between(tiles: i32, channels: i32): usize {
  return (<usize> (tiles * channels) << 2) + 64
}

/**
 * Bytes between the rows of a strip, likewise.
 *
 * @inline
 */
function stripRow(columns: i32, pixel: usize): usize {
  return <usize> columns * pixel + 64
}

/**
 * output[y, x] = Σ input[y − top + i, x − left + j]·filter[i, j], plus a bias, rectified if so asked, for the strips of
 * four rows from `first` up to `end` of those of all images.
 *
 * `scratch` holds a row of zeros of the input, a strip of six rows, and of `atOnce` strips the transformed inputs and
 * outputs, [point][tile][channel], with room for `tiles` tiles, a multiple of four.
 */
export function winograd(
  input: usize,
  inHeight: i32,
  inWidth: i32,
  inner: i32,
  top: i32,
  left: i32,
  weights: usize,
  output: usize,
  outHeight: i32,
  outWidth: i32,
  outer: i32,
  bias: usize,
  relu: i32,
  atOnce: i32,
  tiles: i32,
  first: i32,
  end: i32,
  scratch: usize
): void {
  const across = (outWidth + 3) >> 2
  const down = (outHeight + 3) >> 2
  const blocks = (outer + 7) >> 3
  const inPixel = <usize> inner << 2
  const outPixel = <usize> outer << 2
  const rowBytes = <usize> blocks << 5
  const inBytes = between(tiles, inner)
  const outBytes = between(tiles, blocks << 3)
  const strip = scratch + <usize> inWidth * inPixel
  const transformed = strip + 6 * stripRow(4 * across + 2, max(inPixel, outPixel))
  const products = transformed + points * inBytes
  const weightBytes = <usize> inner << 5
  memory.fill(scratch, 0, <usize> inWidth * inPixel)
  for (let start = first; start < end; start += atOnce) {
    const count = min(atOnce, end - start)
    for (let s = 0; s < count; s++) {
      const image = (start + s) / down
      inputStrip(
        input + <usize> (image * inHeight * inWidth) * inPixel,
        inHeight,
        inWidth,
        inPixel,
        ((start + s - image * down) << 2) - top,
        left,
        across,
        transformed + <usize> (s * across) * inPixel,
        inBytes,
        scratch,
        strip
      )
    }
    let w = weights
    for (let p = 0; p < points; p++) {
      for (let o = 0; o < blocks; o++) {
        for (let t = 0; t < count * across; t += 4) {
          multiply(
            transformed + <usize> p * inBytes + <usize> t * inPixel,
            inPixel,
            w,
            inner,
            products + <usize> p * outBytes + <usize> t * rowBytes + (<usize> o << 5),
            rowBytes
          )
        }
        w += weightBytes
      }
    }
    for (let s = 0; s < count; s++) {
      const image = (start + s) / down
      const y = (start + s - image * down) << 2
      const to = output + <usize> (image * outHeight * outWidth) * outPixel
      const from = products + <usize> (s * across) * rowBytes
      outputStrip(from, rowBytes, outBytes, across, to, outHeight, outWidth, outPixel, y, strip)
      if (bias !== 0 || relu !== 0) {
        const rows = to + <usize> (y * outWidth) * outPixel
        finish(rows, min(4, outHeight - y) * outWidth, outPixel, bias, relu !== 0)
      }
    }
  }
}

/** sum[4][8] += Σ x[tile][4]ᵀ y[tile][8]. */
function accumulate(x: usize, xBytes: usize, y: usize, yBytes: usize, count: i32, sum: usize): void {
  let a0 = splat(0)
  let a1 = splat(0)
  let b0 = splat(0)
  let b1 = splat(0)
  let c0 = splat(0)
  let c1 = splat(0)
  let d0 = splat(0)
  let d1 = splat(0)
  let p = x
  let q = y
  for (let i = 0; i < count; i++) {
    const low = v128.load(q)
    const high = v128.load(q, vector)
    const x0 = v128.load32_splat(p)
    a0 = madd(x0, low, a0)
    a1 = madd(x0, high, a1)
    const x1 = v128.load32_splat(p, 4)
    b0 = madd(x1, low, b0)
    b1 = madd(x1, high, b1)
    const x2 = v128.load32_splat(p, 8)
    c0 = madd(x2, low, c0)
    c1 = madd(x2, high, c1)
    const x3 = v128.load32_splat(p, 12)
    d0 = madd(x3, low, d0)
    d1 = madd(x3, high, d1)
    p += xBytes
    q += yBytes
  }
  v128.store(sum, add(v128.load(sum), a0))
  v128.store(sum, add(v128.load(sum, 16), a1), 16)
  v128.store(sum, add(v128.load(sum, 32), b0), 32)
  v128.store(sum, add(v128.load(sum, 48), b1), 48)
  v128.store(sum, add(v128.load(sum, 64), c0), 64)
  v128.store(sum, add(v128.load(sum, 80), c1), 80)
  v128.store(sum, add(v128.load(sum, 96), d0), 96)
  v128.store(sum, add(v128.load(sum, 112), d1), 112)
}

/**
 * Σ (Bᵀ d B) ⊙ (A dY Aᵀ) over the strips of four rows of each part, parts of `partStrips` from `first` up to `end`, to
 * sums [part][point][inner/4][outer/8][4][8]. How many parts there are does not depend on how many threads work on
 * them, so neither does any sum.
 *
 * `scratch` holds a row of zeros of the input or output, a strip of six rows, and of `atOnce` strips the transformed
 * inputs and gradients, [point][tile][channel], with room for `tiles` tiles.
 */
export function winogradSums(
  input: usize,
  inHeight: i32,
  inWidth: i32,
  inner: i32,
  top: i32,
  left: i32,
  dy: usize,
  outHeight: i32,
  outWidth: i32,
  outer: i32,
  strips: i32,
  sums: usize,
  atOnce: i32,
  tiles: i32,
  partStrips: i32,
  first: i32,
  end: i32,
  scratch: usize
): void {
  const across = (outWidth + 3) >> 2
  const down = (outHeight + 3) >> 2
  const blocks = (outer + 7) >> 3
  const inPixel = <usize> inner << 2
  const outPixel = <usize> outer << 2
  const rowBytes = <usize> blocks << 5
  const inBytes = between(tiles, inner)
  const outBytes = between(tiles, blocks << 3)
  const zeroBytes = max(<usize> inWidth * inPixel, <usize> outWidth * outPixel)
  const strip = scratch + zeroBytes
  const inputs = strip + 6 * stripRow(4 * across + 2, max(inPixel, outPixel))
  const gradients = inputs + points * inBytes
  const partBytes = <usize> (points * (inner >> 2) * blocks) << 7
  memory.fill(scratch, 0, zeroBytes)
  // Channels of the last block that are none stay 0.
  memory.fill(gradients, 0, points * outBytes)
  for (let part = first; part < end; part++) {
    const own = sums + <usize> part * partBytes
    memory.fill(own, 0, partBytes)
    const last = min(strips, (part + 1) * partStrips)
    for (let start = part * partStrips; start < last; start += atOnce) {
      const count = min(atOnce, last - start)
      for (let s = 0; s < count; s++) {
        const image = (start + s) / down
        const y = (start + s - image * down) << 2
        inputStrip(
          input + <usize> (image * inHeight * inWidth) * inPixel,
          inHeight,
          inWidth,
          inPixel,
          y - top,
          left,
          across,
          inputs + <usize> (s * across) * inPixel,
          inBytes,
          scratch,
          strip
        )
        gradientStrip(
          dy + <usize> (image * outHeight * outWidth) * outPixel,
          outHeight,
          outWidth,
          outPixel,
          y,
          across,
          gradients + <usize> (s * across) * rowBytes,
          rowBytes,
          outBytes,
          scratch,
          strip
        )
      }
      let sum = own
      for (let p = 0; p < points; p++) {
        for (let c: usize = 0; c < inPixel; c += vector) {
          for (let o = 0; o < blocks; o++) {
            accumulate(
              inputs + <usize> p * inBytes + c,
              inPixel,
              gradients + <usize> p * outBytes + (<usize> o << 5),
              rowBytes,
              count * across,
              sum
            )
            sum += 128
          }
        }
      }
    }
  }
}

/**
 * Gᵀ(Σ sums)G over all parts: rows of inputs from `first` up to `end` of the filter's gradient. `scratch` holds 1024
 * bytes.
 */
export function winogradFilter(
  sums: usize,
  parts: i32,
  inner: i32,
  outer: i32,
  filter: usize,
  first: i32,
  end: i32,
  scratch: usize
): void {
  const blocks = (outer + 7) >> 3
  const pointBytes = <usize> ((inner >> 2) * blocks) << 7
  const spare = scratch + 6 * line
  for (let r = first; r < end; r++) {
    for (let o = 0; o < outer; o += 4) {
      const at = sums + (<usize> ((r >> 2) * blocks + (o >> 3)) << 7) + <usize> ((r & 3) << 5) + <usize> ((o & 7) << 2)
      for (let p = 0; p < points; p++) {
        let from = at + <usize> p * pointBytes
        let sum = v128.load(from)
        for (let part = 1; part < parts; part++) {
          from += points * pointBytes
          sum = add(sum, v128.load(from))
        }
        v128.store(scratch + <usize> (p << 4), sum)
      }
      for (let j = 0; j < 6; j++) {
        const column = scratch + <usize> (j << 4)
        toFilter(column, line, column, line)
      }
      for (let i = 0; i < 3; i++) {
        toFilter(scratch + <usize> (i * line), vector, spare, vector)
        for (let j = 0; j < 3; j++) {
          v128.store(
            filter + <usize> (((3 * i + j) * inner + r) * outer + o << 2),
            v128.load(spare + <usize> (j << 4))
          )
        }
      }
    }
  }
}
