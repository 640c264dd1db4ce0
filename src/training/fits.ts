import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { counted } from "../choices/counted.ts"
import type { Dataset } from "../data/Dataset.ts"
import { partsOf } from "../network/declarations/private.ts"
import { DeclarationRefused } from "../network/declarations/Refused.ts"
import { isModel } from "../network/layers/graph.ts"
import { type Loss, softmaxCrossEntropy } from "../network/losses.ts"
import * as Tensors from "../numerics/Tensors.ts"

const refused = (declares: string, reason: string, remedy: string) =>
  new DeclarationRefused({ layer: undefined, declares, reason, remedy })

/** What `model.compile` may have been told: nothing, or the loss that is trained with. */
const isCompiledWith = ({ compiled }: Loss, loss: unknown): boolean =>
  loss === undefined || loss === null || (typeof loss === "string" && compiled.includes(loss))

const declared = (model: tfl.LayersModel, own: Loss): DeclarationRefused | undefined => {
  const { inputs, loss, outputs } = model
  const batch = inputs[0]?.shape[0] ?? null
  if (inputs.length !== 1) {
    return refused(`to have ${inputs.length} inputs`, "a dataset gives one: its images", "Train a model of one input")
  }
  if (outputs.length !== 1) {
    return refused(
      `to have ${outputs.length} outputs`,
      "the loss is of one: the logits of the classes",
      "Train a model of one output: tfl.model({ inputs, outputs: logits })"
    )
  }
  if (batch !== null) {
    return refused(
      `a batch of ${counted(batch, "image")} (batchInputShape or batchSize)`,
      "the last batch of an epoch, evaluations and the measurement of λ have other sizes",
      "Leave the batch open: inputShape instead of batchInputShape"
    )
  }
  const stateful = partsOf(model).find((part) => part.stateful && !isModel(part))
  if (stateful !== undefined) {
    return new DeclarationRefused({
      layer: stateful.name,
      declares: "stateful: true",
      reason:
        "batches are drawn at random, so that none goes on where the one before it ended, and no checkpoint holds " +
        "the state",
      remedy: "Set stateful: false"
    })
  }
  return isCompiledWith(own, loss) ? undefined : refused(
    `to be compiled with the loss ${typeof loss === "string" ? loss : JSON.stringify(loss) ?? "of a function"}`,
    `the trainer's loss is ${own.name}`,
    own.compiled.length === 0
      ? "Do not compile it: training needs no compile"
      : `Compile it with ${own.compiled[0]}, or not at all: training needs no compile`
  )
}

/** The shape of the output for one image. */
export const outputShape = ({ classes, targets }: Pick<Dataset, "classes" | "targets">): ReadonlyArray<number> =>
  targets === undefined ? [classes] : targets.of === "numbers" ? targets.shape : [...targets.shape, classes]

/** The model must take the dataset's images and give one logit per class. */
export const fits = Effect.fnUntraced(function*(
  model: tfl.LayersModel,
  dataset: Dataset,
  loss: Loss = softmaxCrossEntropy()
): Effect.fn.Return<void, DeclarationRefused | Tensors.ShapeMismatch> {
  const { channels, height, width } = dataset
  const refusal = declared(model, loss)
  if (refusal !== undefined) return yield* refusal
  const agree = (where: string, shape: ReadonlyArray<number | null>, expected: ReadonlyArray<number>) => {
    // null is a length that the model leaves open.
    const actual = shape.slice(1).map((length, i) => length ?? expected[i] ?? 0)
    return actual.join() === expected.join()
      ? Effect.void
      : Effect.fail(new Tensors.ShapeMismatch({ where, expected: [...expected], actual }))
  }
  yield* agree("the model's input, for the dataset's images", model.inputs[0]!.shape, [height, width, channels])
  if (loss.of === "embeddings") return
  const what = dataset.targets === undefined ? "classes" : "targets"
  const outputs = outputShape(dataset)
  yield* agree(`the model's output, for the dataset's ${what}`, model.outputs[0]!.shape, outputs)
  if (loss.of === "logits" && dataset.targets?.of === "numbers" && outputs.at(-1) === 1) {
    return yield* refused(
      `to learn numbers by ${loss.name}`,
      "the softmax of one output is 1 whatever it is: the loss is 0, and nothing is learnt",
      "Take a loss of numbers: mean-squared-error or mean-absolute-error"
    )
  }
})
