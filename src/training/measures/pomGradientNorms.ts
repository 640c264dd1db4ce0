import type { PomMeasure } from "./StepMeasure.ts"

/** R by POM. */
export const pomGradientNorms = {
  about: "R, the length of the direction of every POM",
  figure: "pom-gradient-norms",
  title: "Gradient norm of every POM",
  caption: "R, the length of the direction in each product",
  value: "R",
  of: ({ told }) => told.norms
} as const satisfies PomMeasure
