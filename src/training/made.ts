/**
 * The values that the settings of a run name, each made by the entry of its catalogue.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Grouping from "../collections/Grouping.ts"
import * as Specification from "../collections/Specification.ts"
import type * as Batches from "../data/Batches.ts"
import * as ClassWeights from "../data/ClassWeights.ts"
import type { Dataset } from "../data/Dataset.ts"
import * as Datasets from "../data/Datasets.ts"
import type * as Variations from "../data/Variations.ts"
import type { Loss } from "../network/losses.ts"
import type * as Models from "../network/models/index.ts"
import * as Network from "../network/Network.ts"
import * as Seed from "../numerics/Seed.ts"
import * as Shape from "../numerics/Shape.ts"
import * as Optimizers from "../optimizer/catalogue.ts"
import type * as Schedule from "../optimizer/Schedule.ts"
import * as Schedules from "../optimizer/schedules.ts"
import type { Catalogues } from "./Catalogues.ts"
import * as Controls from "./Controls.ts"
import { inOneLine } from "./Door.ts"
import { outputShape } from "./fits.ts"
import type * as Measures from "./measures.ts"
import { asked } from "./measures/asked.ts"
import type { TrainConfig } from "./TrainConfig.ts"
import { answersOf } from "./trainer/batchTensors.ts"
import { tellsClasses } from "./trainer/evaluate.ts"

/** An entry of a catalogue that makes nothing of the settings that it is given. */
export class EntryFailed extends Schema.TaggedError<EntryFailed>()("EntryFailed", {
  what: Schema.String,
  name: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The ${this.what} ${this.name} cannot be made: ${this.reason}`
  }
}

const failed = (what: string, name: string) => (error: unknown) =>
  new EntryFailed({ what, name, reason: inOneLine(error) })

/** What an entry makes, which may be a user's own, and anything. */
const attempt = <A>(what: string, name: string, make: () => A, lacks: (made: A) => string | undefined) =>
  Effect.flatMap(Effect.try({ try: make, catch: failed(what, name) }), (made) =>
    Effect.flatMap(
      Effect.try({
        try: () => typeof made === "object" && made !== null ? lacks(made) : `it is ${String(made)}`,
        catch: failed(what, name)
      }),
      (problem) => problem === undefined ? Effect.succeed(made) : Effect.fail(failed(what, name)(problem))
    ))

/** The dataset of a run, whole. */
export const dataset = (config: TrainConfig, { datasets }: Pick<Catalogues, "datasets">) =>
  Datasets.load(config.dataset, config.imageSize, datasets, config)

/** The settings that choose data, before a part of it is taken: on them its checksum may depend. */
export const settingsOfData = (
  config: object,
  { datasets }: Pick<Catalogues, "datasets">
): Readonly<Record<string, unknown>> => {
  const names = ["dataset", ...Object.keys({ ...Datasets.parameters, ...Catalogue.parameters(datasets) })]
  return Struct.pick(config as Readonly<Record<string, unknown>>, names)
}

/** The data that settings choose, in words. */
export const dataInWords = (config: object, known: Pick<Catalogues, "datasets">): string => {
  const { dataset, ...others } = settingsOfData(config, known)
  const told = Object.entries(others).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`]
  )
  return `the data ${String(dataset)}${told.length === 0 ? "" : ` (${told.toSorted().join(", ")})`}`
}

const stepsOf = ({ batchSize, epochs }: TrainConfig, { train }: Dataset) => {
  const stepsPerEpoch = Math.ceil(train.count / batchSize)
  return { steps: epochs * stepsPerEpoch, stepsPerEpoch }
}

/** The schedule of a run. */
export const schedule = (
  config: TrainConfig,
  dataset: Dataset,
  { schedules }: Catalogues
): Effect.Effect<Schedule.Schedule, Schedules.ScheduleError> => {
  const course = { rate: config.learningRate, ...stepsOf(config, dataset) }
  return Effect.try({
    try: () => Schedules.make(config.schedule, course, config, schedules),
    catch: (error) => error as Schedules.ScheduleError
  })
}

/** What of the settings says what the epochs so far decide, and the schedule that obeys it. */
export const controls = (config: TrainConfig, given: Schedule.Schedule) => {
  const { keepBest = false, patience, plateau, plateauFactor } = config
  const watching: Controls.Watching = Struct.pick(config, ["watch", "improvement"])
  const reduced = plateau === undefined ? undefined : Controls.reduceOnPlateau(given, {
    ...watching,
    patience: plateau,
    ...(plateauFactor === undefined ? {} : { factor: plateauFactor })
  })
  return {
    schedule: reduced?.schedule ?? given,
    ...(keepBest ? { keepBest: watching } : {}),
    controls: [
      ...(reduced === undefined ? [] : [reduced.control]),
      ...(patience === undefined ? [] : [Controls.earlyStopping({ ...watching, patience })])
    ]
  }
}

/** The optimizer of a run. */
export const transform = (
  config: TrainConfig,
  dataset: Dataset,
  schedule: Schedule.Schedule,
  { optimizers, rules }: Catalogues
) => {
  const { accumulate = 1, optimizer = "fg-sgd" } = config
  const { steps } = stepsOf(config, dataset)
  if (accumulate > steps) {
    const reason = `it takes the gradients of ${accumulate} batches together, and the run has ${steps}: take fewer`
    return Effect.fail(failed("optimizer", optimizer)(new RangeError(reason)))
  }
  const rule = Catalogue.make(rules, config.rule, config, {})
  return Effect.try({
    try: () => Optimizers.transform(optimizer, { ...config, schedule, rule }, optimizers),
    catch: failed("optimizer", optimizer)
  })
}

/** Tries a loss on two answers, so that one that throws or gives no number is told before a step needs it. */
const tried = ({ value }: Loss, dataset: Dataset): void =>
  tf.tidy(() => {
    const outputs = tf.zeros([2, ...outputShape(dataset)])
    const answers = answersOf(dataset, {
      labels: new Int32Array(2),
      ...(dataset.targets === undefined ? {} : { targets: new Float32Array(2 * Shape.size(dataset.targets.shape)) })
    })
    const given: unknown = value(outputs as tf.Tensor2D, answers as tf.Tensor1D)
    if (!(given instanceof tf.Tensor && given.size === 1)) throw new TypeError(`its "value" gives no scalar`)
  })

const lossName = ({ loss = "softmax-cross-entropy" }: TrainConfig) => loss

/** The loss of a run, which has not been tried on any answers: that takes an engine. */
const untriedLoss = (config: TrainConfig, { losses }: Pick<Catalogues, "losses">) =>
  attempt(
    "loss",
    lossName(config),
    () => Catalogue.make(losses, lossName(config), config, {}),
    ({ value }) => typeof value === "function" ? undefined : `it has no function "value"`
  )

/** The loss of a run. */
export const loss = (config: TrainConfig, dataset: Dataset, known: Pick<Catalogues, "losses">) =>
  Effect.tap(
    untriedLoss(config, known),
    (made) => Effect.try({ try: () => tried(made, dataset), catch: failed("loss", lossName(config)) })
  )

/** Why a run has no accuracy; undefined where it has one, and where its loss cannot be made, which the run tells. */
export const withoutAccuracy = (config: TrainConfig, dataset: Dataset, known: Pick<Catalogues, "losses">) =>
  Effect.map(Effect.option(untriedLoss(config, known)), (made): string | undefined => {
    const loss = Option.getOrUndefined(made)
    if (tellsClasses(dataset, loss)) return undefined
    return loss?.of === "embeddings" ? `the loss ${lossName(config)} tells no classes` : "its targets are numbers"
  })

/** Tries a variation on two images, so that one that gives no batch is told before a step needs it. */
const misvaried = (vary: Variations.Vary, dataset: Dataset): string | undefined => {
  const size = dataset.height * dataset.width * dataset.channels
  const given: unknown = vary({ images: new Float32Array(2 * size), labels: new Int32Array(2) }, dataset, 0)
  const { images, labels } = Object(given) as Partial<Batches.Batch>
  return images instanceof Float32Array && images.length === 2 * size && labels?.length === 2
    ? undefined
    : "of two images it gives no batch of two images"
}

/** How the images of a step are varied. */
export const variations = (config: TrainConfig, dataset: Dataset, { variations }: Catalogues) =>
  Effect.forEach(config.vary ?? [], (name) =>
    Effect.map(
      attempt(
        "variation",
        name,
        () => ({ vary: Catalogue.make<unknown>(variations, name, config, {}) }),
        ({ vary }) => typeof vary === "function" ? misvaried(vary as Variations.Vary, dataset) : "it is no function"
      ),
      ({ vary }) => ({ name, vary: vary as Variations.Vary })
    ))

/** How much the images of each class count; none where all count alike. */
export const classWeights = ({ classWeights, weighting }: TrainConfig, dataset: Dataset, { weightings }: Catalogues) =>
  (weighting ?? "none") === "none" && classWeights === undefined
    ? Effect.succeed({})
    : Effect.try({
      try: () => ({ classWeights: ClassWeights.of(dataset, weightings[weighting ?? "none"], classWeights) }),
      catch: failed("weights of classes", weighting ?? "none")
    })

/** Why a measure cannot be taken of such a run. */
const unmeasurable = (
  { needs }: Measures.AskedMeasure<never>,
  dataset: Dataset,
  loss: Loss
): string | undefined => {
  if (needs === undefined) return undefined
  if (!tellsClasses(dataset, loss)) return `it is of classes, and by ${loss.name} on ${dataset.name} outputs tell none`
  if (needs === "classes") return undefined
  if (dataset.targets !== undefined) return `it is of classes of images, and those of ${dataset.name} are of places`
  return needs === "confidence" && loss.of !== "logits"
    ? `it is of probabilities of classes, and outputs that learn by ${loss.name} tell none`
    : undefined
}

/** What a run measures beside what it records. */
export const measures = (config: TrainConfig, dataset: Dataset, loss: Loss, known: Catalogues) =>
  Effect.forEach(config.measures ?? [], (name) => {
    const entry: Measures.AskedMeasure<never> = known.measures[name as keyof typeof known.measures]
    const problem = unmeasurable(entry, dataset, loss)
    if (problem !== undefined) return Effect.fail(failed("measure", name)(problem))
    const own = Object.keys(entry.parameters ?? {})
    return Effect.succeed(asked(name, entry, Struct.pick(config as Readonly<Record<string, unknown>>, own)))
  })

const matricizedBy = (name: TrainConfig["matricization"], known: Catalogues["matricizations"]) =>
  name === undefined ? {} : { matricization: known[name] }

const layerOptions = (
  { collection, matricization, selection, strategy }: TrainConfig["layers"][string],
  defaults: TrainConfig,
  { manifolds, matricizations }: Catalogues
): Network.LayerOptions => ({
  specification: Result.getOrElse(
    Specification.parse(collection ?? defaults.collection, manifolds),
    () => collection ?? defaults.collection
  ),
  strategy: Grouping.strategy(strategy ?? defaults.strategy, selection ?? defaults.selection),
  ...matricizedBy(matricization ?? defaults.matricization, matricizations)
})

const fitOf = ({ seed }: TrainConfig, dataset: Dataset): Models.Fit => ({
  ...Struct.pick(dataset, ["height", "width", "channels", "classes"]),
  seed: Seed.split(seed, "weights")
})

/** The network of a run, and what its layers are constrained to. */
export const network = Effect.fnUntraced(function*(config: TrainConfig, dataset: Dataset, known: Catalogues) {
  const model = yield* attempt(
    "model",
    config.model,
    () => Catalogue.make(known.models, config.model, config, fitOf(config, dataset)),
    (made) => typeof made.apply === "function" && Array.isArray(made.layers) ? undefined : "it is no LayersModel"
  )
  return yield* Network.make(model, {
    ...layerOptions({}, config, known),
    policy: known.policies[config.policy],
    seed: Seed.split(config.seed, "groups"),
    overrides: Object.fromEntries(
      Object.entries(config.layers).map(([name, layer]) => [name, layerOptions(layer, config, known)])
    )
  })
})
