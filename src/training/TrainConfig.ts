/** Every setting of a training run in one schema, from which flags, help and tables derive. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"
import * as Specification from "../collections/Specification.ts"
import * as Datasets from "../data/Datasets.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Optimizers from "../optimizer/catalogue.ts"
import * as Schedules from "../optimizer/schedules.ts"
import { builtIn, type Catalogues } from "./Catalogues.ts"
import * as Controls from "./Controls.ts"
import * as ValidationIssues from "./ValidationIssues.ts"

const { count, notNegative, orDefault, positive, share } = Setting

const collectionOf = ({ manifolds }: Catalogues) =>
  Schema.String.check(
    Schema.makeFilter((text: string) =>
      Result.match(Specification.parse(text, manifolds), {
        onFailure: ({ message }) => message,
        onSuccess: () => undefined
      })
    )
  )

/** Names of a catalogue: what they choose, and what each is. */
const chosen = <C extends Catalogue.Catalogue>(what: string, catalogue: C) => ({
  description: `${what}: ${Catalogue.help(catalogue)}`
})

/** Names to which a user may add others. */
const open = <C extends Catalogue.Catalogue>(catalogue: C): Schema.Codec<Catalogue.Name<C>> =>
  Catalogue.schema(catalogue) as Schema.Codec<string> as Schema.Codec<Catalogue.Name<C>>

const layerOf = (known: Catalogues) =>
  Schema.Struct({
    collection: Schema.optionalKey(collectionOf(known)),
    strategy: Schema.optionalKey(Catalogue.schema(known.strategies)),
    selection: Schema.optionalKey(Catalogue.schema(known.selections)),
    matricization: Schema.optionalKey(Catalogue.schema(known.matricizations))
  })

/**
 * How one layer differs from the others.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { TrainConfig } from "finegrain"
 * Schema.decodeUnknownSync(TrainConfig.LayerConfig)({ collection: "St" }).collection // => "St"
 * ```
 */
export const LayerConfig = layerOf(builtIn)

/** What schedules were called in earlier versions. */
const renamed: Readonly<Record<string, string>> = { step: "step-decay" }

const scheduleOf = ({ schedules }: Catalogues) =>
  Schema.String.pipe(
    Schema.decodeTo(
      Schedules.textOf(schedules),
      SchemaTransformation.transform({ decode: (text) => renamed[text] ?? text, encode: (text: string) => text })
    )
  )

/** Every setting, with what it is; one more is one more line. */
const fieldsOf = (known: Catalogues) => ({
  use: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)).annotate({
    description: "modules with manifolds, optimizers, schedules, models, datasets, losses or measures of your own"
  }),
  dataset: orDefault(Schema.NonEmptyString, "mnist").annotate({
    description:
      `${Catalogue.help(known.datasets)}; or a directory: four IDX files, the binary version of CIFAR-10 or ` +
      "CIFAR-100, or class folders of images, train/CLASS/*.JPEG and val/CLASS/*.JPEG; of several datasets in one " +
      "directory, DIR/emnist-letters are the files whose names begin so"
  }),
  ...Datasets.parameters,
  ...Catalogue.parameters(known.datasets),
  trainImages: Schema.optionalKey(count).annotate({
    description: "so many training images instead of all; the same ones whatever the seed"
  }),
  testImages: Schema.optionalKey(count).annotate({
    description: "so many test images instead of all; the same ones whatever the seed"
  }),
  validationImages: Schema.optionalKey(count).annotate({
    description:
      "test on so many held-out training images instead of the test set, to choose hyperparameters by; the " +
      "same ones whatever the seed"
  }),
  labelNoise: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))).annotate({
    description:
      "the labels of this share of the training images are drawn anew, uniformly from all classes, the right one " +
      "among them, by the seed; held-out and test images keep theirs (default 0)"
  }),
  model: orDefault(open(known.models), "small-cnn").annotate(chosen("network", known.models)),
  ...Catalogue.parameters(known.models),
  collection: orDefault(collectionOf(known), "Sp+Ob+St+Euc").annotate({
    description: `manifolds among which the groups of every convolution are shared, joined by +: ${
      known.manifolds.map(({ symbol }) => symbol).join(", ")
    }`
  }),
  strategy: orDefault(Catalogue.schema(known.strategies), "PIO").annotate(chosen("groups", known.strategies)),
  selection: orDefault(Catalogue.schema(known.selections), "random").annotate(
    chosen("how groups are drawn", known.selections)
  ),
  policy: orDefault(Catalogue.schema(known.policies), "unit").annotate(
    chosen("geometric scaling γ of the renormalization", known.policies)
  ),
  measureLambda: orDefault(Schema.Boolean, true).annotate({
    description: "ℜ = γ/λ with λ measured at the start of every epoch; without it ℜ = γ"
  }),
  layers: orDefault(Schema.Record(Schema.String, layerOf(known)), {}).annotate({
    description: `layers that differ, by name, in ${Object.keys(LayerConfig.fields).join(", ")}`
  }),
  seed: orDefault(Schema.Int, 1).annotate({ description: "seed of everything random" }),
  epochs: orDefault(count, 2).annotate({ description: "passes over the data" }),
  batchSize: orDefault(count, 64).annotate({ description: "images per step" }),
  learningRate: orDefault(positive, 0.05).annotate({ description: "r₀ of the schedule" }),
  schedule: orDefault(scheduleOf(known), "cosine").annotate({
    description: `r(t), joined as "warmup(5 epochs) then cosine(to=1%) for 80% then constant(0.01)": ${
      Catalogue.help(known.schedules)
    }`
  }),
  optimizer: Schema.optionalKey(open(known.optimizers)).annotate({
    description: `how directions follow from gradients: ${Catalogue.help(known.optimizers)} (default fg-sgd)`
  }),
  ...Catalogue.parameters(known.optimizers),
  metric: Schema.optionalKey(Catalogue.schema(known.metrics)).annotate({
    description: `whose steps they are: ${Catalogue.help(known.metrics)} (default points)`
  }),
  rates: Schema.optionalKey(Schema.Record(Schema.String, positive)).annotate({
    description: "factors of the learning rate by manifold (Sp), kind of parameter (bias) or layer (layers/stem)"
  }),
  ratesAfterRule: Schema.optionalKey(Schema.Boolean).annotate({
    description: "rates scale what the step rule gives, not what it gets"
  }),
  clip: Schema.optionalKey(positive).annotate({
    description: "the largest norm of a direction of the whole network (default none)"
  }),
  accumulate: Schema.optionalKey(count).annotate({
    description: "so many batches whose gradients are taken together for one step (default 1)"
  }),
  average: Schema.optionalKey(share).annotate({
    description: "d in [0, 1) of an average of the points, kept on the manifolds, a ← nearest(d·a + (1 − d)·ω) " +
      "(default none)"
  }),
  evaluate: Schema.optionalKey(Catalogue.schema(known.evaluations)).annotate({
    description: `which weights are tested and saved where there is an average: ${
      Catalogue.help(known.evaluations)
    } (default average)`
  }),
  watch: Schema.optionalKey(Catalogue.schema(known.watched)).annotate({
    description: `what is to become better from epoch to epoch, for patience, plateau and keepBest: ${
      Catalogue.help(known.watched)
    } (default test-loss)`
  }),
  ...Controls.parameters,
  loss: Schema.optionalKey(open(known.losses)).annotate({
    description: `what is to become small: ${Catalogue.help(known.losses)} (default softmax-cross-entropy)`
  }),
  ...Catalogue.parameters(known.losses),
  weighting: Schema.optionalKey(Catalogue.schema(known.weightings)).annotate({
    description: `how much the images of a class count in the training loss: ${
      Catalogue.help(known.weightings)
    } (default none)`
  }),
  classWeights: Schema.optionalKey(Schema.Record(Schema.String, positive)).annotate({
    description: "factors of these weights by class (default 1)"
  }),
  rule: orDefault(Catalogue.schema(known.rules), "curvatureAware").annotate(chosen("length of a step", known.rules)),
  ...Catalogue.parameters(known.rules),
  momentum: orDefault(share, 0.9).annotate({ description: "θ in [0, 1)" }),
  weightDecay: orDefault(notNegative, 0).annotate({ description: "a factor of the weights in their gradients" }),
  augment: orDefault(Catalogue.schema(known.augmentations), "none").annotate(
    chosen("how training images are varied", known.augmentations)
  ),
  vary: Schema.optionalKey(Schema.Array(open(known.variations)).check(Schema.isUnique())).annotate({
    description: `how the images of a step are varied after that, in this order: ${Catalogue.help(known.variations)}`
  }),
  ...Catalogue.parameters(known.variations),
  normalize: orDefault(Schema.Boolean, false).annotate({
    description: "channels are brought to mean 0 and deviation 1 over the training images"
  }),
  measureBounds: orDefault(Schema.Boolean, false).annotate({
    description: "the six generalization bounds are measured at the end of every epoch"
  }),
  measures: Schema.optionalKey(Schema.Array(open(known.measures)).check(Schema.isUnique())).annotate({
    description: `what else is measured at the end of every epoch: ${Catalogue.help(known.measures)}`
  }),
  measuresEvery: Schema.optionalKey(count).annotate({
    description: "epochs from one of these measurements to the next; the last epoch is always measured (default 1)"
  }),
  ...Catalogue.parameters(known.measures),
  ...Catalogue.parameters(known.schedules),
  backend: orDefault(Catalogue.schema(known.backends), "auto").annotate(
    chosen("engine that runs the tensors", known.backends)
  ),
  ...Catalogue.parameters(known.backends)
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
export const TrainConfig = Schema.Struct(fieldsOf(builtIn))

/**
 * The schema of a configuration that may name entries of the user's own, too.
 *
 * @internal
 */
export const schemaOf = (known: Catalogues): typeof TrainConfig =>
  known === builtIn ? TrainConfig : Schema.Struct(fieldsOf(known))

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

const strictly = { errors: "all", onExcessProperty: "error" } as const

/** Whether no matrix of this family has a bound of its sectional curvature. */
const isUnbounded = ({ at }: Manifold.Family): boolean =>
  Result.match(at([3, 3]), { onFailure: () => false, onSuccess: ({ curvature }) => !Number.isFinite(curvature.max) })

const familiesOf = (text: string, { manifolds }: Catalogues): ReadonlyArray<Manifold.Family> =>
  Result.getOrElse(Specification.parse(text, manifolds), () => [] as ReadonlyArray<Manifold.Family>)

/** Settings that the optimizer does not know. */
const ignoredBy = (
  { optimizer = "fg-sgd" }: TrainConfig,
  { optimizers }: { readonly optimizers: Catalogue.Catalogue<Optimizers.Entry> }
): ReadonlyArray<"momentum" | "rule"> => optimizers[optimizer]?.ignores ?? []

/** Why a schedule is longer than the run, as far as the number of epochs tells. */
const tooLong = ({ epochs, schedule, ...config }: TrainConfig, known: Catalogues): ReadonlyArray<string> => {
  const stepsPerEpoch = 2 ** 24
  try {
    Schedules.make(schedule, { rate: 1, steps: epochs * stepsPerEpoch, stepsPerEpoch }, config, known.schedules)
    return []
  } catch (error) {
    return [(error as Schedules.ScheduleError).message]
  }
}

/** Settings that are each in order but exclude each other. */
const contradictions = (config: TrainConfig, known: Catalogues): ReadonlyArray<string> => {
  const { average, collection, evaluate, layers, rates, ratesAfterRule, rho, rule } = config
  const all = [collection, ...Object.values(layers).map((layer) => layer.collection ?? collection)]
    .flatMap((text) => familiesOf(text, known))
  const unbounded = [...new Set(all.filter(isUnbounded).map(({ symbol }) => symbol))]
  return [
    ...tooLong(config, known),
    ...(rho !== undefined && rule === "plain" ? ["rho is set, but the plain rule knows none"] : []),
    ...(ratesAfterRule !== undefined && rates === undefined ? ["ratesAfterRule is set, but there are no rates"] : []),
    ...(evaluate !== undefined && average === undefined ? ["evaluate is set, but there is no average"] : []),
    ...(rule === "curvatureAware" && !ignoredBy(config, known).includes("rule") && unbounded.length > 0
      ? [
        `${
          unbounded.join(" and ")
        } has no bound of its sectional curvature, which the curvature-aware rule needs: set rule to "plain"`
      ]
      : [])
  ]
}

/** A configuration, or every mistake in it; what contradicts each other where there is none. */
const decoded = (
  input: unknown,
  known: Catalogues
): Result.Result<TrainConfig, ReadonlyArray<ValidationIssues.ValidationIssue>> =>
  Schema.decodeUnknownResult(schemaOf(known), strictly)(input).pipe(
    Result.mapError((error) => ValidationIssues.of(error, input, "setting")),
    Result.flatMap((config) => {
      const problems = contradictions(config, known).map((text) => ({ path: [], text }))
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
export const mistakes = (
  input: unknown,
  known: Catalogues = builtIn
): ReadonlyArray<ValidationIssues.ValidationIssue> =>
  Result.match(decoded(input, known), { onFailure: (found) => found, onSuccess: () => [] })

/**
 * Decodes a configuration, reporting every problem at once; unknown keys are problems.
 *
 * Fails with ConfigError, whose message has them all.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { TrainConfig } from "finegrain"
 * const error = await Effect.runPromise(Effect.flip(TrainConfig.decode({ epochs: 0, sed: 1 }, "config.json")))
 * error.message // => 'config.json: unknown setting "sed"; epochs must be a value greater than or equal to 1, not 0'
 * ```
 */
export const decode = (
  input: unknown,
  source: string,
  known: Catalogues = builtIn
): Effect.Effect<TrainConfig, ConfigError> =>
  Effect.fromResult(
    Result.mapError(decoded(input, known), (found) =>
      new ConfigError({ source, problems: found.map(({ text }) => text).join("; ") }))
  )

const knows = (catalogue: Catalogue.Catalogue, name: string, parameter: string): boolean =>
  parameter in (catalogue[name]?.parameters ?? {})

/** What says how something is watched, where nothing is. */
const idleWatch = ({ keepBest = false, patience, plateau }: TrainConfig): ReadonlyArray<readonly [string, string]> => [
  ...(keepBest || patience !== undefined || plateau !== undefined
    ? []
    : ["watch", "improvement"].map((key) => [key, "neither patience nor plateau nor keepBest is set"] as const)),
  ...(plateau === undefined ? [["plateauFactor", "plateau is not set"] as const] : [])
]

/** Parameters of none of the entries that are chosen. */
const idleOf = (catalogue: Catalogue.Catalogue, what: string, chosen: ReadonlyArray<string>) => {
  const [first, ...others] = (chosen.length === 0 ? [""] : chosen).map((name) => Catalogue.idle(catalogue, what, name))
  return [...first!].filter(([key]) => others.every((other) => other.has(key)))
}

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
export const idle = (config: TrainConfig, known: Catalogues = builtIn): ReadonlyMap<string, string> => {
  const { backend, dataset, loss = "softmax-cross-entropy", model, optimizer = "fg-sgd", schedule, validationImages } =
    config
  const ignored = ignoredBy(config, known)
  return new Map([
    ...ignored.map((key) => [key, `${optimizer} has none`] as const),
    ...(ignored.includes("rule") ? [["rho", `${optimizer} has no rule`] as const] : []),
    ...Catalogue.idle(known.optimizers, "optimizer", optimizer),
    ...Schedules.idle(schedule, known.schedules),
    ...Catalogue.idle(known.losses, "loss", loss),
    ...Catalogue.idle(known.models, "model", model),
    ...idleOf(known.variations, "variation", config.vary ?? []),
    ...idleOf(known.measures, "measure", config.measures ?? []),
    ...idleWatch(config),
    ...(config.measures === undefined ? [["measuresEvery", "nothing else is measured"] as const] : []),
    ...(Object.hasOwn(known.datasets, dataset) ? Catalogue.idle(known.datasets, "dataset", dataset) : []),
    ...(Object.hasOwn(known.datasets, dataset) && !knows(known.datasets, dataset, "imageSize")
      ? [["imageSize", `the images of ${dataset} have one size`] as const]
      : []),
    ...(backend === "auto" ? [] : Catalogue.idle(known.backends, "backend", backend)),
    ...(validationImages === undefined
      ? []
      : [["testImages", "the held-out images stand in the place of the test set"] as const])
  ])
}
