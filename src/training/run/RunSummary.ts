import { type PerStep, perStep } from "../measures/steps.ts"
import type { TrainingProgress } from "../Training.ts"

/**
 * How a run ended, with what was measured, means of what the steps of the last epoch recorded among it; `summary.json`
 * of a run directory.
 */
export interface RunSummary extends PerStep<number | undefined> {
  readonly status: "completed" | "interrupted" | "failed"
  /** Why it failed, or ended before its last epoch. */
  readonly reason: string | undefined
  readonly testAccuracy: number | undefined
  readonly testLoss: number | undefined
  readonly trainLoss: number | undefined
  readonly trainAccuracy: number | undefined
  /** What `measures` asked for, as it was measured last: numbers by line of the figure, by measure. */
  readonly measured: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined
  readonly epochs: number
  /** The best epoch, where its model is kept. */
  readonly bestEpoch: number | undefined
  readonly steps: number
  readonly seconds: number
  readonly seed: number
  readonly tensorsLeaked: number
  readonly normBoundViolations: number
  /**
   * SHA-256 of all weights: the same seed gives the same bits on the same backend. Missing where the engine that held
   * them failed.
   */
  readonly weightsSha256: string | undefined
  readonly output: string
}

const measuredLast = (epochs: TrainingProgress["epochs"]): RunSummary["measured"] => {
  const last = epochs.findLast(({ measures }) => measures !== undefined)?.measures
  return last === undefined ? undefined : Object.fromEntries(last.map(({ name, readings }) => [name, readings]))
}

/** What of a summary the progress of training tells. */
export const measuresOf = ({ epochs, steps, tensorsLeaked }: TrainingProgress) => {
  const last = epochs.at(-1)
  return {
    testAccuracy: last?.testAccuracy,
    testLoss: last?.testLoss,
    trainLoss: last?.trainLoss,
    trainAccuracy: last?.trainAccuracy,
    ...perStep((name) => last?.[name]),
    measured: measuredLast(epochs),
    epochs: epochs.length,
    steps,
    tensorsLeaked,
    normBoundViolations: epochs.reduce((sum, epoch) => sum + epoch.normBoundViolations, 0)
  }
}
