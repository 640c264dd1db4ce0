/** What is for everybody and needs no Node.js: rooms from choices to networks, but not how engines start. */
export { Catalogue, Setting } from "../choices/index.ts"
export { Collection, Combinators, Grouping, KernelOrder, Renormalization, Specification } from "../collections/index.ts"
export * as FusedKernels from "../engine/FusedKernels.ts"
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
} from "../geometry/index.ts"
export {
  Bounds,
  ConvolutionOperator,
  Layers,
  Losses,
  Models,
  Network,
  NetworkBounds,
  NetworkSpectra,
  optimizer
} from "../network/index.ts"
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
} from "../numerics/index.ts"
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
} from "../optimizer/index.ts"
