import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { isModel } from "../layers/graph.ts"
import { type Loss, softmaxCrossEntropy } from "../losses.ts"
import { type Activation, attributesOf } from "./private.ts"
import { DeclarationRefused } from "./Refused.ts"

/** Layers that hand on the numbers that enter them, in inference. */
const handsOn: ReadonlySet<string> = new Set([
  ..."Reshape Flatten Permute Dropout SpatialDropout1D GaussianNoise GaussianDropout AlphaDropout".split(" "),
  "Masking"
])

/** Layers whose results are of the kind of what enters them, as the mean of several classifiers. */
const merges: ReadonlySet<string> = new Set(["Average", "Maximum", "Minimum", "Concatenate"])

/** Layers whose results are means, or the largest, of what enters them: of probabilities still no logits. */
const pools: ReadonlySet<string> = new Set(
  ["AveragePooling", "MaxPooling", "GlobalAveragePooling", "GlobalMaxPooling"].flatMap((name) =>
    ["1D", "2D", "3D"].map((axes) => `${name}${axes}`)
  )
)

const passes = (layer: tfl.layers.Layer): boolean => {
  const name = layer.getClassName()
  return handsOn.has(name) || merges.has(name) || pools.has(name) ||
    (name === "Activation" && logits.has(activationOf(layer)!))
}

/** The ways to an output, each from the last layer backwards to the first that does more than hand numbers on. */
const waysTo = ({ inputs, sourceLayer }: tfl.SymbolicTensor): ReadonlyArray<ReadonlyArray<tfl.layers.Layer>> => {
  if (isModel(sourceLayer)) return waysTo(sourceLayer.outputs[0] as tfl.SymbolicTensor)
  return inputs.length > 0 && passes(sourceLayer)
    ? inputs.flatMap(waysTo).map((way) => [sourceLayer].concat(way))
    : [[sourceLayer]]
}

/** Layers that are an activation by themselves, and the name of that. */
const activationLayers: Readonly<Record<string, string>> = {
  Softmax: "softmax",
  ReLU: "relu",
  LeakyReLU: "leakyReLU",
  PReLU: "prelu",
  ELU: "elu",
  ThresholdedReLU: "thresholdedReLU"
}

/** The layer that a `timeDistributed` one applies at every step. */
const applied = (layer: tfl.layers.Layer): tfl.layers.Layer =>
  layer.getClassName() === "TimeDistributed" ? attributesOf(layer)["layer"] as tfl.layers.Layer : layer

const activationOf = (given: tfl.layers.Layer): string | undefined => {
  const layer = applied(given)
  const own = activationLayers[layer.getClassName()]
  if (own !== undefined) return own
  const { activation } = layer.getConfig()
  // What leaves a recurrent layer is more than its activation, which is tanh unless somebody says so.
  if ("cell" in layer && activation === "tanh") return undefined
  return typeof activation === "string" ? activation : undefined
}

/** With these an output is the logits. */
const logits: ReadonlySet<string> = new Set(["linear", "logSoftmax", "log_softmax"])

const squeezes = (layer: tfl.layers.Layer) => !logits.has(activationOf(layer) ?? "linear")

const linear = attributesOf(tfl.layers.activation({ activation: "linear" }))["activation"] as Activation

/** How a softmax is left out: the attribute that holds it, and what stands there instead. */
const withoutSoftmax = (layer: tfl.layers.Layer): readonly [attribute: string, value: unknown] =>
  layer.getClassName() === "Softmax" ? ["softmax", (x: tf.Tensor) => tf.clone(x)] : ["activation", linear]

const uses = (layer: tfl.layers.Layer) => {
  const { inboundNodes, outboundNodes } = layer as unknown as {
    readonly inboundNodes: ReadonlyArray<unknown>
    readonly outboundNodes: ReadonlyArray<unknown>
  }
  return { applied: inboundNodes.length, followed: outboundNodes.length }
}

/** How the logits of a model are found: its pass, without the softmax at its end where it has one. */
export type Logits = (inputs: tf.Tensor, training: boolean) => tf.Tensor2D

/**
 * What the loss of a classifier is of. For a loss of logits, as softmax cross-entropy is, a softmax at the end is left
 * out, so that nothing is squeezed twice; everything else but `linear` and `logSoftmax` there is refused.
 *
 * @throws DeclarationRefused for other activations of the output, and for a softmax whose results other layers use as
 * well.
 */
export const logitsOf = (model: tfl.LayersModel, loss: Loss = softmaxCrossEntropy()): Logits => {
  const apply: Logits = (inputs, training) => model.apply(inputs, { training }) as tf.Tensor2D
  if (loss.of === "any") return apply
  const ways = waysTo(model.outputs[0] as tfl.SymbolicTensor)
  const squeezing = ways.find((way) => squeezes(way.at(-1)!))
  if (squeezing === undefined) return apply
  const maker = squeezing.at(-1)!
  const activation = activationOf(maker)
  const refuse = (reason: string, remedy: string) => {
    throw new DeclarationRefused({
      layer: maker.name,
      declares: `the activation ${activation} of the output`,
      reason,
      remedy
    })
  }
  if (activation !== "softmax" || loss.of === "linear") {
    refuse(
      `the loss, ${loss.name}, is of logits, any real numbers`,
      "Make the last layer linear (activation: \"linear\"); the largest logit is the predicted class"
    )
  }
  const classes = (model.outputs[0] as tfl.SymbolicTensor).shape.at(-1)
  const produced = [maker.outputShape].flat(2).at(-1)
  const again = ["Softmax", "Activation"].includes(maker.getClassName()) && uses(maker).applied === 1 &&
    waysTo(maker.input as tfl.SymbolicTensor).some((way) => squeezes(way.at(-1)!))
  const alone = ways.length === 1 && !again && !("cell" in applied(maker)) &&
    !squeezing.some((layer) => pools.has(layer.getClassName())) &&
    squeezing.every((layer, i) => uses(layer).applied === 1 && uses(layer).followed === Math.min(i, 1))
  if (!alone || produced !== classes) {
    refuse(
      "other layers use its probabilities, too, or it is not over the classes, or not the only one, so that it " +
        "cannot be left out for the loss",
      "Make the last layer linear (activation: \"linear\")"
    )
  }
  const [attribute, value] = withoutSoftmax(applied(maker))
  const layer = attributesOf(applied(maker))
  return (inputs, training) => {
    const own = layer[attribute]
    layer[attribute] = value
    try {
      return apply(inputs, training)
    } finally {
      layer[attribute] = own
    }
  }
}
