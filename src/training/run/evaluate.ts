/** What the model of a run, or any saved one, makes of images: of those that no epoch was chosen by, for instance. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type * as Batches from "../../data/Batches.ts"
import type * as Corruptions from "../../data/Corruptions.ts"
import type { Dataset, ImageSource } from "../../data/Dataset.ts"
import * as Subset from "../../data/Subset.ts"
import * as Answers from "../Answers.ts"
import type { Catalogues } from "../Catalogues.ts"
import { schemaOf } from "../config/schema.ts"
import * as Door from "../Door.ts"
import { fits } from "../fits.ts"
import * as made from "../made.ts"
import { accuracies } from "../measures/corruptions.ts"
import * as RunDirectory from "../RunDirectory.ts"
import * as RunFiles from "../RunFiles.ts"
import * as TrainConfig from "../TrainConfig.ts"
import { atOnce } from "../trainer/batchTensors.ts"
import { evaluate as evaluated, tellsClasses } from "../trainer/evaluate.ts"
import * as ownFiles from "./ownFiles.ts"
import * as savedModel from "./savedModel.ts"

/**
 * Models that a run keeps, by name.
 *
 * @example
 * ```ts
 * import { Run } from "finegrain"
 * Run.keptModels.best.file // => "best.model.json"
 * ```
 */
export const keptModels = {
  best: { about: "that of the best epoch", file: "best.model.json" },
  last: { about: "that of the last step", file: "model.json" }
} as const satisfies Catalogue.Catalogue<Catalogue.Entry & { readonly file: string }>

/**
 * Images that models can be evaluated with, by name.
 *
 * @example
 * ```ts
 * import { Run } from "finegrain"
 * Object.keys(Run.parts) // => ["test", "validation", "training"]
 * ```
 */
export const parts = {
  test: { about: "the test images of the dataset" },
  validation: { about: "those that the run held out (validationImages)" },
  training: { about: "those that it was trained on, as they are in the dataset, labels too" }
} as const satisfies Catalogue.Catalogue

/** What is evaluated. */
export interface EvaluateOptions {
  /** Of a run: default the best one, where it is kept. */
  readonly model?: keyof typeof keptModels
  /** Default `test`. */
  readonly part?: keyof typeof parts
  /** Accuracies over images that are corrupted so, at every strength. */
  readonly corruptions?: ReadonlyArray<keyof typeof Corruptions.corruptions>
  /** Settings that differ from those of the run, or are not the default ones: `dataset`, `loss`, `use` and others. */
  readonly settings?: object
}

/** What a saved model makes of images. */
export interface ModelEvaluation extends Partial<Answers.Evaluation> {
  readonly model: string
  readonly dataset: string
  /** Of the dataset; see `Dataset`. */
  readonly checksum: string
  readonly part: keyof typeof parts
  readonly images: number
  readonly loss: number
  /** NaN where outputs are no classes. */
  readonly accuracy: number
  /** In percent, by corruption and strength. */
  readonly corruptions?: Readonly<Record<string, number>>
}

const otherwise = "Name a run that has ended, or a model.json with its weights beside it."

/** The file of a model, and the manifest of its run where it is one's. */
const found = Effect.fnUntraced(function*(given: string, asked: EvaluateOptions["model"]) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isThere = (file: string) => Effect.orElseSucceed(fs.exists(file), () => false)
  const isFile = given.endsWith(".json")
  const directory = isFile ? path.dirname(given) : given
  const manifest = yield* ownFiles.readOwn(
    directory,
    "manifest.json",
    RunFiles.decode(Schema.Struct(Struct.pick(RunFiles.Manifest.fields, ["config", "dataset"])), "manifest"),
    otherwise
  )
  const run = Option.getOrUndefined(manifest)
  if (isFile) return { file: given, run }
  const best = path.join(directory, keptModels.best.file)
  const kept = asked ?? ((yield* isThere(best)) ? "best" : "last")
  const file = path.join(directory, keptModels[kept].file)
  if (yield* isThere(file)) return { file, run }
  return yield* new RunDirectory.RunDirectoryError({
    path: directory,
    reason: `it has no ${keptModels[kept].file}`,
    remedy: kept === "best" && asked === "best"
      ? "The setting keepBest keeps the best epoch's; --model last takes that of the last step."
      : otherwise
  })
})

/** Settings of a run as far as runs have such; those of a program's own are its business. */
const settingsIn = (run: { readonly config: object } | undefined, known: Catalogues) =>
  Struct.pick((run?.config ?? {}) as Readonly<Record<string, unknown>>, Object.keys(schemaOf(known).fields))

/** The images that are asked for, as the run took them: how many of others there were, other data need not have. */
const imagesOf = Effect.fnUntraced(function*(
  all: Dataset,
  config: TrainConfig.TrainConfig,
  part: keyof typeof parts
) {
  const { testImages, trainImages, validationImages } = config
  if (part === "validation" && validationImages === undefined) {
    const problems = "there are no validation images, which validationImages would hold out: take the test images"
    return yield* new TrainConfig.ConfigError({ source: "evaluate", problems })
  }
  const { test, train } = yield* Subset.take(all, part === "test" ? { testImages } : { trainImages, validationImages })
  return part === "training" ? train : test
})

/** Bytes as they were, for models that divide them. */
const asBytes = (batch: Batches.Batch): Batches.Batch => ({
  ...batch,
  images: batch.images.map((pixel) => Math.round(255 * pixel))
})

/**
 * Loss and accuracy, and where outputs are classes of images confusion matrix, accuracy by class and calibration, of a
 * model in the format of TensorFlow.js: that of a run, by its directory, or a `model.json`.
 *
 * A run's own settings say what the data is and which loss; with `keepBest` its best model is taken. What it held out
 * for validation is not the test set: that is unseen until here. A model whose first layer is no `preprocessing_scale`
 * is given images as networks see them, from 0 to 1. Fails with RunDirectoryError where there is no model, and as
 * `Trainer.evaluate`.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import { Backend, Run } from "finegrain"
 * const evaluating = Effect.flip(Run.evaluate("/nowhere")).pipe(Effect.provide([NodeServices.layer, Backend.cpu]))
 * const { _tag } = await Effect.runPromise(evaluating)
 * _tag // => "RunDirectoryError"
 * ```
 */
export const evaluate = Effect.fnUntraced(function*(
  given: string,
  { corruptions = [], model: asked, part = "test", settings: own = {} }: EvaluateOptions = {}
) {
  const { file, run } = yield* found(given, asked)
  const { use = run?.config["use"] ?? [], ...named }: Readonly<Record<string, unknown>> = { ...own }
  const { known } = yield* Door.open(use as ReadonlyArray<string>)
  const { use: _, ...settings } = settingsIn(run, known)
  const config = yield* TrainConfig.decode({ ...settings, ...named }, given, known)
  const all = yield* made.dataset(config, known)
  if (run !== undefined && named["dataset"] === undefined && run.dataset.sha256 !== all.checksum) {
    return yield* new RunDirectory.RunDirectoryError({
      path: file,
      reason: `it was trained on ${run.dataset.name} (${run.dataset.sha256}), but ${config.dataset} is ${all.name} ` +
        `(${all.checksum})`,
      remedy: "Say which data with --dataset."
    })
  }
  const source = yield* imagesOf(all, config, part)
  const model = yield* savedModel.load(file)
  const loss = yield* made.loss(config, all, known)
  yield* fits(model, all, loss)
  const isDividing = savedModel.takesBytes(model)
  const evaluateAll = (images: ImageSource) =>
    evaluated({ model }, all, images, atOnce(all, 500), isDividing ? asBytes : undefined, loss)
  const answers = yield* evaluateAll(source)
  const { accuracy, loss: cost } = answers
  const isOfImages = all.targets === undefined && tellsClasses(all, loss)
  return {
    model: file,
    dataset: all.name,
    checksum: all.checksum,
    part,
    ...(isOfImages
      ? Answers.evaluation(all, source, answers)
      : { images: source.count, loss: cost, accuracy }),
    ...(corruptions.length === 0 ? {} : { corruptions: yield* accuracies(source, all, corruptions, evaluateAll) })
  } satisfies ModelEvaluation
}, Effect.scoped)
