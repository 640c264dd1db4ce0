import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import type { KernelShape } from "../collections/matricized.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as ConvolutionOperator from "./ConvolutionOperator.ts"
import type * as Network from "./Network.ts"

/** The singular values of a layer. */
export interface LayerSpectrum {
  readonly layer: string
  readonly shape: KernelShape
  /** Of the kernel as one matrix of height × width × inputs by outputs, the largest first; missing above 512. */
  readonly singularValues?: ReadonlyArray<number>
  /** Of the layer as a map of images with periodic boundaries; missing where strides do not divide them, or it would take too long. */
  readonly operatorNorm?: number
}

/** Singular values above so many take longer than a report is worth. */
const mostValues = 512

/** Multiplications for one norm, at most: a few seconds. */
const mostWork = 1e10

/** Squares of singular values below this share of the largest are rounding. */
const rounding = 1e-15

const singularValues = (values: Float32Array, rows: number, columns: number) =>
  Effect.promise(async () => {
    const { EigenvalueDecomposition, Matrix } = await import("ml-matrix")
    const matrix = Matrix.from1DArray(rows, columns, Array.from(values))
    const gram = rows >= columns ? matrix.transpose().mmul(matrix) : matrix.mmul(matrix.transpose())
    const squares = new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues
      .toSorted((a, b) => b - a)
    return squares.map((square) => square <= rounding * squares[0]! ? 0 : Math.sqrt(square))
  })

const pair = (value: unknown): readonly [number, number] => {
  const [first = 1, second = 1] = Array.isArray(value) ? value as ReadonlyArray<number> : []
  return [first, second]
}

/** The one shape of what enters a layer, without its batch, wherever it is applied. */
const inputShape = (layer: tfl.layers.Layer): tfl.Shape | undefined => {
  const { inboundNodes } = layer as unknown as {
    readonly inboundNodes: ReadonlyArray<{ readonly inputShapes: ReadonlyArray<tfl.Shape> }>
  }
  const [shape, ...others] = inboundNodes.map(({ inputShapes }) => inputShapes[0]!.slice(1))
  return others.every((other) => String(other) === String(shape)) ? shape : undefined
}

/** How the layer applies its kernel; undefined where the size of its input is open or not one, or its strides do not divide it. */
const geometryOf = (layer: tfl.layers.Layer): ConvolutionOperator.Geometry | undefined => {
  const { dilationRate, strides: found } = layer.getConfig()
  if (layer.getClassName() === "Dense") return { size: [1, 1] }
  const [rows, columns = 1] = inputShape(layer)?.slice(0, -1) ?? []
  const [size, strides] = [[rows ?? 0, columns ?? 0] as const, pair(found)]
  return size.some((side, axis) => side < 1 || side % strides[axis]! !== 0)
    ? undefined
    : { size, strides, dilations: pair(dilationRate) }
}

const measureLayer = Effect.fnUntraced(function*(
  { variables }: Network.Network,
  { layer, name, shape, variable }: Network.ConstrainedLayer
): Effect.fn.Return<LayerSpectrum, Tensors.ReadFailed> {
  const [height, width, inputs, outputs] = shape
  const kernel = variables[variable]!
  const weights = yield* Tensors.read(kernel)
  const finite = weights.every(Number.isFinite)
  const rows = height * width * inputs
  const geometry = geometryOf(layer)
  const affordable = geometry !== undefined && ConvolutionOperator.work(shape, geometry) <= mostWork
  return {
    layer: name,
    shape,
    ...(finite && Math.min(rows, outputs) <= mostValues
      ? { singularValues: yield* singularValues(weights, rows, outputs) }
      : {}),
    ...(finite && affordable
      ? {
        operatorNorm: (yield* Tensors.evaluate(() =>
          ConvolutionOperator.norm(tf.reshape(kernel, [...shape]), geometry)
        ))[0]!
      }
      : {})
  }
})

/**
 * The spectra of the constrained layers as the network now is, in the order of its layers.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network, NetworkSpectra } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 1, kernelInitializer: "ones" })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Euc" }))
 * const [spectrum] = await Effect.runPromise(NetworkSpectra.measure(network))
 * spectrum!.singularValues!.map((value) => value.toFixed(3)) // => ["2.449", "0.000"]
 * spectrum!.operatorNorm!.toFixed(3) // => "2.449"
 * ```
 */
export const measure = (
  network: Network.Network
): Effect.Effect<ReadonlyArray<LayerSpectrum>, Tensors.ReadFailed> =>
  Effect.forEach(network.layers, (layer) => measureLayer(network, layer))
