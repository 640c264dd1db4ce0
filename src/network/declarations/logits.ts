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

/** Layers that move and stretch what enters them, class by class, to what may be any real numbers. */
const normalizations: ReadonlySet<string> = new Set(["BatchNormalization", "LayerNormalization"])

/**
 * Layers without a kernel or an activation of their own, as sums, products, normalizations and what a user writes: they
 * compute something else of what enters them, which need not be logits where that is not.
 */
const alters = (layer: tfl.layers.Layer): boolean =>
  !passes(layer) && activationOf(layer) === undefined &&
  (normalizations.has(layer.getClassName()) || layer.weights.length === 0)

type Way = ReadonlyArray<tfl.layers.Layer>

/** The ways to an output, each from the last layer backwards to the first whose kernel or activation makes it. */
const waysTo = ({ inputs, sourceLayer }: tfl.SymbolicTensor): ReadonlyArray<Way> => {
  const layer = applied(sourceLayer)
  if (isModel(layer)) return waysTo(layer.outputs[0] as tfl.SymbolicTensor)
  return inputs.length > 0 && (passes(sourceLayer) || alters(sourceLayer))
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

/** The layer that a `timeDistributed` one applies at every step, and one of the two that a `bidirectional` one does. */
const applied = (layer: tfl.layers.Layer): tfl.layers.Layer => {
  const { forwardLayer, layer: inner } = attributesOf(layer) as Readonly<Record<string, tfl.layers.Layer>>
  switch (layer.getClassName()) {
    case "TimeDistributed":
      return applied(inner!)
    case "Bidirectional":
      return applied(forwardLayer!)
    default:
      return layer
  }
}

/** The activation that a layer's configuration names, of a recurrent one that of its last cell. */
const namedActivation = (layer: tfl.layers.Layer): unknown => {
  const { cell, cells } = attributesOf(layer) as {
    readonly cell?: tfl.layers.Layer
    readonly cells?: ReadonlyArray<tfl.layers.Layer>
  }
  const inner = cell ?? cells?.at(-1)
  return inner === undefined ? layer.getConfig()["activation"] : namedActivation(inner)
}

const activationOf = (given: tfl.layers.Layer): string | undefined => {
  const layer = applied(given)
  const own = activationLayers[layer.getClassName()]
  if (own !== undefined) return own
  const activation = namedActivation(layer)
  // What leaves a recurrent layer is more than its activation, which is tanh unless somebody says so.
  if ("cell" in layer && activation === "tanh") return undefined
  return typeof activation === "string" ? activation : undefined
}

/** With these an output is the logits. */
const logits: ReadonlySet<string> = new Set(["linear", "logSoftmax", "log_softmax"])

/** With these an output is probabilities, of which no normalization makes logits. */
const probabilities: ReadonlySet<string> = new Set(["softmax", "sigmoid", "hardSigmoid", "hard_sigmoid"])

/** What a way begins with is no logits, nor what comes of it. */
const squeezes = (way: Way): boolean => {
  const activation = activationOf(way.at(-1)!) ?? "linear"
  const normalized = way.some((layer) => normalizations.has(layer.getClassName()))
  return !logits.has(activation) && !(normalized && !probabilities.has(activation))
}

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
 * out, so that nothing is squeezed twice; everything else but `linear` and `logSoftmax` there is refused, and so is
 * what a layer without a kernel (a normalization, a product, a user's own) makes of it, since no one can tell it to be
 * logits.
 *
 * @throws DeclarationRefused for other activations of the output, and for a softmax whose results other layers use as
 * well.
 */
export const logitsOf = (model: tfl.LayersModel, loss: Loss = softmaxCrossEntropy()): Logits => {
  const apply: Logits = (inputs, training) => model.apply(inputs, { training }) as tf.Tensor2D
  if (loss.of === "any" || loss.of === "embeddings") return apply
  const ways = waysTo(model.outputs[0] as tfl.SymbolicTensor)
  const squeezing = ways.find(squeezes)
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
  const altering = squeezing.find(alters)
  if (altering !== undefined) {
    refuse(
      `what layer "${altering.name}", a ${altering.getClassName()}, makes of it need not be logits, any real ` +
        `numbers, of which the loss, ${loss.name}, is`,
      "Make it linear (activation: \"linear\"), or let a dense layer follow"
    )
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
    waysTo(maker.input as tfl.SymbolicTensor).some(squeezes)
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
