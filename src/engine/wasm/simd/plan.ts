/** Convolutions as plans: which taps every pixel sees, and where the kernels read and write. */
import type { backend_util } from "@tensorflow/tfjs-core"

/** The geometry of a convolution. */
export type ConvolutionGeometry = backend_util.Conv2DInfo

/** Pixels that see the same taps. */
export interface Phase {
  /** Taps of the filter, as row · width + column. */
  readonly taps: Int32Array
  /** Per pixel and tap the byte offset of what is read, −1 for padding. */
  readonly table: Int32Array
  /** Per pixel the byte offset of what is written. */
  readonly places: Int32Array
}

const bytes = 4

/** What a forward convolution reads for every pixel of its output, and where it writes it. */
export const forwardPhase = (g: ConvolutionGeometry): Phase => {
  const taps = Int32Array.from({ length: g.filterHeight * g.filterWidth }, (_, j) => j)
  const pixels = g.outHeight * g.outWidth
  const table = new Int32Array(pixels * taps.length)
  for (let p = 0; p < pixels; p++) {
    const top = Math.floor(p / g.outWidth) * g.strideHeight - g.padInfo.top
    const left = (p % g.outWidth) * g.strideWidth - g.padInfo.left
    for (const j of taps) {
      const y = top + Math.floor(j / g.filterWidth) * g.dilationHeight
      const x = left + (j % g.filterWidth) * g.dilationWidth
      const inside = y >= 0 && y < g.inHeight && x >= 0 && x < g.inWidth
      table[p * taps.length + j] = inside ? (y * g.inWidth + x) * g.inChannels * bytes : -1
    }
  }
  return { taps, table, places: Int32Array.from({ length: pixels }, (_, p) => p * g.outChannels * bytes) }
}

/** A line of the input, row or column, seen from one tap: the line of dy that it comes from, −1 for none or outside. */
const source = (at: number, tap: number, pad: number, stride: number, dilation: number, length: number): number => {
  const shifted = at + pad - tap * dilation
  const line = shifted / stride
  return shifted >= 0 && Number.isInteger(line) && line < length ? line : -1
}

/** Whether lines of one residue modulo the stride meet a tap at all. */
const meets = (residue: number, tap: number, stride: number, dilation: number) =>
  (((residue - tap * dilation) % stride) + stride) % stride === 0

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

/**
 * The gradient with respect to the input: pixels of equal residue modulo the stride see the same taps, so that a stride
 * wastes nothing.
 */
export const backwardPhases = (g: ConvolutionGeometry): ReadonlyArray<Phase> =>
  range(g.strideHeight).flatMap((rowResidue) =>
    range(g.strideWidth).map((columnResidue): Phase => {
      const rows = range(g.inHeight).filter((y) => (y + g.padInfo.top) % g.strideHeight === rowResidue)
      const columns = range(g.inWidth).filter((x) => (x + g.padInfo.left) % g.strideWidth === columnResidue)
      const taps = range(g.filterHeight * g.filterWidth).filter((j) =>
        meets(rowResidue, Math.floor(j / g.filterWidth), g.strideHeight, g.dilationHeight) &&
        meets(columnResidue, j % g.filterWidth, g.strideWidth, g.dilationWidth)
      )
      const pixels = rows.flatMap((y) => columns.map((x) => [y, x] as const))
      const table = pixels.flatMap(([y, x]) =>
        taps.map((j) => {
          const [a, b] = [Math.floor(j / g.filterWidth), j % g.filterWidth]
          const row = source(y, a, g.padInfo.top, g.strideHeight, g.dilationHeight, g.outHeight)
          const column = source(x, b, g.padInfo.left, g.strideWidth, g.dilationWidth, g.outWidth)
          return row < 0 || column < 0 ? -1 : (row * g.outWidth + column) * g.outChannels * bytes
        })
      )
      return {
        taps: Int32Array.from(taps),
        table: Int32Array.from(table),
        places: Int32Array.from(pixels, ([y, x]) => (y * g.inWidth + x) * g.inChannels * bytes)
      }
    })
  ).filter(({ places }) => places.length > 0)
