/** Optimizers, and the transforms that they are chains of. Other rooms import only what stands here. */
export * as Optimizers from "./catalogue.ts"
export * as FgSgd from "./FgSgd.ts"
export * as Gradients from "./Gradients.ts"
export * as ManifoldMuon from "./ManifoldMuon.ts"
export * as Optimizer from "./Optimizer.ts"
export * as RiemannianAdam from "./RiemannianAdam.ts"
export * as RiemannianSgd from "./RiemannianSgd.ts"
export * as Rules from "./rules.ts"
export * as Schedule from "./Schedule.ts"
export * as Schedules from "./schedules.ts"
export * as StepFusion from "./StepFusion.ts"
export * as StepSize from "./StepSize.ts"
export * as Transform from "./Transform.ts"
export * as Transforms from "./transforms/index.ts"

// For the rooms above alone.
export * as metrics from "./metrics.ts"
export * as manifoldMuon from "./transforms/manifoldMuon.ts"
