/** The public face: of what every room hands out, what is for everybody. */
export { Catalogue, Setting } from "./choices/index.ts"
export { Collection, Combinators, Grouping, KernelOrder, Renormalization, Specification } from "./collections/index.ts"
export {
  Augment,
  Batches,
  Cifar,
  ClassFolders,
  ClassWeights,
  Corruptions,
  DataError,
  Dataset,
  Datasets,
  Idx,
  ImageFolder,
  LabelNoise,
  Labels,
  Mnist,
  Subset,
  Variations
} from "./data/index.ts"
export { Backend, FusedKernels } from "./engine/index.ts"
export { Experiment, Statistics } from "./experiment/index.ts"
export {
  CentredSphere,
  DoublyStochastic,
  Euclidean,
  FixedRank,
  FixedSpectrum,
  Grassmann,
  Lorentz,
  Manifold,
  MatrixForm,
  NormBall,
  Oblique,
  PoincareBall,
  Simplex,
  Spd,
  SpecialOrthogonal,
  SpectralBall,
  Sphere,
  Stiefel
} from "./geometry/index.ts"
export {
  Bounds,
  ConvolutionOperator,
  Layers,
  Losses,
  Models,
  Network,
  NetworkBounds,
  NetworkSpectra
} from "./network/index.ts"
export {
  Arithmetic,
  Convergence,
  Draws,
  Interval,
  Matrices,
  NestedTensors,
  Norms,
  Seed,
  Shape,
  Tensors,
  TensorTree
} from "./numerics/index.ts"
export {
  FgSgd,
  Gradients,
  ManifoldMuon,
  Optimizer,
  Optimizers,
  RiemannianAdam,
  RiemannianSgd,
  Rules,
  Schedule,
  Schedules,
  StepFusion,
  StepSize,
  Transform,
  Transforms
} from "./optimizer/index.ts"
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
