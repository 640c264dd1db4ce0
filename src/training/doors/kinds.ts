/** What a module of the user's own may bring. */
import type { Catalogues } from "../Catalogues.ts"

/** The exports that are read, and what one entry of each is called. */
export const kinds = {
  manifolds: "manifold",
  optimizers: "optimizer",
  schedules: "schedule",
  models: "model",
  datasets: "dataset",
  losses: "loss",
  measures: "measure",
  variations: "variation"
} as const satisfies Partial<Record<keyof Catalogues, string>>

const names = Object.keys(kinds)

/** The names of every kind in words: "manifolds, …, measures or variations". */
export const anyKind = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`
