/** Convolutions and their gradients on the own kernels, Winograd's where it suits. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { sizes } from "../../contracts/kernels.ts"
import { sizeOf } from "../../sizeOf.ts"
import { type Attributes, geometryOf, type Shape4 } from "../geometry.ts"
import { composed, filled, type Kernel, kernel } from "../kernel.ts"
import { pointer } from "./functions.ts"
import { keeping, type WithTables } from "./keeping.ts"
import type { Simd } from "./module.ts"
import { backwardPhases, type ConvolutionGeometry, forwardPhase, type Phase } from "./plan.ts"
import * as Winograd from "./winograd.ts"

/** A phase on the heap. */
interface Placed {
  readonly taps: number
  readonly table: number
  readonly places: number
  readonly tapCount: number
  readonly pixels: number
}

/** Plans by their geometry; those used longest ago leave the heap. */
const plans = (simd: Simd, of: (geometry: ConvolutionGeometry) => ReadonlyArray<Phase>) => {
  const kept = new Map<string, WithTables<ReadonlyArray<Placed>>>()
  return (geometry: ConvolutionGeometry): ReadonlyArray<Placed> => {
    const { batchSize: _, ...rest } = geometry
    const key = JSON.stringify({ ...rest, inShape: 0, outShape: 0 })
    const found = kept.get(key) ?? keeping(simd, (keep) =>
      of(geometry).map(({ places, table, taps }) => ({
        taps: keep(taps),
        table: keep(table),
        places: keep(places),
        tapCount: taps.length,
        pixels: places.length
      })))
    kept.delete(key)
    kept.set(key, found)
    const [oldest] = kept.keys()
    if (kept.size > mostPlans && oldest !== undefined) {
      kept.get(oldest)!.free()
      kept.delete(oldest)
    }
    return found.made
  }
}

const { block, vector } = sizes

const mostPlans = 256

/** Bytes of the panels that are worked on at once: with a block of weights they stay in the first two caches. */
const panelBytes = 96 * 1024

/** Threads that write to one line of a cache wait for one another. */
const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64

const bytesOf = (...lengths: ReadonlyArray<number>) => lengths.reduce((a, b) => a * b, 4)

/** The convolution of `from` by a filter, phase by phase. */
const run = (simd: Simd, backend: BackendWasm, phases: ReadonlyArray<Placed>, sides: Winograd.Sides): tf.TensorInfo => {
  const { bias, filter, from, relu = false, to, transposed } = sides
  const at = (info: tf.TensorInfo) => pointer(backend, info)
  const [images = 0, , , inner = 0] = from.shape
  const outer = to.shape[3]!
  const imageBytes = (info: tf.TensorInfo) => bytesOf(...info.shape.slice(1))
  for (const { pixels, places, table, tapCount, taps } of phases) {
    const rows = tapCount * inner
    const tiles = Math.ceil(images * pixels / 4)
    const atOnce = Math.max(1, Math.min(Math.floor(panelBytes / Math.max(vector * rows, vector)), tiles))
    const weightBytes = bytesOf(rows, Math.ceil(outer / block), block)
    const ownBytes = aligned(64 + bytesOf(inner) + atOnce * (vector + vector * rows))
    const weights = simd.scratch(weightBytes + simd.threads * ownBytes)
    simd.functions.packWeights(at(filter), weights, taps, tapCount, inner, outer, transposed ? 1 : 0)
    const room = { at: weights + weightBytes, bytes: ownBytes }
    simd.shareWithRoom("convolve", room, tiles, (begin, end) => [
      at(from),
      imageBytes(from),
      table,
      places,
      pixels,
      tapCount,
      inner,
      weights,
      outer,
      at(to),
      imageBytes(to),
      images,
      bias === undefined ? 0 : at(bias),
      relu ? 1 : 0,
      atOnce,
      begin,
      end
    ])
  }
  return to
}

/** What is not done in the convolution itself, as it is after every other operation. */
const activations: Readonly<
  Record<string, (x: tf.Tensor, weights: tf.Tensor | undefined, alpha: number) => tf.Tensor>
> = {
  relu6: tf.relu6,
  elu: tf.elu,
  sigmoid: tf.sigmoid,
  leakyrelu: (x, _, alpha) => tf.leakyRelu(x, alpha),
  prelu: (x, weights) => tf.prelu(x, weights!)
}

/** A convolution with what follows it. */
export type FusedAttributes = Attributes & { readonly activation: string; readonly leakyreluAlpha?: number }

/** What follows a fused convolution, where it is not done within. */
export const activated = (
  x: tf.Tensor,
  { activation, leakyreluAlpha = 0.2 }: FusedAttributes,
  weights: tf.Tensor | undefined
): tf.Tensor => {
  if (activation === "linear") return x
  const activate = activation === "relu" ? tf.relu : activations[activation]
  if (activate === undefined) throw new Error(`The wasm backend knows no activation "${activation}"`)
  return activate(x, weights, leakyreluAlpha)
}

/** The gradient of a filter, Σ over pixels of input times dy, in panels that stay in the cache. */
const sumOfProducts = (
  simd: Simd,
  backend: BackendWasm,
  geometry: ConvolutionGeometry,
  { pixels, table, tapCount }: Placed,
  { dy, to, x }: Readonly<Record<"dy" | "to" | "x", tf.TensorInfo>>
): tf.TensorInfo => {
  const [inner, outer] = [geometry.inChannels, geometry.outChannels]
  const [rowBlocks, blocks] = [Math.ceil(tapCount * inner / 4), Math.ceil(outer / block)]
  const most = Math.ceil(rowBlocks / simd.threads)
  const atOnce = Math.max(8, Math.floor(panelBytes / (vector * rowBlocks + bytesOf(block) * blocks)))
  const ownBytes = aligned(most * blocks * 4 * bytesOf(block) + atOnce * (vector * most + bytesOf(block) * blocks))
  const room = { at: simd.scratch(simd.threads * ownBytes), bytes: ownBytes }
  // Every share goes through all of dy.
  simd.shareWithRoom("filterGradient", room, rowBlocks, (begin, end) => [
    pointer(backend, x),
    bytesOf(...x.shape.slice(1)),
    table,
    pixels,
    tapCount,
    inner,
    pointer(backend, dy),
    outer,
    pointer(backend, to),
    geometry.batchSize,
    atOnce,
    begin,
    end
  ], { each: 1 })
  return to
}

/**
 * Convolutions and both of their gradients on the own kernels: every filter, stride, padding and dilation of NHWC
 * tensors.
 *
 * @internal
 */
export const convolutions = (simd: Simd): ReadonlyArray<Kernel> => {
  const forward = plans(simd, (geometry) => [forwardPhase(geometry)])
  const backward = plans(simd, backwardPhases)
  const convolve = (backend: BackendWasm, geometry: ConvolutionGeometry, sides: Omit<Winograd.Sides, "transposed">) =>
    Winograd.suits(geometry)
      ? Winograd.correlate(simd, backend, Winograd.forwardCorrelation(geometry), { ...sides, transposed: false })
      : run(simd, backend, forward(geometry), { ...sides, transposed: false })
  return [
    kernel<Attributes>(tf.Conv2D, ({ attrs, backend, inputs }) => {
      const { filter, x } = inputs as { readonly filter: tf.TensorInfo; readonly x: tf.TensorInfo }
      const geometry = geometryOf(x.shape, filter.shape, attrs)
      const to = backend.makeOutput(geometry.outShape, "float32")
      return convolve(backend, geometry, { from: x, filter, to })
    }),
    kernel<Attributes & { readonly inputShape: Shape4 }>(tf.Conv2DBackpropInput, ({ attrs, backend, inputs }) => {
      const { dy, filter } = inputs as { readonly dy: tf.TensorInfo; readonly filter: tf.TensorInfo }
      const to = backend.makeOutput([...attrs.inputShape], "float32")
      const geometry = geometryOf(attrs.inputShape, filter.shape, attrs)
      const sides = { from: dy, filter, to, transposed: true }
      return Winograd.suits(geometry)
        ? Winograd.correlate(simd, backend, Winograd.backwardCorrelation(geometry), sides)
        : run(simd, backend, backward(geometry), sides)
    }),
    kernel<Attributes & { readonly filterShape: Shape4 }>(tf.Conv2DBackpropFilter, ({ attrs, backend, inputs }) => {
      const { dy, x } = inputs as { readonly dy: tf.TensorInfo; readonly x: tf.TensorInfo }
      const geometry = geometryOf(x.shape, attrs.filterShape, attrs)
      // A sum over no pixels, of which there is no part to begin with.
      if (sizeOf(dy.shape) === 0) return filled(backend, attrs.filterShape, "float32")
      const to = backend.makeOutput([...attrs.filterShape], "float32")
      if (Winograd.suits(geometry)) {
        return Winograd.filterGradient(simd, backend, Winograd.forwardCorrelation(geometry), x, dy, to)
      }
      return sumOfProducts(simd, backend, geometry, forward(geometry)[0]!, { x, dy, to })
    }),
    composed<FusedAttributes>(tf.FusedConv2D, (input, attrs, given) => {
      const [x, filter] = [input("x"), input("filter")]
      const bias = given("bias") ? input("bias") : undefined
      const geometry = geometryOf(x.shape, filter.shape, attrs)
      const inside = bias === undefined || bias.size === geometry.outChannels
      const backend = tf.backend() as BackendWasm
      const to = convolve(backend, geometry, {
        from: x,
        filter,
        to: backend.makeOutput(geometry.outShape, "float32"),
        bias: inside ? bias : undefined,
        relu: inside && attrs.activation === "relu"
      })
      const convolved = tf.engine().makeTensorFromTensorInfo(to, backend)
      const shifted = inside ? convolved : tf.add(convolved, bias)
      if (inside && attrs.activation === "relu") return shifted
      return activated(shifted, attrs, given("preluActivationWeights") ? input("preluActivationWeights") : undefined)
    })
  ]
}
