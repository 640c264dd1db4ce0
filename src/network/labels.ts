/** The labels that POMs of a network go by, as learning rates name them. */
import type * as tfl from "@tensorflow/tfjs-layers"

/** Kinds of parameters, as learning rates tell them apart. */
export const parameterKinds = ["kernel", "bias", "normalization", "dense", "other"] as const

/** The kind of a weight by its layer's class and its own name. */
const kindOf = (layer: tfl.layers.Layer, weight: string): (typeof parameterKinds)[number] => {
  if (layer.getClassName().endsWith("Normalization")) return "normalization"
  if (weight.endsWith("bias")) return "bias"
  if (layer.getClassName() === "Dense") return "dense"
  return weight.endsWith("kernel") || weight === "embeddings" ? "kernel" : "other"
}

/**
 * What the POMs of a weight go by: the manifold's symbol, the kind of parameter, the layer, and `curved` unless they
 * are Euclidean.
 *
 * @internal
 */
export const labels = (
  layerName: string,
  layer: tfl.layers.Layer,
  weight: string,
  symbol: string
): ReadonlyArray<string> => [
  symbol,
  kindOf(layer, weight),
  `layers/${layerName}`,
  ...(symbol === "Euc" ? [] : ["curved"])
]
