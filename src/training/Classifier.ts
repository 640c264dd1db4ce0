/** A network as a classifier: its loss, and what it gets right. */
import * as tf from "@tensorflow/tfjs-core"
import { logitsOf } from "../network/declarations/logits.ts"
import { drawing } from "../network/declarations/randomness.ts"
import { penalized, penaltiesOf, type Penalty } from "../network/declarations/regularization.ts"
import * as Layers from "../network/Layers.ts"
import { type Loss, softmaxCrossEntropy } from "../network/losses.ts"
import type * as Network from "../network/Network.ts"
import type * as Seed from "../numerics/Seed.ts"

/** A loss, and how many answers are right. */
export interface Judged {
  readonly loss: tf.Scalar
  readonly correct: tf.Scalar
}

/** The class of each image, and how probable a softmax takes it for, `[images]` each. */
export interface Answers {
  readonly predicted: tf.Tensor1D
  readonly confidence: tf.Tensor1D
}

const judge = (loss: Loss, found: tf.Tensor2D, labels: tf.Tensor1D, weights?: tf.Tensor1D) => {
  const predicted = tf.argMax(found, -1)
  const correct = tf.sum(tf.cast(tf.equal(predicted, labels), "float32")) as tf.Scalar
  const value = weights === undefined
    ? loss.value(found, labels)
    : loss.value(found, labels, tf.gather(weights, labels))
  return { predicted, judged: { loss: value, correct } }
}

/** What was learnt of two labels of each image, as the first ones have this share. */
const mix = (own: Judged, other: Judged, share: number): Judged => {
  const both = (a: tf.Scalar, b: tf.Scalar) => tf.add(tf.mul(share, a), tf.mul(1 - share, b)) as tf.Scalar
  return { loss: both(own.loss, other.loss), correct: both(own.correct, other.correct) }
}

/** What a step learns from. */
export interface Lesson {
  readonly images: tf.Tensor
  readonly labels: tf.Tensor1D
  readonly mixed?: { readonly labels: tf.Tensor1D; readonly share: number }
}

/** A network that tells classes apart, as it is trained and as it is used. */
export interface Classifier {
  /** In a training step: with the penalties that its layers declare, and what they draw in this step. */
  readonly learning: (lesson: Lesson, step: number) => Judged
  readonly knowing: (images: tf.Tensor, labels: tf.Tensor1D) => Judged & { readonly answers: Answers }
}

/**
 * A network as a classifier: what its layers declare is part of it.
 *
 * @throws DeclarationRefused for an output that is no logits, as `logitsOf` has it.
 */
export const classifier = (
  { model }: Network.Network,
  seed: Seed.Seed,
  loss: Loss = softmaxCrossEntropy(),
  classWeights?: ReadonlyArray<number>
): Classifier => {
  const logits = logitsOf(model, loss)
  const penalties: ReadonlyArray<Penalty> = penaltiesOf(model)
  const draw = drawing(model, seed)
  return {
    learning: ({ images, labels, mixed }, step) => {
      Layers.setStep(model, step)
      const judged = draw(step, () => {
        const found = logits(images, true)
        const weights = classWeights === undefined ? undefined : tf.tensor1d([...classWeights])
        const own = judge(loss, found, labels, weights).judged
        return mixed === undefined ? own : mix(own, judge(loss, found, mixed.labels, weights).judged, mixed.share)
      })
      return { ...judged, loss: penalized(judged.loss, penalties) }
    },
    knowing: (images, labels) => {
      const found = logits(images, false)
      const { judged, predicted } = judge(loss, found, labels)
      const confidence = tf.max(tf.softmax(found), -1) as tf.Tensor1D
      return { ...judged, answers: { predicted: tf.cast(predicted, "float32") as tf.Tensor1D, confidence } }
    }
  }
}
