/** The options of a run, refused where nothing could be trained with them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Augmentation } from "../data/Augment.ts"
import type { Dataset } from "../data/Dataset.ts"
import type * as Variations from "../data/Variations.ts"
import { type Loss, softmaxCrossEntropy } from "../network/losses.ts"
import type * as Network from "../network/Network.ts"
import type * as Seed from "../numerics/Seed.ts"
import type * as Schedule from "../optimizer/Schedule.ts"
import type * as StepSize from "../optimizer/StepSize.ts"
import type { Transform } from "../optimizer/Transform.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import { type Control, isOfTests, type Watching } from "./Controls.ts"
import type { Evaluation } from "./evaluations.ts"
import type { Asked } from "./measures.ts"
import { tellsClasses } from "./trainer/evaluate.ts"
import * as turns from "./trainer/turns.ts"

/** What a run does. */
export interface TrainerOptions {
  readonly network: Network.Network
  readonly dataset: Dataset
  readonly schedule: Schedule.Schedule
  readonly epochs: number
  readonly batchSize: number
  readonly seed: Seed.Seed
  /** Default 0.9. */
  readonly momentum?: number
  /** Default 0. */
  readonly weightDecay?: number
  /** Default `StepSize.curvatureAware()`. */
  readonly rule?: StepSize.Rule
  /**
   * Another optimizer, with a schedule of its own; default FG-SGD with the schedule, momentum, weight decay and rule
   * above.
   */
  readonly transform?: Transform
  /** What is to become small; default softmax cross-entropy. */
  readonly loss?: Loss
  /** Training images from whose features λ is measured at the start of every epoch; default 512. */
  readonly renormalizationImages?: number
  /** Whether ℜ = γ/λ; default true. Without it ℜ = γ. */
  readonly measureLambda?: boolean
  /** How training images are varied; default `none`. */
  readonly augment?: Augmentation
  /** How the images of a step are varied after that, one after the other; default not at all. */
  readonly vary?: ReadonlyArray<Variations.Named>
  /** How much the images of each class count in the training loss, by a loss that heeds weights; default 1. */
  readonly classWeights?: ReadonlyArray<number>
  /** Whether channels are brought to mean 0 and deviation 1 over the training images; default false. */
  readonly normalize?: boolean
  /** Whether to measure the six generalization bounds, as often as `measures`; default false. */
  readonly measureBounds?: boolean
  /** Which weights are tested where the chain keeps an average of the points; default the average. */
  readonly evaluate?: Evaluation
  /**
   * Epochs from one test to the next; the last epoch is always tested, and those at whose end `measures` are taken.
   * Others have NaN for the loss and accuracy of the test. Default 1.
   */
  readonly testEvery?: number
  /** What else is measured at the end of every epoch; default nothing. */
  readonly measures?: ReadonlyArray<Asked>
  /** Epochs from one of these measurements to the next; the last epoch is always measured. Default 1. */
  readonly measuresEvery?: number
  /** What the epochs so far decide about those to come; default nothing. */
  readonly controls?: ReadonlyArray<Control>
  /** By what the best epoch is known whose model is to be kept, too; default none is. */
  readonly keepBest?: Watching
  /** Where an earlier run stood: this one goes on from there, to the same bits. */
  readonly from?: Checkpoint.Snapshot | undefined
}

/** An option of a run, or data, with which nothing can be trained. */
export class OptionRefused extends Schema.TaggedError<OptionRefused>()("OptionRefused", {
  option: Schema.String,
  expected: Schema.String,
  actual: Schema.String
}) {
  override get message() {
    return `${this.option} must be ${this.expected}, not ${this.actual}`
  }
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1

/** A window of an image is another than that of its targets. */
const augmentRefusal = ({ augment = "none", dataset: { targets } }: TrainerOptions) =>
  augment === "none" || targets === undefined || targets.shape.length === 1
    ? undefined
    : new OptionRefused({
      option: "augment",
      expected: "none, since targets are not cropped with images",
      actual: augment
    })

const weightsRefusal = ({ classWeights, dataset, loss = softmaxCrossEntropy() }: TrainerOptions) => {
  if (classWeights === undefined) return undefined
  const { classes, targets } = dataset
  const refuse = (expected: string, actual: string) => new OptionRefused({ option: "classWeights", expected, actual })
  if (loss.weighs !== true) return refuse(`left out, since the loss ${loss.name} heeds no weights`, "given")
  if (targets !== undefined) return refuse("left out, since targets are no classes of images", "given")
  return classWeights.length === classes && classWeights.every((weight) => weight > 0 && Number.isFinite(weight))
    ? undefined
    : refuse(`${classes} positive numbers`, classWeights.join(", "))
}

/** A number of something that a run would be nothing without. */
export const countRefusal = (option: string, value: number): OptionRefused | undefined =>
  isCount(value)
    ? undefined
    : new OptionRefused({ option, expected: "a whole number of at least 1", actual: String(value) })

/** What FG-SGD would be made of, beside another optimizer that has its own. */
export const chainRefusal = (
  options: Pick<TrainerOptions, "momentum" | "rule" | "transform" | "weightDecay">
): OptionRefused | undefined => {
  const given = (["momentum", "weightDecay", "rule"] as const).find((option) => options[option] !== undefined)
  return options.transform === undefined || given === undefined ? undefined : new OptionRefused({
    option: given,
    expected: "left out beside transform, which is an optimizer with its own",
    actual: "given"
  })
}

/** Controls would take an epoch without a test for one that is no better. */
export const testsRefusal = (
  { controls = [], testEvery = 1 }: Pick<TrainerOptions, "controls" | "testEvery">
): OptionRefused | undefined =>
  testEvery === 1 || !controls.some(({ watch }) => watch !== undefined && isOfTests(watch))
    ? countRefusal("testEvery", testEvery)
    : new OptionRefused({
      option: "testEvery",
      expected: "1, since a control watches what tests find of every epoch",
      actual: String(testEvery)
    })

/** Where outputs are no classes, an error that is watched would never become better. */
const watchRefusal = ({ controls = [], dataset, keepBest, loss }: TrainerOptions) => {
  const watched = [...controls, ...keepBest === undefined ? [] : [keepBest]].map(({ watch }) => watch)
  return !watched.includes("test-error") || tellsClasses(dataset, loss) ? undefined : new OptionRefused({
    option: "watch",
    expected: "test-loss or training-loss, since outputs that tell no classes have no error",
    actual: "test-error"
  })
}

/** Angles are of constrained layers: refused before an epoch has been trained that could tell of none. */
const anglesRefusal = ({ measures = [], network }: TrainerOptions) => {
  const asking = measures.find(({ asksTurns }) => asksTurns === true)
  return asking === undefined || turns.areMeasured(network) ? undefined : new OptionRefused({
    option: "measures",
    expected: `without ${asking.name}, since no layer of the network has kernels whose angles could be measured`,
    actual: asking.name
  })
}

/**
 * Refuses what would only show as numbers that are none, or as nothing at all: no epoch, a split without an image.
 *
 * @internal
 */
export const check = (options: TrainerOptions): Effect.Effect<void, OptionRefused> => {
  const { dataset, epochs, measuresEvery = 1, renormalizationImages = 1, seed } = options
  const counts = {
    epochs,
    renormalizationImages,
    measuresEvery,
    "the number of training images": dataset.train.count,
    "the number of test images": dataset.test.count
  }
  const wrong = Object.entries(counts).find(([, value]) => !isCount(value))
  const refusal = (wrong === undefined ? undefined : countRefusal(...wrong)) ?? weightsRefusal(options) ??
    augmentRefusal(options) ?? watchRefusal(options) ?? anglesRefusal(options) ?? chainRefusal(options) ??
    testsRefusal(options)
  if (refusal !== undefined) return Effect.fail(refusal)
  return Number.isSafeInteger(seed)
    ? Effect.void
    : Effect.fail(new OptionRefused({ option: "seed", expected: "a whole number", actual: String(seed) }))
}
