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

const judge = (loss: Loss, found: tf.Tensor2D, labels: tf.Tensor1D) => {
  const predicted = tf.argMax(found, -1)
  const correct = tf.sum(tf.cast(tf.equal(predicted, labels), "float32")) as tf.Scalar
  return { predicted, judged: { loss: loss.value(found, labels), correct } }
}

/** A network that tells classes apart, as it is trained and as it is used. */
export interface Classifier {
  /** In a training step: with the penalties that its layers declare, and what they draw in this step. */
  readonly learning: (images: tf.Tensor, labels: tf.Tensor1D, step: number) => Judged
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
  loss: Loss = softmaxCrossEntropy()
): Classifier => {
  const logits = logitsOf(model, loss)
  const penalties: ReadonlyArray<Penalty> = penaltiesOf(model)
  const draw = drawing(model, seed)
  return {
    learning: (images, labels, step) => {
      Layers.setStep(model, step)
      const judged = draw(step, () => judge(loss, logits(images, true), labels).judged)
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
