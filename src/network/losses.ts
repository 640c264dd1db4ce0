/**
 * The losses that configurations, flags and experiments name: an entry each.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"

/** What the outputs of a network for a batch, [images, classes], cost when these are the labels, [images]. */
export interface Loss {
  readonly name: string
  /**
   * What it is of: logits, where a softmax at the end of a model is left out; linear outputs, where anything else is
   * refused; or any outputs.
   */
  readonly of: "any" | "linear" | "logits"
  /** By what names models are compiled with it. */
  readonly compiled: ReadonlyArray<string>
  /** The mean over the batch, a scalar; with weights, [images], that of the weighted losses of the images. */
  readonly value: (outputs: tf.Tensor2D, labels: tf.Tensor1D, weights?: tf.Tensor1D) => tf.Scalar
  /** Whether it heeds weights; default false. */
  readonly weighs?: boolean
}

/** Weights of images for the losses of their classes, [images, 1]. */
const ofRows = (weights: tf.Tensor1D | undefined) => weights === undefined ? undefined : tf.expandDims(weights, 1)

const targets = ({ shape }: tf.Tensor2D, labels: tf.Tensor1D) => tf.oneHot(labels, shape[1])

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
 * Mean squared distance of outputs and one-hot targets, over classes and batch.
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
  "mean-squared-error": entry({ about: "squares of the distances from one-hot targets", make: () => meanSquaredError }),
  hinge: entry({ about: "max(0, 1 − tz) with t = ±1", make: () => hinge })
} satisfies Catalogue.Catalogue
