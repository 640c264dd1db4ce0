import * as Effect from "effect/Effect"
import * as KernelOrder from "../collections/KernelOrder.ts"
import type { KernelShape } from "../collections/matricized.ts"
import * as Tensors from "../numerics/Tensors.ts"
import { mapOf } from "./layerMap.ts"
import type * as Network from "./Network.ts"

/** The singular values of a layer. */
export interface LayerSpectrum {
  readonly layer: string
  readonly shape: KernelShape
  /** Kernels of this shape, where there are several. */
  readonly blocks?: number
  /**
   * Of the kernel as one matrix of height × width × inputs by outputs, the largest first; missing above 512. Gates are
   * side by side, groups of channels blocks on the diagonal, an embedding is a matrix of its rows.
   */
  readonly singularValues?: ReadonlyArray<number>
  /**
   * Of the kernel as a map of images with periodic boundaries, of what enters it to what it makes of that; missing
   * where `withoutOperatorNorm` says why.
   */
  readonly operatorNorm?: number
  readonly withoutOperatorNorm?: string
}

/** Singular values above so many take longer than a report is worth. */
const mostValues = 512

/** Multiplications for one norm, at most: a few seconds. */
const mostWork = 1e10

/** Squares below this share of the largest have lost half the digits of what they are squares of. */
const squared = 1e-8

const singularValues = (values: Float32Array, rows: number, columns: number) =>
  Effect.promise(async () => {
    const { EigenvalueDecomposition, Matrix, SingularValueDecomposition } = await import("ml-matrix")
    const matrix = Matrix.from1DArray(rows, columns, Array.from(values))
    const gram = rows >= columns ? matrix.transpose().mmul(matrix) : matrix.mmul(matrix.transpose())
    const squares = new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues
      .toSorted((a, b) => b - a)
    if (squares.at(-1)! > squared * squares[0]!) return squares.map(Math.sqrt)
    // Several times slower, and exact to rounding of the largest.
    const { diagonal } = new SingularValueDecomposition(matrix, {
      autoTranspose: true,
      computeLeftSingularVectors: false,
      computeRightSingularVectors: false
    })
    const rounding = Math.max(rows, columns) * Number.EPSILON * Math.max(...diagonal)
    return diagonal.map((value) => value <= rounding ? 0 : value).toSorted((a, b) => b - a)
  })

const measureLayer = Effect.fnUntraced(function*(
  { variables }: Network.Network,
  layer: Network.ConstrainedLayer
): Effect.fn.Return<LayerSpectrum, Tensors.ReadFailed> {
  const { blocks, kernel: { order }, name, shape, variable } = layer
  const weight = variables[variable]!
  const { groups, values } = yield* Effect.scoped(Effect.gen(function*() {
    const whole = yield* Tensors.scoped(() => KernelOrder.whole(order, weight))
    return { groups: whole.shape, values: yield* Tensors.read(whole) }
  }))
  const [count, rows, columns] = groups
  const finite = values.every(Number.isFinite)
  const map = mapOf(layer, weight.shape)
  const unknown = "unknown" in map
    ? map.unknown
    : !finite
    ? "it is not finite"
    : map.work > mostWork
    ? "it would take too long"
    : ""
  const spectra = finite && count * Math.min(rows, columns) <= mostValues
    ? yield* Effect.forEach(
      Array.from(
        { length: count },
        (_, block) => values.subarray(block * rows * columns, (block + 1) * rows * columns)
      ),
      (block) => singularValues(block, rows, columns)
    )
    : undefined
  return {
    layer: name,
    shape,
    ...(blocks === 1 ? {} : { blocks }),
    ...(spectra === undefined ? {} : { singularValues: spectra.flat().toSorted((a, b) => b - a) }),
    ...("norm" in map && unknown === ""
      ? { operatorNorm: (yield* Tensors.evaluate(() => map.norm(weight)))[0]! }
      : { withoutOperatorNorm: unknown })
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
 * const conv = tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 1, kernelInitializer: "ones" })
 * const model = tfl.sequential({ layers: [conv] })
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
