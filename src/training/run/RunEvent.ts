/** What an observer of a run is told. */
import type * as Network from "../../network/Network.ts"
import type { HardlyMoves } from "../hardlyMoves.ts"
import type { TrainingEvent } from "../TrainingEvent.ts"

/** What an observer of a run is told first. */
export interface Started {
  readonly _tag: "Started"
  readonly backend: string
  readonly parameters: number
  readonly constrained: number
  readonly poms: number
  /** Layers that are on no manifold, and why. */
  readonly unconstrained: ReadonlyArray<Network.Unconstrained>
  readonly images: number
  readonly totalImages: number
  /** What was left out of the data, or is otherwise than it may seem. */
  readonly notes: ReadonlyArray<string>
  readonly output: string
}

/** A run that goes on where an earlier process stopped. */
export interface Resumed {
  readonly _tag: "Resumed"
  readonly step: number
  /** Images seen before. */
  readonly images: number
}

/** The run was completed by an earlier process: nothing is trained, and nothing in its directory is touched. */
export interface AlreadyCompleted {
  readonly _tag: "Found"
}

/** Events of a run: its start, what should be told of its settings, then those of the trainer. */
export type RunEvent = Started | HardlyMoves | Resumed | AlreadyCompleted | TrainingEvent
