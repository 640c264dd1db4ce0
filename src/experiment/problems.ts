import type { Catalogues } from "../training/Catalogues.ts"
import type { Experiment, PlanOptions } from "./design.ts"
import { ofBudgets, ofCells, soundOnly } from "./problems/cells.ts"
import { ofNames } from "./problems/names.ts"
import { doubly, ofColumns, ofSettings } from "./problems/settings.ts"

/**
 * Everything that is wrong with an experiment, or with the part of one that can be read, and can be known before it
 * runs, without its data.
 *
 * @internal
 */
export const of = (
  experiment: Experiment,
  options: PlanOptions,
  known: Catalogues,
  extent: "part" | "whole" = "whole"
): ReadonlyArray<string> => {
  const rest = soundOnly(experiment, known)
  return [
    ...new Set([
      ...ofNames(experiment, options, extent),
      ...ofColumns(experiment, known),
      ...ofSettings(experiment, known),
      ...doubly(experiment),
      ...ofBudgets(rest, known),
      ...ofCells(rest, known, false),
      ...ofCells(rest, known, true)
    ])
  ]
}
