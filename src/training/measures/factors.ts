import type { PomMeasure } from "./StepMeasure.ts"

/** 1/g by POM. */
export const factors = {
  about: "1/g, what the curvature of every POM leaves of the step size",
  figure: "factors",
  title: "Step-size factor of every POM",
  caption: "1/g: 1 where a step is plain, less where the product's curvature shortens it",
  value: "1/g",
  of: ({ told }) => told.denominators.map((g) => 1 / g)
} as const satisfies PomMeasure
