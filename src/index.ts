/**
 * The public face: of what every room hands out, what is for everybody.
 *
 * @module finegrain
 */
export * from "./core/index.ts"
export {
  Arrays,
  Augment,
  Batches,
  Cifar,
  ClassFolders,
  ClassWeights,
  Corruptions,
  Csv,
  DataError,
  Dataset,
  Datasets,
  Idx,
  ImageFolder,
  LabelNoise,
  Labels,
  Mnist,
  Npy,
  Subset,
  Variations
} from "./data/index.ts"
export { Backend } from "./engine/index.ts"
export { Experiment, Statistics } from "./experiment/index.ts"
export { Report } from "./report/index.ts"
export {
  Answers,
  Checkpoint,
  Controls,
  Door,
  Loop,
  Measures,
  Run,
  RunDirectory,
  TrainConfig,
  Trainer,
  Versions
} from "./training/index.ts"
