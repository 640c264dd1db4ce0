import type { PomMeasure } from "./StepMeasure.ts"

/** g of a handful of operations in float32 differs from 1 by less where only rounding tells the two apart. */
const rounding = 1e-6

/**
 * Whether a step was shortened, by its 1/g: g > 1.
 *
 * @internal
 */
export const isShortened = (factor: number): boolean => factor < 1 - rounding

/** 1/g by POM. */
export const factors = {
  about: "1/g, what the curvature of every POM leaves of the step size",
  figure: "factors",
  title: "Step-size factor of every POM",
  caption: "1/g: 1 where a step is plain, less where the product's curvature shortens it",
  value: "1/g",
  of: ({ told }) => told.denominators.map((g) => 1 / g)
} as const satisfies PomMeasure
