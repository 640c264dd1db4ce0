/**
 * The rules by which a step follows from the norm of its direction, as configurations, flags and experiments name them.
 */
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"
import * as StepSize from "./StepSize.ts"

const rule = Catalogue.entries<{}, StepSize.Rule>()

/**
 * All rules by which a step follows from the norm of its direction, by name.
 *
 * @example
 * ```ts
 * import { Catalogue, Rules } from "finegrain"
 * Catalogue.names(Rules.rules) // => ["curvatureAware", "plain"]
 * ```
 */
export const rules = {
  curvatureAware: rule({
    about: "steps adapt to the curvature of each product",
    parameters: {
      rho: Schema.optionalKey(Setting.positive).annotate({
        description: "ρ of the curvature-aware rule, instead of min(1, 1/ĉ) of each product"
      })
    },
    make: ({ rho }) => StepSize.curvatureAware(rho === undefined ? {} : { rho })
  }),
  plain: rule({ about: "steps of r(t) times the direction", make: () => StepSize.plain })
} satisfies Catalogue.Catalogue
