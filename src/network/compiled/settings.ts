/** The chain that settings of a compiled model's optimizer name. */
import * as Optimizers from "../../optimizer/catalogue.ts"
import type * as Schedule from "../../optimizer/Schedule.ts"
import * as StepSize from "../../optimizer/StepSize.ts"
import type { Transform } from "../../optimizer/Transform.ts"
import { misuse } from "../LoadedOptimizer.ts"

/** An optimizer of the catalogue, `fg-sgd` by default, with the settings that runs have. */
export interface NetworkOptimizerSettings extends Omit<Partial<Optimizers.OptimizerSettings>, "schedule"> {
  readonly optimizer?: keyof typeof Optimizers.optimizers
  readonly schedule: Schedule.Schedule
}

/** The chain that settings name; what the optimizer does not know is refused. */
export const chainOf = ({ optimizer = "fg-sgd", ...settings }: NetworkOptimizerSettings): Transform => {
  const entry: Optimizers.Entry | undefined = Optimizers.optimizers[optimizer]
  if (entry === undefined) {
    throw misuse(`there is no optimizer ${optimizer}, only ${Object.keys(Optimizers.optimizers).join(", ")}`)
  }
  const idle = entry.ignores?.find((setting) => settings[setting] !== undefined)
  if (idle !== undefined) throw misuse(`the optimizer ${optimizer} has no ${idle}: leave it out`)
  if (settings.ratesAfterRule === true && Object.keys(settings.rates ?? {}).length === 0) {
    throw misuse("ratesAfterRule is set, but there are no rates: leave it out, or give rates")
  }
  return Optimizers.transform(optimizer, {
    momentum: 0.9,
    weightDecay: 0,
    rule: StepSize.curvatureAware(),
    ...settings
  })
}
