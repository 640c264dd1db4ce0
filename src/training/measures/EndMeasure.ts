/** Quantities of a run that are measured when it is done. */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type * as Network from "../../network/Network.ts"
import type { Evaluation, Kept } from "../Answers.ts"
import type { EvaluationError } from "../trainer/evaluate.ts"
import type { MeasureAxes, Reading } from "./MeasureAxes.ts"

/** What is there when a run is done, with the weights that are tested in the model. */
export interface AtEnd {
  readonly kept: Kept
  readonly network: Network.Network
  /** What the network makes of the test images; none where they have no classes. */
  readonly evaluation?: Effect.Effect<Evaluation, EvaluationError>
}

/** A value at a place of the horizontal axis. */
export interface PlacedReading extends Reading {
  readonly at: number
}

/** What a figure shows; of panels and places that are too many, some. */
export interface EndFigure<A> extends MeasureAxes {
  /** The horizontal axis. */
  readonly over: { readonly title: string; readonly format: string }
  readonly readings: (found: A) => ReadonlyArray<PlacedReading>
}

/** A table of a run's page. */
export interface MeasureTable {
  readonly title: string
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** Measured once at the end, and kept in the file of its name; the page of the run has its figure and its tables. */
export interface EndMeasure<A = unknown> extends Catalogue.Entry {
  /** Where a run keeps the model of its best epoch, of that one, whenever there is a better one; else of the last. */
  readonly isOfBest?: boolean
  /** Of the file. */
  readonly schema: Schema.Codec<A, unknown>
  /** None where the run has nothing of the kind. */
  readonly make: (at: AtEnd) => Effect.Effect<A, EvaluationError> | undefined
  readonly figure?: EndFigure<A>
  readonly tables?: (found: A) => ReadonlyArray<MeasureTable>
}

/** An entry whose measured value nobody else looks into. */
export const endMeasure = <A>(entry: EndMeasure<A>): EndMeasure => entry as unknown as EndMeasure
