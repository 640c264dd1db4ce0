/** A network with a loss: what it costs, and what it gets right where it tells classes apart. */
import * as tf from "@tensorflow/tfjs-core"
import { logitsOf } from "../network/declarations/logits.ts"
import { drawing } from "../network/declarations/randomness.ts"
import { penalized, penaltiesOf, type Penalty } from "../network/declarations/regularization.ts"
import * as Layers from "../network/Layers.ts"
import { type Loss, softmaxCrossEntropy } from "../network/losses.ts"
import type * as Network from "../network/Network.ts"
import type * as Seed from "../numerics/Seed.ts"

/** A loss, and how many answers are right. */
interface Judged {
  readonly loss: tf.Scalar
  /** Of targets for every place of an image, the share of its places; 0 where outputs are no classes. */
  readonly correct: tf.Scalar
}

/** The class of each image, and how probable a softmax takes it for, `[images]` each. */
interface Answers {
  readonly predicted: tf.Tensor1D
  readonly confidence: tf.Tensor1D
}

/** Whether outputs have a number for every class that an answer may be. */
const tellsClasses = (loss: Loss, outputs: tf.Tensor, answers: tf.Tensor): boolean =>
  loss.of !== "embeddings" && answers.rank === outputs.rank - 1

const rightOf = (outputs: tf.Tensor, answers: tf.Tensor): tf.Scalar => {
  const isRight = tf.cast(tf.equal(tf.argMax(outputs, -1), answers), "float32")
  const places = answers.size / answers.shape[0]!
  return places === 1 ? tf.sum(isRight) : tf.div(tf.sum(isRight), places)
}

const judge = (loss: Loss, outputs: tf.Tensor, answers: tf.Tensor, weights?: tf.Tensor1D): Judged => ({
  loss: loss.value(
    outputs as tf.Tensor2D,
    answers as tf.Tensor1D,
    ...weights === undefined ? [] : [tf.gather(weights, answers as tf.Tensor1D)]
  ),
  correct: tellsClasses(loss, outputs, answers) ? rightOf(outputs, answers) : tf.scalar(0)
})

/** What was learnt of two answers for each image, as the first ones have this share. */
const mix = (own: Judged, other: Judged, share: number): Judged => {
  const both = (a: tf.Scalar, b: tf.Scalar) => tf.add(tf.mul(share, a), tf.mul(1 - share, b)) as tf.Scalar
  return { loss: both(own.loss, other.loss), correct: both(own.correct, other.correct) }
}

/** What a step learns from. */
export interface Lesson {
  readonly images: tf.Tensor
  readonly answers: tf.Tensor
  readonly mixed?: { readonly answers: tf.Tensor; readonly share: number }
}

/** What a network makes of images. */
interface Known extends Judged {
  readonly outputs: tf.Tensor
  /** Where it tells the classes of images. */
  readonly answers: Answers | undefined
}

/** A network with a loss, as it is trained and as it is used. */
export interface Classifier {
  /** In a training step: with the penalties that its layers declare, and what they draw in this step. */
  readonly learning: (lesson: Lesson, step: number) => Judged
  readonly knowing: (images: tf.Tensor, answers: tf.Tensor) => Known
}

const answersIn = (outputs: tf.Tensor): Answers => ({
  predicted: tf.cast(tf.argMax(outputs, -1), "float32") as tf.Tensor1D,
  confidence: tf.max(tf.softmax(outputs), -1) as tf.Tensor1D
})

/**
 * A network as a classifier: what its layers declare is part of it.
 *
 * @throws DeclarationRefused for an output that is no logits, as `logitsOf` has it.
 */
export const classifier = (
  { model }: Pick<Network.Network, "model">,
  seed: Seed.Seed,
  loss: Loss = softmaxCrossEntropy(),
  classWeights?: ReadonlyArray<number>
): Classifier => {
  const logits = logitsOf(model, loss)
  const penalties: ReadonlyArray<Penalty> = penaltiesOf(model)
  const draw = drawing(model, seed)
  return {
    learning: ({ answers, images, mixed }, step) => {
      Layers.setStep(model, step)
      const judged = draw(step, () => {
        const outputs = logits(images, true)
        const weights = classWeights === undefined ? undefined : tf.tensor1d([...classWeights])
        const own = judge(loss, outputs, answers, weights)
        return mixed === undefined ? own : mix(own, judge(loss, outputs, mixed.answers, weights), mixed.share)
      })
      return { ...judged, loss: penalized(judged.loss, penalties) }
    },
    knowing: (images, answers) => {
      const outputs = logits(images, false)
      const isOfImages = tellsClasses(loss, outputs, answers) && answers.rank === 1
      return { ...judge(loss, outputs, answers), outputs, answers: isOfImages ? answersIn(outputs) : undefined }
    }
  }
}
