/** Kernels as collections of products of weight manifolds. Other rooms import only what stands here. */
export * as Collection from "./Collection.ts"
export * as Combinators from "./combinators.ts"
export * as Grouping from "./Grouping.ts"
export * as KernelOrder from "./KernelOrder.ts"
export * as Renormalization from "./Renormalization.ts"
export * as Specification from "./Specification.ts"

// For the rooms above alone.
export * as kernels from "./kernelOrder/kernels.ts"
export * as matricized from "./matricized.ts"
