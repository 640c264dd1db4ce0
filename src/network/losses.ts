/**
 * The losses that configurations, flags and experiments name: an entry each.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"

/**
 * What the outputs of a network for a batch cost: [images, classes] where the labels are class numbers, [images]; where
 * a dataset has targets, these stand in the place of labels, numbers of the shape of the outputs or class numbers
 * without their last axis.
 */
export interface Loss {
  readonly name: string
  /**
   * What it is of: logits, where a softmax at the end of a model is left out; linear outputs, where anything else is
   * refused; any outputs; or embeddings, of any length, that tell no classes.
   */
  readonly of: "any" | "embeddings" | "linear" | "logits"
  /** By what names models are compiled with it. */
  readonly compiled: ReadonlyArray<string>
  /** The mean over the batch, a scalar; with weights, [images], that of the weighted losses of the images. */
  readonly value: (outputs: tf.Tensor2D, labels: tf.Tensor1D, weights?: tf.Tensor1D) => tf.Scalar
  /** Whether it heeds weights; default false. */
  readonly weighs?: boolean
}

/** Weights of images for the losses of their classes, [images, 1]. */
const ofRows = (weights: tf.Tensor1D | undefined) => weights === undefined ? undefined : tf.expandDims(weights, 1)

const targets = (outputs: tf.Tensor, labels: tf.Tensor): tf.Tensor =>
  labels.rank === outputs.rank ? labels : tf.oneHot(labels as tf.Tensor1D, outputs.shape.at(-1)!)

/**
 * Softmax cross-entropy −Σ t log softmax(z), mean over the batch, with t = (1 − s)·onehot + s/classes, smoothed by s.
 *
 * Source: Szegedy et al. 2016, *Rethinking the Inception architecture*, section 7 (smoothing).
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Losses } from "finegrain"
 * const loss = Losses.softmaxCrossEntropy().value(tf.zeros([1, 2]), tf.tensor1d([0], "int32"))
 * loss.dataSync()[0]!.toFixed(3) // => "0.693"
 * ```
 */
export const softmaxCrossEntropy = (options: { readonly labelSmoothing?: number } = {}): Loss => ({
  name: "softmax cross-entropy",
  of: "logits",
  compiled: ["categoricalCrossentropy", "sparseCategoricalCrossentropy"],
  weighs: true,
  value: (outputs, labels, weights) =>
    tf.losses.softmaxCrossEntropy(targets(outputs, labels), outputs, weights, options.labelSmoothing) as tf.Scalar
})

/**
 * Sigmoid cross-entropy of one against all, mean over classes and batch, with t = (1 − s)·onehot + s/2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Losses } from "finegrain"
 * const loss = Losses.sigmoidCrossEntropy().value(tf.zeros([1, 2]), tf.tensor1d([0], "int32"))
 * loss.dataSync()[0]!.toFixed(3) // => "0.693"
 * ```
 */
export const sigmoidCrossEntropy = (options: { readonly labelSmoothing?: number } = {}): Loss => ({
  name: "sigmoid cross-entropy",
  of: "linear",
  compiled: [],
  weighs: true,
  value: (outputs, labels, weights) =>
    tf.losses.sigmoidCrossEntropy(
      tf.cast(targets(outputs, labels), "float32"),
      outputs,
      ofRows(weights),
      options.labelSmoothing
    ) as tf.Scalar
})

/**
 * Mean squared distance of outputs and targets, one-hot ones of labels, over classes and batch.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Losses } from "finegrain"
 * Losses.meanSquaredError.value(tf.tensor2d([[1, 2]]), tf.tensor1d([0], "int32")).dataSync()[0] // => 2
 * ```
 */
export const meanSquaredError: Loss = {
  name: "mean squared error",
  of: "any",
  compiled: ["meanSquaredError"],
  weighs: true,
  value: (outputs, labels, weights) =>
    tf.losses.meanSquaredError(targets(outputs, labels), outputs, ofRows(weights)) as tf.Scalar
}

/**
 * Mean absolute difference of outputs and targets, one-hot ones of labels, over classes and batch.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Losses } from "finegrain"
 * Losses.meanAbsoluteError.value(tf.tensor2d([[1, 2]]), tf.tensor1d([0], "int32")).dataSync()[0] // => 1
 * ```
 */
export const meanAbsoluteError: Loss = {
  name: "mean absolute error",
  of: "any",
  compiled: ["meanAbsoluteError"],
  weighs: true,
  value: (outputs, labels, weights) =>
    tf.losses.absoluteDifference(targets(outputs, labels), outputs, ofRows(weights)) as tf.Scalar
}

/**
 * The supervised contrastive loss of embeddings z of length 1: for each image i the mean over others p of its class of
 * −log exp(z_i·z_p/τ)/Σ_{a≠i} exp(z_i·z_a/τ), 0 where there is no such p; mean over the batch.
 *
 * Source: Khosla et al. 2020, *Supervised contrastive learning*, equation 2.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Losses } from "finegrain"
 * // The only other image is of its class.
 * const loss = Losses.supervisedContrastive().value(tf.ones([2, 3]), tf.tensor1d([4, 4], "int32"))
 * loss.dataSync()[0]! < 1e-6 // => true
 * ```
 */
export const supervisedContrastive = ({ temperature = 0.1 }: { readonly temperature?: number } = {}): Loss => ({
  name: "supervised contrastive loss",
  of: "embeddings",
  compiled: [],
  value: (outputs, labels) => {
    const lengths = tf.maximum(tf.norm(outputs, "euclidean", 1, true), 1e-12)
    const z = tf.div(outputs, lengths)
    const others = tf.sub(1, tf.eye(labels.size))
    const similarities = tf.div(tf.matMul(z, z, false, true), temperature)
    // z_i·z_i is the largest of its row, so that nothing overflows.
    const shifted = tf.sub(similarities, 1 / temperature)
    const logits = tf.sub(shifted, tf.log(tf.sum(tf.mul(tf.exp(shifted), others), 1, true)))
    const rows = tf.expandDims(labels, 1)
    const same = tf.mul(tf.cast(tf.equal(rows, tf.transpose(rows)), "float32"), others)
    const means = tf.div(tf.sum(tf.mul(same, logits), 1), tf.maximum(tf.sum(same, 1), 1))
    return tf.neg(tf.mean(means)) as tf.Scalar
  }
})

/**
 * Hinge loss max(0, 1 − tz) of one against all with t = ±1, mean over classes and batch.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Losses } from "finegrain"
 * Losses.hinge.value(tf.tensor2d([[2, 0]]), tf.tensor1d([0], "int32")).dataSync()[0] // => 0.5
 * ```
 */
export const hinge: Loss = {
  name: "hinge loss",
  of: "any",
  compiled: [],
  weighs: true,
  value: (outputs, labels, weights) =>
    tf.losses.hingeLoss(targets(outputs, labels), outputs, ofRows(weights)) as tf.Scalar
}

/**
 * An entry of the catalogue of losses.
 *
 * @example
 * ```ts
 * import { Losses } from "finegrain"
 * const mine = Losses.entry({ about: "the mean squared error", make: () => Losses.meanSquaredError })
 * mine.make({}).of // => "any"
 * ```
 */
export const entry = Catalogue.entries<{}, Loss>()

const labelSmoothing = Schema.optionalKey(Setting.share).annotate({
  description: "share of a label that is spread over all classes (default 0)"
})

/**
 * All losses by name.
 *
 * @example
 * ```ts
 * import { Losses } from "finegrain"
 * Losses.losses["softmax-cross-entropy"].make({ labelSmoothing: 0.1 }).of // => "logits"
 * ```
 */
export const losses = {
  "softmax-cross-entropy": entry({
    about: "−Σ t log softmax(z)",
    parameters: { labelSmoothing },
    make: softmaxCrossEntropy
  }),
  "sigmoid-cross-entropy": entry({
    about: "that of one class against all others",
    parameters: { labelSmoothing },
    make: sigmoidCrossEntropy
  }),
  "mean-squared-error": entry({
    about: "squares of the distances from one-hot targets or targets as they are",
    make: () => meanSquaredError
  }),
  "mean-absolute-error": entry({
    about: "absolute differences from one-hot targets or targets as they are",
    make: () => meanAbsoluteError
  }),
  "supervised-contrastive": entry({
    about: "of embeddings: near those of the same class, far from others",
    parameters: {
      temperature: Schema.optionalKey(Setting.positive).annotate({
        description: "what the cosines of embeddings are divided by (default 0.1)"
      })
    },
    make: supervisedContrastive
  }),
  hinge: entry({ about: "max(0, 1 − tz) with t = ±1", make: () => hinge })
} satisfies Catalogue.Catalogue
