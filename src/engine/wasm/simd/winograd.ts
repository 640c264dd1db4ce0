/** 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3) (Lavin and Gray 2016). */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import { sizes } from "../../contracts/kernels.ts"
import { pointer } from "./functions.ts"
import type { Simd } from "./module.ts"
import type { ConvolutionGeometry } from "./plan.ts"

/** A correlation of stride 1 with 3×3 taps: output (y, x) sees the input from (y − top, x − left) on. */
export interface Correlation {
  readonly images: number
  readonly inHeight: number
  readonly inWidth: number
  readonly inner: number
  readonly top: number
  readonly left: number
  readonly outHeight: number
  readonly outWidth: number
  readonly outer: number
}

/** The convolution as a correlation of its input. */
export const forwardCorrelation = (g: ConvolutionGeometry): Correlation => ({
  images: g.batchSize,
  inHeight: g.inHeight,
  inWidth: g.inWidth,
  inner: g.inChannels,
  top: g.padInfo.top,
  left: g.padInfo.left,
  outHeight: g.outHeight,
  outWidth: g.outWidth,
  outer: g.outChannels
})

/** The gradient of its input as a correlation of dy with the filter turned by 180°. */
export const backwardCorrelation = (g: ConvolutionGeometry): Correlation => ({
  images: g.batchSize,
  inHeight: g.outHeight,
  inWidth: g.outWidth,
  inner: g.outChannels,
  top: 2 - g.padInfo.top,
  left: 2 - g.padInfo.left,
  outHeight: g.inHeight,
  outWidth: g.inWidth,
  outer: g.inChannels
})

const { block, points, tileScratch } = sizes
const tilesOf = (length: number) => Math.ceil(length / 4)
const tilesPerImage = ({ outHeight, outWidth }: Correlation) => tilesOf(outHeight) * tilesOf(outWidth)

/** Below so many channels the transformations cost what the products save. */
const fewestChannels = 8

/**
 * Whether tiles of 4×4 outputs serve a convolution: 3×3 taps of stride 1, channels in whole vectors, and tiles that
 * reach so little over the edges that at most half of the products remain.
 */
export const suits = (g: ConvolutionGeometry): boolean =>
  g.filterHeight === 3 && g.filterWidth === 3 &&
  [g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth].every((step) => step === 1) &&
  [g.inChannels, g.outChannels].every((channels) => channels % 4 === 0 && channels >= fewestChannels) &&
  [forwardCorrelation(g), backwardCorrelation(g)].every((c) =>
    2 * points * tilesPerImage(c) <= 9 * c.outHeight * c.outWidth
  )

/**
 * Bytes of the transformed tiles that are worked on at once: they stay in the second cache. Of filters that do not,
 * each is gone through once for as many tiles as take the same room.
 */
const tileBytes = 256 * 1024

/** Rows of buffers lie a line of a cache apart from one another. */
const gap = 64
const aligned = (bytes: number) => Math.ceil(bytes / gap) * gap
const blocksOf = (outer: number) => Math.ceil(outer / block)
const weightBytesOf = ({ inner, outer }: Correlation) => 4 * points * inner * block * blocksOf(outer)

/** How many of so many strips to work on at once, the tiles in them, and the bytes that a thread needs. */
const room = (c: Correlation, strips: number) => {
  const across = tilesOf(c.outWidth)
  const perTile = 4 * points * (c.inner + block * blocksOf(c.outer))
  const bytes = Math.max(tileBytes, weightBytesOf(c))
  const atOnce = Math.max(1, Math.min(Math.floor(bytes / (perTile * across)), strips))
  const tiles = 4 * Math.ceil(atOnce * across / 4)
  const zeros = 4 * Math.max(c.inWidth * c.inner, c.outWidth * c.outer)
  const strip = 6 * (4 * (4 * across + 2) * Math.max(c.inner, c.outer) + gap)
  return {
    atOnce,
    tiles,
    ownBytes: aligned(Math.max(zeros + strip + tiles * perTile + 2 * points * gap, tileScratch))
  }
}

/** The tensors of a convolution or of the gradient of its input. */
export interface Sides {
  readonly from: tf.TensorInfo
  readonly filter: tf.TensorInfo
  readonly to: tf.TensorInfo
  readonly bias?: tf.TensorInfo | undefined
  readonly relu?: boolean
  /** The filter is [tap][outer][inner]. */
  readonly transposed: boolean
}

/** A correlation into `to`; a transposed filter, that of a gradient of the input, is turned by 180°. */
export const correlate = (simd: Simd, backend: BackendWasm, c: Correlation, sides: Sides): tf.TensorInfo => {
  const at = (info: tf.TensorInfo) => pointer(backend, info)
  const strips = c.images * tilesOf(c.outHeight)
  const { atOnce, ownBytes, tiles } = room(c, Math.ceil(strips / simd.threads))
  const weightBytes = weightBytesOf(c)
  const weights = simd.scratch(weightBytes + simd.threads * ownBytes)
  const own = { at: weights + weightBytes, bytes: ownBytes }
  simd.shareWithRoom("winogradWeights", own, c.inner, (begin, end) => [
    at(sides.filter),
    weights,
    c.inner,
    c.outer,
    sides.transposed ? 1 : 0,
    begin,
    end
  ], { grain: 16 })
  simd.shareWithRoom("winograd", own, strips, (begin, end) => [
    at(sides.from),
    c.inHeight,
    c.inWidth,
    c.inner,
    c.top,
    c.left,
    weights,
    at(sides.to),
    c.outHeight,
    c.outWidth,
    c.outer,
    sides.bias === undefined ? 0 : at(sides.bias),
    sides.relu === true ? 1 : 0,
    atOnce,
    tiles,
    begin,
    end
  ])
  return sides.to
}

/** Strips are summed in parts, for threads to share: up to eight within so many bytes, two of large filters. */
const partsBytes = 64 * 1024 * 1024
const [fewestParts, mostParts] = [2, 8]
const fewestTiles = 16

/** The gradient of the filter, into `to`. */
export const filterGradient = (
  simd: Simd,
  backend: BackendWasm,
  c: Correlation,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  to: tf.TensorInfo
): tf.TensorInfo => {
  const at = (info: tf.TensorInfo) => pointer(backend, info)
  const strips = c.images * tilesOf(c.outHeight)
  const bytes = weightBytesOf(c)
  const affordable = Math.max(fewestParts, Math.floor(partsBytes / bytes))
  const useful = Math.floor(strips * tilesOf(c.outWidth) / fewestTiles)
  const partStrips = Math.ceil(strips / Math.max(1, Math.min(mostParts, affordable, useful)))
  const parts = Math.ceil(strips / partStrips)
  const { atOnce, ownBytes, tiles } = room(c, partStrips)
  const sums = simd.scratch(parts * bytes + simd.threads * ownBytes)
  const own = { at: sums + parts * bytes, bytes: ownBytes }
  simd.shareWithRoom("winogradSums", own, parts, (begin, end) => [
    at(x),
    c.inHeight,
    c.inWidth,
    c.inner,
    c.top,
    c.left,
    at(dy),
    c.outHeight,
    c.outWidth,
    c.outer,
    strips,
    sums,
    atOnce,
    tiles,
    partStrips,
    begin,
    end
  ])
  simd.shareWithRoom("winogradFilter", own, c.inner, (begin, end) => [
    sums,
    parts,
    c.inner,
    c.outer,
    at(to),
    begin,
    end
  ])
  return to
}
