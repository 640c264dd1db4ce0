import type * as tfl from "@tensorflow/tfjs-layers"
import { type BatchNormalization, isBatchNormalization } from "./batchNormalization.ts"

/** What a layer does where a model runs as a whole: one pass of the engine in the place of up to three layers. */
export type Role =
  /** Batch normalization that rectifies at once. */
  | { readonly does: "normalize and rectify" }
  /** Batch normalization that the sum after it does. */
  | { readonly does: "nothing" }
  /** A sum of two that rectifies at once, and normalizes its input number `at` before. */
  | { readonly does: "add and rectify"; readonly norm?: BatchNormalization; readonly at: number }

export type Plan = ReadonlyMap<tfl.layers.Layer, Role>

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

const isRelu = (layer: tfl.layers.Layer) =>
  layer.getClassName() === "Activation" && layer.getConfig()["activation"] === "relu" && usedOnce(layer)

const isSumOfTwo = (layer: tfl.layers.Layer) => {
  if (layer.getClassName() !== "Add" || !usedOnce(layer)) return false
  const [node] = placed(layer).inboundNodes
  const [a, b] = node!.inputShapes
  return node!.inputShapes.length === 2 && String(a) === String(b)
}

/** The layers of a model that one pass does together: normalization and rectifier, sum and rectifier, or all three. */
export const planOf = (model: tfl.LayersModel): Plan => {
  const outputs = model.outputs as ReadonlyArray<tfl.SymbolicTensor>
  const plan = new Map<tfl.layers.Layer, Role>()
  const own = new Set(model.layers)
  const next = (layer: tfl.layers.Layer) => {
    const consumer = onlyConsumer(layer, outputs)
    return consumer !== undefined && own.has(consumer) ? consumer : undefined
  }
  const rectified = (layer: tfl.layers.Layer) => {
    const consumer = next(layer)
    return consumer !== undefined && isRelu(consumer)
  }
  for (const layer of model.layers) {
    if (isBatchNormalization(layer) && rectified(layer)) plan.set(layer, { does: "normalize and rectify" })
    if (isSumOfTwo(layer) && rectified(layer)) {
      const inputs = placed(layer).inboundNodes[0]!.inboundLayers
      const at = inputs.findIndex((input) => isBatchNormalization(input) && next(input) === layer)
      if (at < 0) plan.set(layer, { does: "add and rectify", at: 0 })
      else {
        const norm = inputs[at] as BatchNormalization
        plan.set(norm, { does: "nothing" })
        plan.set(layer, { does: "add and rectify", norm, at })
      }
    }
  }
  return plan
}
