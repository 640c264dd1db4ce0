/**
 * Which weights of a run are tested at the end of every epoch, and are saved as its model.
 */
import type * as Catalogue from "../choices/Catalogue.ts"

/** All choices by name. */
export const evaluations = {
  average: { about: "the average of the points along the way" },
  last: { about: "those of the last step" }
} satisfies Catalogue.Catalogue

/** Which weights are tested and saved. */
export type Evaluation = keyof typeof evaluations
