/**
 * Quantities that runs report, an entry each, by when they are known: of every step, of every POM in some steps, of
 * every epoch, at the end of an epoch where the setting `measures` names them, and at the end of a run. What is
 * recorded, read back, drawn and shown in tables follows from the entries.
 */
import type * as Catalogue from "../choices/Catalogue.ts"
import { angles, layerAngles } from "./measures/angles.ts"
import { calibration, classAccuracy } from "./measures/answers.ts"
import type { AskedMeasure } from "./measures/AtEpoch.ts"
import { corruption } from "./measures/corruptions.ts"
import { labelNoise } from "./measures/labelNoise.ts"
import { stableRank } from "./measures/stableRank.ts"

export type { Asked } from "./measures/asked.ts"
export { type AskedMeasure, type AtEpoch, type Measured, MeasureFailed } from "./measures/AtEpoch.ts"
export type { AtEnd, EndFigure, EndMeasure, MeasureTable, PlacedReading } from "./measures/EndMeasure.ts"
export { atEnd, fileOf } from "./measures/ends.ts"
export type { MeasureAxes, Reading } from "./measures/MeasureAxes.ts"
export { errorPercent, recorded, type RecordedMeasure } from "./measures/recorded.ts"
export type { PomMeasure, StepFacts, StepMeasure } from "./measures/StepMeasure.ts"
export { type OfPoms, ofPoms, ofSteps, type PerStep, type PomReadings } from "./measures/steps.ts"

/**
 * What is measured at the end of an epoch where it is asked for, by name.
 *
 * @example
 * ```ts
 * import { Catalogue, Measures } from "finegrain"
 * Catalogue.names(Measures.measures).includes("stable-rank") // => true
 * ```
 */
export const measures = {
  "stable-rank": stableRank,
  "class-accuracy": classAccuracy,
  calibration,
  "label-noise": labelNoise,
  corruptions: corruption,
  angles,
  "layer-angles": layerAngles
} as const satisfies Catalogue.Catalogue<AskedMeasure<never>>
