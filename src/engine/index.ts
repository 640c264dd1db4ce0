/** Engines, and what they may offer. Other rooms import only what stands here. */
export * as Backend from "./Backend.ts"
export * as FusedKernels from "./FusedKernels.ts"

// For the rooms above alone.
export * as chainedOperations from "./chainedOperations.ts"
export * as Engine from "./Engine.ts"
export * as Factorizations from "./Factorizations.ts"
export * as gpus from "./gpus.ts"
export * as layerKernels from "./layerKernels.ts"
export * as MatrixForm from "./MatrixForm.ts"
export * as Postponed from "./Postponed.ts"
export * as sizeOf from "./sizeOf.ts"
export * as Step from "./Step.ts"
export * as volumeGradients from "./volumeGradients.ts"
export * as memory from "./wasm/memory.ts"
