/** A network as a classifier: its loss, and what it gets right. */
import * as tf from "@tensorflow/tfjs-core"
import { type Logits, logitsOf } from "../network/declarations/logits.ts"
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

const judge = (loss: Loss, logits: Logits, images: tf.Tensor, labels: tf.Tensor1D, training: boolean): Judged => {
  const found = logits(images, training)
  const correct = tf.sum(tf.cast(tf.equal(tf.argMax(found, -1), labels), "float32"))
  return { loss: loss.value(found, labels), correct: correct as tf.Scalar }
}

/** A network that tells classes apart, as it is trained and as it is used. */
export interface Classifier {
  /** In a training step: with the penalties that its layers declare, and what they draw in this step. */
  readonly learning: (images: tf.Tensor, labels: tf.Tensor1D, step: number) => Judged
  readonly knowing: (images: tf.Tensor, labels: tf.Tensor1D) => Judged
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
      const judged = draw(step, () => judge(loss, logits, images, labels, true))
      return { ...judged, loss: penalized(judged.loss, penalties) }
    },
    knowing: (images, labels) => judge(loss, logits, images, labels, false)
  }
}
