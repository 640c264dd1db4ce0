/**
 * What a run reports.
 */
import type * as Network from "../network/Network.ts"
import type * as NetworkBounds from "../network/NetworkBounds.ts"
import type { MeasureAxes } from "./measures/MeasureAxes.ts"
import type { PerStep, PomReadings } from "./measures/steps.ts"

/** One step: its loss, the number of images seen so far, and what measures of steps and of POMs record. */
export interface StepDone extends PerStep<number>, PomReadings {
  readonly _tag: "StepDone"
  readonly step: number
  readonly epoch: number
  readonly loss: number
  readonly rate: number
  readonly images: number
}

/** What a measure that was asked for gave, by line of its figure; one without a name where there is but one. */
export interface MeasureRecord extends MeasureAxes {
  readonly name: string
  readonly readings: Readonly<Record<string, number>>
}

/**
 * One epoch: losses, accuracies, means of what its steps record, norms against their bounds, and the tensors that its
 * steps left behind.
 */
export interface EpochDone extends PerStep<number> {
  readonly _tag: "EpochDone"
  readonly epoch: number
  readonly step: number
  readonly trainLoss: number
  readonly trainAccuracy: number
  /** NaN, as the accuracy, where the epoch was not tested. */
  readonly testLoss: number
  readonly testAccuracy: number
  readonly norms: ReadonlyArray<Network.LargestNorm>
  readonly normBoundViolations: number
  /**
   * How far half of the kernels on manifolds turned at most in the steps that tell of POMs, as a share of the Euclidean
   * kernels of their layers; none where no layer has both.
   */
  readonly turnedShare?: number | undefined
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
