/** Factors of the learning rate at which kernels on manifolds turn as far as Euclidean ones. */
import type * as tfl from "@tensorflow/tfjs-layers"
import type * as Manifold from "../geometry/Manifold.ts"
import type { ConstrainedLayer } from "./constrained.ts"
import { attributesOf } from "./declarations/private.ts"

/**
 * ‖F‖² of a Euclidean filter as He et al. (2015) initialize it, fan-in entries of variance 2/fan-in, and as
 * TensorFlow.js draws them: normal numbers beyond two deviations are drawn anew, which leaves .774 of the variance.
 */
export const euclideanSquare = 2 * 0.774

/** The part of a planned layer that its rates follow from. */
type Planned = Pick<ConstrainedLayer, "blocks" | "groups" | "kinds" | "matricization" | "shape">

/** ‖ω‖² of every point of a manifold at most, its spheres' and Stiefel matrices' exactly; Infinity where unbounded. */
const squareOf = ({ norms }: Manifold.Manifold): number => norms.frobenius.max ** 2

/** The filters, by number, that a matrix has entries of. */
const filtersOf = (index: number, { matricization, shape }: Planned): ReadonlyArray<number> => {
  const [inputs, outputs] = matricization.grid(shape)
  const [block, inBlock] = [Math.floor(index / (inputs * outputs)), index % (inputs * outputs)]
  const filters = shape[3]
  return outputs === filters
    ? [block * filters + (inBlock % outputs)]
    : Array.from({ length: filters }, (_, d) => block * filters + d)
}

/** ‖F‖² of every filter at λ = 1, with Euclidean parts as they are initialized. */
const filterSquares = (layer: Planned, gamma: (manifold: Manifold.Manifold) => number): Float64Array => {
  const { blocks, kinds, matricization, shape: [a, b, c, d], shape } = layer
  const [m, n] = matricization.matrix(shape)
  const squares = new Float64Array(blocks * d)
  for (const { indices, manifold } of kinds) {
    const own = squareOf(manifold)
    const square = Number.isFinite(own) ? gamma(manifold) ** 2 * own : euclideanSquare * m * n / (a * b * c)
    for (const index of indices) {
      const filters = filtersOf(index, layer)
      for (const filter of filters) squares[filter]! += square / filters.length
    }
  }
  return squares
}

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * The factor of the learning rate for every group of a layer's matrices, in the order of the groups; undefined for
 * Euclidean ones and where norms have no bound.
 *
 * A step moves W = ℜω by −r·k·ℜ²·Π(∂L/∂W). With k = κ/γ² and λ = 1 that is −r·κ times the tangent part of ∂L/∂W, for
 * all kernels of a filter F alike.
 *
 * - Below a normalization the loss does not depend on ‖F‖, so that ‖∂L/∂F‖ = a/‖F‖, and a step turns F by r·κ·a/‖F‖², a
 *   Euclidean filter F_E by r·a/‖F_E‖²: both alike for κ = ‖F‖²/‖F_E‖². With C kernels on one manifold that is
 *   k = C·‖ω‖²/‖F_E‖², whatever γ is.
 * - Elsewhere the length of F counts, and what keeps a step stable is the curvature of the loss along W, which no
 *   constraint changes: κ = 1, so that W moves as far as a Euclidean kernel would.
 *
 * ‖F‖² = Σγ²‖ω‖² is the mean over the filters that a group's matrices belong to. A λ that all input channels share
 * cancels below a normalization; where they differ, the filter turns by 1/(rms(λ)·rms(1/λ)) as far, which is less.
 */
export const recommendedRates = (
  layer: Planned,
  gamma: (manifold: Manifold.Manifold) => number,
  normalized: boolean
): ReadonlyArray<number | undefined> => {
  const squares = filterSquares(layer, gamma)
  const manifolds = new Map(layer.kinds.flatMap(({ indices, manifold }) => indices.map((index) => [index, manifold])))
  return layer.groups.map(({ indices }) => {
    const manifold = manifolds.get(indices[0]!)!
    if (!Number.isFinite(squareOf(manifold))) return undefined
    const own = indices.flatMap((index) => filtersOf(index, layer)).map((filter) => squares[filter]!)
    return (normalized ? mean(own) / euclideanSquare : 1) / gamma(manifold) ** 2
  })
}

/** Activations that a normalization undoes the scale of what enters them through. */
const homogeneous: ReadonlySet<unknown> = new Set([undefined, "linear", "relu"])

/**
 * Whether all that a layer gives is normalized next, so that the length of its filters does not count.
 */
export const isNormalized = (layer: tfl.layers.Layer): boolean => {
  const { outboundNodes: nodes } = attributesOf(layer) as {
    readonly outboundNodes: ReadonlyArray<{ readonly outboundLayer: tfl.layers.Layer }>
  }
  return homogeneous.has(layer.getConfig()["activation"]) && nodes.length > 0 &&
    nodes.every(({ outboundLayer }) => outboundLayer.getClassName().endsWith("Normalization"))
}
