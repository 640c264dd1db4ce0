/** Runs: configuration, training, and their directories. Other rooms import only what stands here. */
export * as Checkpoint from "./Checkpoint.ts"
export * as Door from "./Door.ts"
export * as Loop from "./Loop.ts"
export * as Measures from "./measures.ts"
export * as Run from "./Run.ts"
export * as RunDirectory from "./RunDirectory.ts"
export * as TrainConfig from "./TrainConfig.ts"
export * as Trainer from "./Trainer.ts"
export * as Versions from "./Versions.ts"

// For the rooms above alone.
export * as Catalogues from "./Catalogues.ts"
export * as endings from "./endings.ts"
export * as made from "./made.ts"
export * as RunFiles from "./RunFiles.ts"
export * as RunLock from "./RunLock.ts"
export * as TrainingEvent from "./TrainingEvent.ts"
export * as ValidationIssues from "./ValidationIssues.ts"
