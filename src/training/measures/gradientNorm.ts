import type { StepMeasure } from "./StepMeasure.ts"

/** √(Σ R²). */
export const gradientNorm = {
  about: "√(Σ R²), the length of the direction of all POMs together",
  figure: "gradient-norm",
  title: "Gradient norm by step",
  caption: "√(Σ R²) over all POMs",
  value: "gradient norm",
  scale: "log",
  of: ({ told: { norms } }) => Math.sqrt(norms.reduce((sum, norm) => sum + norm ** 2, 0))
} as const satisfies StepMeasure
