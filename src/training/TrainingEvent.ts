/**
 * What a run reports.
 */
import type * as Network from "../network/Network.ts"
import type * as NetworkBounds from "../network/NetworkBounds.ts"

/** One step: its loss and the number of images seen so far. */
export interface StepDone {
  readonly _tag: "StepDone"
  readonly step: number
  readonly epoch: number
  readonly loss: number
  readonly rate: number
  readonly images: number
  /** √(Σ R²), the length of the direction of all POMs together. */
  readonly gradientNorm: number
  /** 1/g by POM, what its curvature leaves of the step size; in some fifty steps of a run. */
  readonly factors?: Readonly<Record<string, number>>
  /** R by POM, the length of its direction; in the same steps. */
  readonly gradientNorms?: Readonly<Record<string, number>>
}

/** What a measure that was asked for gave, by line of its figure; one without a name where there is but one. */
export interface MeasureRecord {
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly value: string
  readonly scale?: "log"
  readonly zero?: boolean
  readonly readings: Readonly<Record<string, number>>
}

/** One epoch: losses, accuracies, norms against their bounds, and the tensors that its steps left behind. */
export interface EpochDone {
  readonly _tag: "EpochDone"
  readonly epoch: number
  readonly step: number
  readonly trainLoss: number
  readonly trainAccuracy: number
  /** Mean over the steps of the epoch. */
  readonly gradientNorm: number
  readonly testLoss: number
  readonly testAccuracy: number
  readonly norms: ReadonlyArray<Network.LargestNorm>
  readonly normBoundViolations: number
  /** The six generalization bounds; where they are asked for. */
  readonly bounds?: NetworkBounds.NetworkBounds | undefined
  /** What else was asked for, with what its figure says. */
  readonly measures?: ReadonlyArray<MeasureRecord>
  readonly tensorsLeaked: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/** What a run reports. */
export type TrainingEvent = StepDone | EpochDone
