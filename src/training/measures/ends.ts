/** What is measured when a run is done. */
import type * as Catalogue from "../../choices/Catalogue.ts"
import type { EndMeasure } from "./EndMeasure.ts"
import { evaluation } from "./evaluation.ts"
import { spectra } from "./spectra.ts"

/**
 * What is measured at the end of every run, by name.
 *
 * @example
 * ```ts
 * import { Measures } from "finegrain"
 * Measures.atEnd.spectra.figure?.value // => "singular value"
 * ```
 */
export const atEnd = {
  spectra,
  evaluation
} as const satisfies Catalogue.Catalogue<EndMeasure>

/**
 * The file of such a measure in the directory of a run.
 *
 * @example
 * ```ts
 * import { Measures } from "finegrain"
 * Measures.fileOf("spectra") // => "spectra.json"
 * ```
 */
export const fileOf = (name: string): string => `${name}.json`
