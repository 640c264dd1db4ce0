/** Which layers of a model one pass does together. */
import type * as tfl from "@tensorflow/tfjs-layers"
import { isBatchNormalization } from "./batchNormalization.ts"
import { applicationsOf } from "./graph.ts"

/** How a layer differs where a model runs as a whole: it rectifies as well, or leaves its work to the sum after it. */
type Role = "rectify too" | "nothing"

export type LayerRoles = ReadonlyMap<tfl.layers.Layer, Role>

/** What tfjs-layers keeps private about where a layer stands. */
interface Placed {
  readonly inboundNodes: ReadonlyArray<
    { readonly inboundLayers: ReadonlyArray<tfl.layers.Layer>; readonly inputShapes: ReadonlyArray<tfl.Shape> }
  >
  readonly outboundNodes: ReadonlyArray<{ readonly outboundLayer: tfl.layers.Layer }>
}
const placed = (layer: tfl.layers.Layer) => layer as unknown as Placed

/** The one layer that uses a layer's one result, if that is so. */
const onlyConsumer = (layer: tfl.layers.Layer, outputs: ReadonlyArray<tfl.SymbolicTensor>) => {
  const { inboundNodes, outboundNodes } = placed(layer)
  const isOutput = outputs.some(({ sourceLayer }) => sourceLayer === layer)
  return inboundNodes.length === 1 && outboundNodes.length === 1 && !isOutput
    ? outboundNodes[0]!.outboundLayer
    : undefined
}

const usedOnce = (layer: tfl.layers.Layer) => placed(layer).inboundNodes.length === 1

/** Whether a layer is max(x, 0), no more and no less. */
export const isRelu = (layer: tfl.layers.Layer): boolean => {
  const { activation, maxValue } = layer.getConfig()
  switch (layer.getClassName()) {
    case "Activation":
      return activation === "relu"
    case "ReLU":
      return maxValue === undefined || maxValue === null
    default:
      return false
  }
}

const isSumOfTwo = (layer: tfl.layers.Layer) => {
  if (layer.getClassName() !== "Add" || !usedOnce(layer)) return false
  const [node] = placed(layer).inboundNodes
  const [a, b] = node!.inputShapes
  return node!.inputShapes.length === 2 && String(a) === String(b)
}

/** The layers of a model that one pass does together: normalization and rectifier, sum and rectifier, or all three. */
export const rolesOf = (model: tfl.LayersModel): LayerRoles => {
  const outputs = model.outputs as ReadonlyArray<tfl.SymbolicTensor>
  const plan = new Map<tfl.layers.Layer, Role>()
  const own = new Set(applicationsOf(model).map(({ layer }) => layer))
  const next = (layer: tfl.layers.Layer) => {
    const consumer = onlyConsumer(layer, outputs)
    return consumer !== undefined && own.has(consumer) ? consumer : undefined
  }
  const rectified = (layer: tfl.layers.Layer) => {
    const consumer = next(layer)
    return consumer !== undefined && isRelu(consumer) && usedOnce(consumer)
  }
  for (const layer of own) {
    if (isBatchNormalization(layer) && rectified(layer)) plan.set(layer, "rectify too")
    if (isSumOfTwo(layer) && rectified(layer)) {
      const inputs = placed(layer).inboundNodes[0]!.inboundLayers
      const norm = inputs.find((input) => isBatchNormalization(input) && next(input) === layer)
      if (norm !== undefined) plan.set(norm, "nothing")
      plan.set(layer, "rectify too")
    }
  }
  return plan
}
