/** Renormalization at the start of every epoch, as a callback of `fit`. */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Batches from "../../data/Batches.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import { misuse } from "../LoadedOptimizer.ts"

/** Inputs of a network, or what gives them for an epoch, from 0 as TensorFlow.js counts. */
export type RenormalizationInputs =
  | tf.Tensor
  | ReadonlyArray<tf.Tensor>
  | ((epoch: number) => tf.Tensor | ReadonlyArray<tf.Tensor>)

const flat = (inputs: tf.Tensor | ReadonlyArray<tf.Tensor>): ReadonlyArray<tf.Tensor> =>
  inputs instanceof tf.Tensor ? [inputs] : inputs

/** So many of the inputs, drawn anew by the seed and the epoch; those of a function as they are. */
const ofEpoch = (inputs: RenormalizationInputs, examples: number, seed: Seed.Seed, epoch: number) => {
  if (typeof inputs === "function") return flat(inputs(epoch)).map((x) => tf.clone(x))
  const all = flat(inputs)
  const order = Batches.epochOrder(all[0]!.shape[0]!, Seed.split(seed, "renormalization"), epoch)
  const drawn = tf.tensor1d(order.slice(0, examples), "int32")
  return all.map((x) => tf.gather(x, drawn))
}

/**
 * Hands over inputs when an epoch begins.
 *
 * @throws OptimizerError for a number of examples that is none.
 */
export const callback = (
  inputs: RenormalizationInputs,
  examples: number,
  seed: Seed.Seed,
  renormalize: (drawn: ReadonlyArray<tf.Tensor>) => Promise<void>
): tfl.CustomCallback => {
  if (!(Number.isSafeInteger(examples) && examples >= 1)) {
    throw misuse(`λ is measured from a whole number of examples from 1 upwards, not ${examples}`)
  }
  return new tfl.CustomCallback({
    onEpochBegin: (epoch) =>
      Effect.runPromise(Effect.scoped(Effect.flatMap(
        Tensors.scoped(() => ofEpoch(inputs, examples, seed, epoch)),
        (drawn) => Effect.promise(() => renormalize(drawn))
      )))
  })
}
