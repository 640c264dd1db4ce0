import type { PomMeasure } from "./StepMeasure.ts"

/** What the dual ascent of manifold Muon leaves open, by POM. */
export const dualityGaps = {
  about: "the duality gap of the steepest direction, relative to its dual value, of every POM",
  figure: "duality-gaps",
  title: "Duality gap of every POM",
  caption: "How far each direction may be from the steepest one, relative to the dual value",
  value: "relative gap",
  of: ({ told }) => told["gap"]
} as const satisfies PomMeasure
