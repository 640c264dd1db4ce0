import type * as tfl from "@tensorflow/tfjs-layers"
import { attributesOf, madeBy, partsOf } from "./private.ts"
import { DeclarationRefused } from "./Refused.ts"

/** Why a layer of this name, or one of the layers within it, cannot be honoured. */
type Check = (name: string, part: tfl.layers.Layer) => DeclarationRefused | undefined

const refused = (
  layer: string | undefined,
  declares: string,
  reason: string,
  remedy: string
): DeclarationRefused => new DeclarationRefused({ layer, declares, reason, remedy })

const activityRegularizer: Check = (layer, part) =>
  attributesOf(part)["activityRegularizer"] === undefined || attributesOf(part)["activityRegularizer"] === null
    ? undefined
    : refused(
      layer,
      "its activityRegularizer",
      "TensorFlow.js cannot run a layer that has one",
      "Remove it, or add a penalty of weights (kernelRegularizer, or the layer's addLoss)"
    )

/** TensorFlow.js turns what enters such a layer and does not turn back what leaves it. */
const sequenceChannelsFirst: Check = (layer, part) =>
  part.getClassName() === "Conv1D" && attributesOf(part)["dataFormat"] === "channelsFirst"
    ? refused(
      layer,
      "dataFormat channelsFirst",
      "TensorFlow.js gives results of a Conv1D channels last all the same, in another shape than it promises",
      "Put a permute layer ([2, 1]) before it, and use channelsLast"
    )
    : undefined

const misshapen: ReadonlySet<string> = new Set(["RandomHeight", "RandomWidth", "Resizing"])

const shapes: Check = (layer, part) =>
  misshapen.has(part.getClassName())
    ? refused(
      layer,
      `to be a ${part.getClassName()}`,
      "TensorFlow.js promises another shape of its results than it gives, and layers after it are built for the " +
        "wrong one",
      "Bring images to their size before the model (imageSize in a configuration)"
    )
    : undefined

/** Convolutions that TensorFlow.js computes without gaps whatever they declare. */
const withoutDilation: ReadonlySet<string> = new Set(["DepthwiseConv2D", "Conv2DTranspose", "Conv3DTranspose"])

const ignoredDilation: Check = (layer, part) => {
  const rates = attributesOf(part)["dilationRate"]
  return withoutDilation.has(part.getClassName()) &&
      [rates].flat().some((rate) => typeof rate === "number" && rate !== 1)
    ? refused(
      layer,
      `its dilationRate ${String(rates)}`,
      `TensorFlow.js computes a ${part.getClassName()} without gaps all the same`,
      "Leave it out"
    )
    : undefined
}

/** TensorFlow.js adds the bias before it turns the result back, along the rows. */
const separableBias: Check = (layer, part) =>
  part.getClassName() === "SeparableConv2D" && attributesOf(part)["dataFormat"] === "channelsFirst" &&
    attributesOf(part)["useBias"] === true
    ? refused(
      layer,
      "dataFormat channelsFirst with a bias",
      "TensorFlow.js adds the bias of a SeparableConv2D to rows instead of channels",
      "Use channelsLast, or useBias: false"
    )
    : undefined

const numbers: Check = (layer, part) => {
  const weight = madeBy(part).find(({ dtype }) => dtype !== "float32")
  return weight === undefined ? undefined : refused(
    layer,
    `the dtype ${weight.dtype} of ${weight.originalName}`,
    "weights are trained as float32",
    "Leave dtype out"
  )
}

const checks: ReadonlyArray<Check> = [
  activityRegularizer,
  sequenceChannelsFirst,
  ignoredDilation,
  separableBias,
  shapes,
  numbers
]

/** A layer may hold others whose weights TensorFlow.js does not know of: it would neither train nor save them. */
const hidden = (
  model: tfl.LayersModel,
  layers: ReadonlyMap<string, tfl.layers.Layer>
): DeclarationRefused | undefined => {
  const known = new Set(model.weights)
  for (const [name, layer] of layers) {
    const weight = partsOf(layer).flatMap(madeBy).find((weight) => !known.has(weight))
    if (weight !== undefined) {
      return refused(
        name,
        `its weight ${weight.originalName}`,
        `a ${layer.getClassName()} does not count it among the model's weights, so that it would be neither trained ` +
          "nor saved",
        "Use layers whose weights are in model.weights, or override trainableWeights and nonTrainableWeights"
      )
    }
  }
  return undefined
}

/** A weight in two layers is one point of ω only once. */
const shared = (model: tfl.LayersModel, nameOf: (layer: tfl.layers.Layer) => string) => {
  const owners = new Map<unknown, tfl.layers.Layer>()
  for (const part of partsOf(model)) {
    for (const weight of madeBy(part)) {
      const other = owners.get(weight.read())
      if (other !== undefined) {
        return refused(
          nameOf(part),
          `its weight ${weight.originalName}, that of layer "${nameOf(other)}",`,
          "two layers with one variable would move it twice a step",
          "Apply one layer at both places instead"
        )
      }
      owners.set(weight.read(), part)
    }
  }
  return undefined
}

const nothingTrains = ({ trainableWeights }: tfl.LayersModel): DeclarationRefused | undefined =>
  trainableWeights.length > 0 ? undefined : refused(
    undefined,
    "to be without weights that are trained",
    "nothing would change in a step: everything is frozen (trainable: false), or no layer has weights",
    "Unfreeze a layer before Network.make"
  )

/**
 * What a model, or a layer of it, declares that cannot be honoured, the first thing found; undefined where there is
 * none.
 */
export const refusalOf = (
  model: tfl.LayersModel,
  layers: ReadonlyMap<string, tfl.layers.Layer>
): DeclarationRefused | undefined => {
  const names = new Map([...layers].map(([name, layer]) => [layer, name]))
  const nameOf = (layer: tfl.layers.Layer) => names.get(layer) ?? layer.name
  for (const part of partsOf(model)) {
    const found = checks.map((check) => check(nameOf(part), part)).find((refusal) => refusal !== undefined)
    if (found !== undefined) return found
  }
  return hidden(model, layers) ?? shared(model, nameOf) ?? nothingTrains(model)
}
