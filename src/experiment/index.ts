/** Experiments as values, their trials and results. Other rooms import only what stands here. */
export * as Experiment from "./Experiment.ts"
export * as Statistics from "./Statistics.ts"

// For the rooms above alone.
export * as edges from "./edges.ts"
export * as errorKinds from "./errorKinds.ts"
export * as ExperimentDirectory from "./ExperimentDirectory.ts"
export * as ExperimentFiles from "./ExperimentFiles.ts"
export * as Launcher from "./launchers/Launcher.ts"
export * as launchers from "./launchers/launchers.ts"
export * as Ledger from "./Ledger.ts"
export * as preflight from "./preflight.ts"
export * as Queue from "./queue/Queue.ts"
export * as Results from "./Results.ts"
export * as Runner from "./Runner.ts"
export * as shard from "./shard.ts"
export * as slug from "./slug.ts"
export * as Slurm from "./slurm/status.ts"
