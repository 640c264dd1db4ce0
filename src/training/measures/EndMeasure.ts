/** Quantities of a network that are measured when its run is done. */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Catalogue from "../../choices/Catalogue.ts"
import type * as Network from "../../network/Network.ts"
import type * as Tensors from "../../numerics/Tensors.ts"
import type { MeasureAxes, Reading } from "./MeasureAxes.ts"

/** A value at a place of the horizontal axis. */
export interface PlacedReading extends Reading {
  readonly at: number
}

/** A table of a run's page. */
export interface MeasureTable {
  readonly title: string
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** Measured once at the end, with the weights that are tested; kept as the file of its name, a figure and a table. */
export interface EndMeasure<A = unknown> extends Catalogue.Entry, MeasureAxes {
  /** Of the file. */
  readonly schema: Schema.Codec<A, unknown>
  readonly make: (network: Network.Network) => Effect.Effect<A, Tensors.ReadFailed>
  /** The horizontal axis. */
  readonly over: { readonly title: string; readonly format: string }
  /** What its figure shows; of panels and places that are too many, some. */
  readonly readings: (found: A) => ReadonlyArray<PlacedReading>
  readonly table?: (found: A) => MeasureTable
}

/** An entry whose measured value nobody else looks into. */
export const endMeasure = <A>(entry: EndMeasure<A>): EndMeasure => entry as unknown as EndMeasure
