/**
 * The metrics of a POM, as configurations, flags and experiments name them.
 */
import type * as Catalogue from "../choices/Catalogue.ts"

/** All metrics by name. */
export const metrics = {
  points: { about: "that of the points ω on the manifolds, the paper's" },
  weights: { about: "that of the weights W = ℜω, which the network uses" }
} satisfies Catalogue.Catalogue

/** The metric of a POM. */
export type Metric = keyof typeof metrics
