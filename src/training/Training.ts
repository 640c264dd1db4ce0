/**
 * A run in progress, whoever takes its steps: what is needed to record it, and to go on with it.
 */
import type * as Effect from "effect/Effect"
import type { DatasetInvalid } from "../data/DataError.ts"
import type { ImageCorrupt } from "../data/Dataset.ts"
import type { DeclarationRefused } from "../network/declarations/Refused.ts"
import type { Preprocessing } from "../network/models/index.ts"
import type * as Tensors from "../numerics/Tensors.ts"
import type * as Optimizer from "../optimizer/Optimizer.ts"
import type { Evaluation } from "./Answers.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import type { BatchError } from "./feasible.ts"
import type { MeasureFailed } from "./measures.ts"
import type { EvaluationError } from "./trainer/evaluate.ts"
import type { EpochDone, TrainingEvent } from "./TrainingEvent.ts"

/** What is known of a run at any moment. */
export interface TrainingProgress {
  readonly steps: number
  readonly epochs: ReadonlyArray<EpochDone>
  readonly tensorsLeaked: number
  /** Why it ended before its last epoch. */
  readonly stopped?: string | undefined
}

/** Why a step, an epoch or a test failed. */
export type TrainingError =
  | BatchError
  | DatasetInvalid
  | DeclarationRefused
  | MeasureFailed
  | Tensors.ReadFailed
  | Optimizer.OptimizerError
  | ImageCorrupt
  | Tensors.Diverged
  | Tensors.ShapeMismatch

/** A run in progress, with the errors and the context of a loop of the user's own. */
export interface Training<out OwnError = never, out OwnContext = never> {
  /**
   * Trains to the end, reporting every event. Interruptible between steps; the model keeps the last completed step's
   * weights.
   */
  readonly train: <E, R>(
    report: (event: TrainingEvent) => Effect.Effect<void, E, R>
  ) => Effect.Effect<TrainingProgress, E | OwnError | TrainingError, R | OwnContext>
  readonly progress: Effect.Effect<TrainingProgress>
  /** Everything that a later run needs to go on from here, to the same bits; between steps. */
  readonly snapshot: Effect.Effect<Checkpoint.Snapshot, Tensors.ReadFailed>
  /** Whether a later run can go on from any step, or from ends of epochs only. */
  readonly resumes: "steps" | "epochs"
  /**
   * Runs with the weights that are tested in the model, as to save it: those of the last step, or the average of the
   * points where the chain keeps one; those of the last step are put back.
   */
  readonly evaluated: <A, E, R>(use: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** What the network makes of the test images, of the weights that are tested; none where they have no classes. */
  readonly evaluation?: Effect.Effect<Evaluation, EvaluationError>
  /** What is done to images before the network sees them; without it a saved model takes them as its loop does. */
  readonly preprocessing?: Effect.Effect<Preprocessing, ImageCorrupt>
  /** The number of the best epoch so far; without it no model but the last is kept. */
  readonly best?: Effect.Effect<number | undefined>
  readonly epochs: number
  /** The name of r(t). */
  readonly schedule: string
  /** How the steps are computed on this engine; see StepFusion. */
  readonly interpretation: string
}
