/** Images decoded and cut to squares. */
import * as Effect from "effect/Effect"
import type { SharpConstructor } from "sharp"
import { DatasetMissing } from "../DataError.ts"

/**
 * The library that decodes images, which is installed where they are wanted.
 *
 * @internal
 */
export const library: Effect.Effect<SharpConstructor, DatasetMissing> = Effect.tryPromise({
  try: async () => {
    const { default: sharp } = await import("sharp")
    // Every file is read once an epoch: nothing of it is worth keeping.
    sharp.cache(false)
    return sharp
  },
  catch: () =>
    new DatasetMissing({
      what: "The npm package sharp, which decodes images, is not installed",
      remedy: "Run: npm install sharp@0.35.5"
    })
})

/** A window of an image. */
interface Window {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const attempts = 10
/** As many uniform draws as an image of a variation takes. */
export const drawsOf = 4 * attempts + 1

/**
 * A random window of 8 to 100 % of an image's area and an aspect ratio of 3/4 to 4/3, from uniform draws; where ten
 * attempts do not fit into the image, its middle.
 *
 * Source: Szegedy et al. 2015, *Going deeper with convolutions*, section 6.
 *
 * @internal
 */
export const randomWindow = (width: number, height: number, draws: Float64Array): Window => {
  for (let i = 0; i < attempts; i++) {
    const [area, ratio, x, y] = draws.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
    const target = (0.08 + 0.92 * area) * width * height
    const aspect = Math.exp((2 * ratio - 1) * Math.log(4 / 3))
    const [w, h] = [Math.round(Math.sqrt(target * aspect)), Math.round(Math.sqrt(target / aspect))]
    if (w >= 1 && h >= 1 && w <= width && h <= height) {
      return { left: Math.floor(x * (width - w + 1)), top: Math.floor(y * (height - h + 1)), width: w, height: h }
    }
  }
  const side = Math.min(width, height)
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), width: side, height: side }
}

/** The shorter side is brought to 256 pixels where the window has 224. */
const beforeCrop = (size: number) => Math.round(size * 256 / 224)

/** How images lie: as their EXIF orientation says, which is how cameras mean them, or as their pixels are stored. */
export type Orientation = "exif" | "stored"

/** Pixels of an image at most, as its header promises them: a small file can ask for a large memory. */
const mostPixels = 0x3fff ** 2

/** What is drawn by a program is no photograph, and may ask for other files. */
const isDrawing = (format: string | undefined) => format === "svg" || format === "pdf"

/** One image as `size × size` pixels of three colours: its middle, or with draws a random window, mirrored or not. */
export const decode = async (
  open: SharpConstructor,
  bytes: Uint8Array,
  size: number,
  orientation: Orientation,
  draws: Float64Array | undefined
): Promise<Uint8Array> => {
  // ImageNet has files with harmless warnings; those that end early are errors.
  const image = open(bytes, { failOn: "error", limitInputPixels: mostPixels, autoOrient: orientation === "exif" })
  const metadata = await image.metadata()
  if (isDrawing(metadata.format)) throw new Error(`it is ${metadata.format}, not JPEG or PNG`)
  const cut = () => {
    if (draws === undefined) {
      const side = beforeCrop(size)
      const from = Math.floor((side - size) / 2)
      return image.resize(side, side, { fit: "cover", kernel: "linear" }).extract({
        left: from,
        top: from,
        width: size,
        height: size
      })
    }
    const { height, width } = orientation === "exif" ? metadata.autoOrient : metadata
    const window = image.extract(randomWindow(width, height, draws)).resize(size, size, {
      fit: "fill",
      kernel: "linear"
    })
    return draws[drawsOf - 1]! < 0.5 ? window.flop() : window
  }
  const pixels = await cut().toColourspace("srgb").removeAlpha().raw().toBuffer()
  if (pixels.length !== size * size * 3) throw new Error(`it has ${pixels.length / size / size} colours, not three`)
  return pixels
}

/** What went wrong with an image, in a line. */
export const reasonOf = (error: unknown): string => {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n")
  return /pixel limit/.test(line) ? `its header promises more than ${mostPixels} pixels` : line
}
