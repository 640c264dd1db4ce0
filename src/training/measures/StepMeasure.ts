/** Quantities of single steps: a number of every step, or one of every POM in some steps of a run. */
import type * as Catalogue from "../../choices/Catalogue.ts"
import type { MeasureAxes } from "./MeasureAxes.ts"

/** What is known of a step when it has been taken. */
export interface StepFacts {
  readonly loss: number
  readonly rate: number
  /**
   * What the optimizer's transforms told of every POM: always R and g, and by name what else they tell; where it was
   * measured, by how many degrees the step turned its kernels (`angles`).
   */
  readonly told: Readonly<Record<"norms" | "denominators", Float32Array>> & Readonly<Record<string, Float32Array>>
}

/**
 * A number of every step: a field of its event, its mean over the steps of an epoch one of the epoch's, that of the
 * last epoch one of the summary, which tables can show.
 */
export interface StepMeasure extends Catalogue.Entry, MeasureAxes {
  /** Its figure's name. */
  readonly figure: string
  readonly of: (step: StepFacts) => number
}

/** A number of every POM, in some fifty steps of a run; undefined where the optimizer does not tell it. */
export interface PomMeasure extends Catalogue.Entry, Omit<MeasureAxes, "limits" | "scale" | "zero"> {
  /** Its figure's name. */
  readonly figure: string
  readonly of: (step: StepFacts) => Float32Array | undefined
}
