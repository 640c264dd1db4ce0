/** What a measure is given, and what it gives. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type { Dataset, ImageSource } from "../../data/Dataset.ts"
import type * as Network from "../../network/Network.ts"
import type { Evaluated, EvaluationError, Outputs } from "../trainer/evaluate.ts"
import type { Turns } from "../trainer/turns.ts"
import type { MeasureAxes } from "./MeasureAxes.ts"

/** What is there at the end of an epoch, with the weights that are tested in the model. */
export interface AtEpoch {
  readonly network: Network.Network
  readonly dataset: Dataset
  readonly epoch: number
  /** How far steps of this epoch turned kernels, root mean squares over those that measured it, if any did. */
  readonly turned?: Turns | undefined
  /** What the network makes of the test images. */
  readonly tested: Evaluated
  /** What it makes of other images of the dataset's size, which are prepared as those of the run. */
  readonly evaluate: (source: ImageSource) => Effect.Effect<Evaluated, EvaluationError>
  /** The outputs themselves, of which any metric can be made. */
  readonly outputs: (source: ImageSource) => Effect.Effect<Outputs, EvaluationError>
}

/** A number, or several by name, one line of the figure each. */
export type Measured = number | Readonly<Record<string, number>>

/** A quantity that is measured at the end of every epoch; its figure says what `about` says where nothing else is. */
export interface AskedMeasure<in Given = AtEpoch>
  extends
    Catalogue.Maker<Given, Measured | Promise<Measured> | Effect.Effect<Measured, EvaluationError>>,
    Partial<MeasureAxes>
{
  /**
   * What it asks of the run, which is refused before it begins where that has not got it: classes that outputs tell
   * (`classes`), one for each image (`classes-of-images`), with their probabilities (`confidence`).
   */
  readonly needs?: "classes" | "classes-of-images" | "confidence"
  /** Whether it asks how far steps turn kernels, which some eight steps of every epoch then measure. */
  readonly asksTurns?: boolean
}

/** A measure that gives no numbers. */
export class MeasureFailed extends Schema.TaggedError<MeasureFailed>()("MeasureFailed", {
  name: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The measure ${this.name} failed: ${this.reason}`
  }
}
