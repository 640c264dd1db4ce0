/** Weights of examples in `fit`, which TensorFlow.js multiplies losses by but does not take (4.22.0). */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import { counted } from "../../choices/counted.ts"
import { misuse } from "../LoadedOptimizer.ts"

type Loss = (targets: tf.Tensor, outputs: tf.Tensor) => tf.Tensor

/** Data as `fit` takes it apart: inputs, targets, and what it multiplies the losses of each output by. */
type Standard = [xs: Array<tf.Tensor>, ys: Array<tf.Tensor>, weights: ReadonlyArray<tf.Tensor | null> | null]

/** What of a model `fit` works with. */
interface Fitted {
  readonly outputNames: ReadonlyArray<string>
  readonly outputs: ReadonlyArray<tfl.SymbolicTensor>
  lossFunctions: ReadonlyArray<Loss>
  standardizeUserData: (x: unknown, y: unknown, weights?: unknown, ...rest: ReadonlyArray<unknown>) => Promise<Standard>
}

/** Given as one tensor for all outputs, as one for each, or by their names. */
const ofOutput = (given: unknown, { outputNames }: Fitted, i: number): unknown => {
  if (given instanceof tf.Tensor) return given
  const one: unknown = Array.isArray(given) && given.length === outputNames.length
    ? given[i]
    : Object(given)[outputNames[i]!]
  if (one !== undefined) return one
  throw misuse(`sampleWeight is to be a tensor, or one for each output: ${outputNames.join(", ")}`)
}

/** One number for each example, or one for each place of it, in the rank that losses have. */
const inRank = (given: unknown, examples: number, rank: number): tf.Tensor => {
  const { shape } = given instanceof tf.Tensor ? given : tf.tensor(given as tf.TensorLike)
  if (shape[0] !== examples || shape.length !== 1 && shape.length !== rank) {
    const places = rank === 1 ? "" : ` or [${examples}, … ${rank - 1} more]`
    throw misuse(
      `sampleWeight is [${shape.join(", ")}], but ${
        counted(examples, "example has", "examples have")
      } weights [${examples}]${places}`
    )
  }
  const weights = tf.cast(given as tf.Tensor, "float32")
  return shape.length === rank ? tf.clone(weights) : tf.reshape(weights, [examples, ...Array(rank - 1).fill(1)])
}

/** What losses are multiplied by, with the weights of classes where there are some. */
const combined = (fitted: Fitted, given: unknown, [xs, ys, byClass]: Standard): Standard => {
  const weights = tf.tidy(() =>
    fitted.outputs.map(({ shape }, i) => {
      const own = inRank(ofOutput(given, fitted, i), ys[i]!.shape[0]!, Math.max(1, shape.length - 1))
      const other = byClass?.[i] ?? undefined
      return other === undefined ? own : tf.mul(own, tf.reshape(other, [-1, ...Array(own.rank - 1).fill(1)]))
    })
  )
  if (byClass !== null) tf.dispose(byClass.filter((one) => one !== null))
  return [xs, ys, weights]
}

/** A loss that gives a number for each example: the mean of them cannot be weighted any more. */
const perExample = (loss: Loss): Loss => (targets, outputs) => {
  const losses = loss(targets, outputs)
  if (losses.rank > 0 && losses.shape[0] === outputs.shape[0]) return losses
  throw misuse(
    `sampleWeight and classWeight weigh the losses of ${outputs.shape[0]} examples, but the loss gives ` +
      `[${losses.shape.join(", ")}]: let it leave the mean to fit`
  )
}

const refuse = (method: string, args: object | undefined, given = args !== undefined && "sampleWeight" in args) => {
  if (!given) return
  throw misuse(
    `${method} takes no sampleWeight, fit does: or take steps with the weights in the loss, ` +
      "`optimizer.minimize(() => loss)`"
  )
}

/** What TensorFlow.js would ignore in silence. */
const refuseElsewhere = (model: tfl.LayersModel): void => {
  const [evaluate, evaluateDataset] = [model.evaluate.bind(model), model.evaluateDataset.bind(model)]
  const [fitDataset, trainOnBatch] = [model.fitDataset.bind(model), model.trainOnBatch.bind(model)]
  model.evaluate = (x, y, args) => {
    refuse("evaluate", args)
    return evaluate(x, y, args)
  }
  model.evaluateDataset = async (dataset, args) => {
    refuse("evaluateDataset", args)
    return evaluateDataset(dataset, args)
  }
  model.fitDataset = async (dataset, args) => {
    refuse("fitDataset", args)
    return fitDataset(dataset, args)
  }
  model.trainOnBatch = async (x, y, ...more: ReadonlyArray<unknown>) => {
    refuse("trainOnBatch", undefined, more.length > 0)
    return trainOnBatch(x, y)
  }
}

const weighted = new WeakSet<tfl.LayersModel>()

/**
 * Lets `fit` of a model take `sampleWeight`, and refuse losses that weights cannot reach; its other methods refuse it.
 *
 * TensorFlow.js slices and applies such weights, since those of classes become some, and throws only where it takes its
 * arguments apart: that step is done here, on this model, while `fit` runs.
 */
export const takeExampleWeights = (model: tfl.LayersModel): void => {
  if (weighted.has(model)) return
  weighted.add(model)
  refuseElsewhere(model)
  const fit = model.fit.bind(model)
  model.fit = async (x, y, args = {}) => {
    if ((args.sampleWeight ?? args.classWeight ?? undefined) === undefined) return fit(x, y, args)
    // A sequence makes the model that it is anew whenever it is compiled.
    const fitted = ((model as { model?: unknown }).model ?? model) as Fitted
    const { lossFunctions } = fitted
    const standardize = fitted.standardizeUserData.bind(fitted)
    fitted.lossFunctions = lossFunctions.map(perExample)
    fitted.standardizeUserData = async (inputs, targets, given, ...rest) => {
      const standard = await standardize(inputs, targets, null, ...rest)
      return given === undefined || given === null ? standard : combined(fitted, given, standard)
    }
    try {
      return await fit(x, y, args)
    } finally {
      fitted.lossFunctions = lossFunctions
      Reflect.deleteProperty(fitted, "standardizeUserData")
    }
  }
}
