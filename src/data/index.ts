/** Datasets as streams of batches. Other rooms import only what stands here. */
export * as Augment from "./Augment.ts"
export * as Batches from "./Batches.ts"
export * as Cifar from "./Cifar.ts"
export * as ClassFolders from "./ClassFolders.ts"
export * as Corruptions from "./Corruptions.ts"
export * as DataError from "./DataError.ts"
export * as Dataset from "./Dataset.ts"
export * as Datasets from "./Datasets.ts"
export * as Idx from "./Idx.ts"
export * as ImageFolder from "./ImageFolder.ts"
export * as LabelNoise from "./LabelNoise.ts"
export * as Labels from "./Labels.ts"
export * as Mnist from "./Mnist.ts"
export * as Subset from "./Subset.ts"

// For the rooms above alone.
export * as WholeFile from "./WholeFile.ts"
