/**
 * Everything that the settings of a run can name.
 */
import * as Catalogue from "../choices/Catalogue.ts"
import * as Grouping from "../collections/Grouping.ts"
import * as Matricized from "../collections/matricized.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Specification from "../collections/Specification.ts"
import * as Augment from "../data/Augment.ts"
import * as ClassWeights from "../data/ClassWeights.ts"
import * as Datasets from "../data/Datasets.ts"
import * as Variations from "../data/Variations.ts"
import * as Backend from "../engine/Backend.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import { losses } from "../network/losses.ts"
import * as Models from "../network/models/index.ts"
import * as Optimizers from "../optimizer/catalogue.ts"
import { metrics } from "../optimizer/metrics.ts"
import { rules } from "../optimizer/rules.ts"
import { schedules } from "../optimizer/schedules.ts"
import { watched } from "./Controls.ts"
import { evaluations } from "./evaluations.ts"
import { measures } from "./measures.ts"

const families: ReadonlyArray<Manifold.Family> = [...Specification.families, ...Specification.variants]

/** What comes with finegrain. */
export const builtIn = {
  /** Families of manifolds, which collections join. */
  manifolds: families,
  optimizers: Optimizers.optimizers,
  schedules,
  metrics,
  evaluations,
  watched,
  rules,
  policies: Catalogue.byName(Renormalization.policies),
  strategies: Grouping.strategies,
  selections: Grouping.selections,
  matricizations: Catalogue.byName(Matricized.matricizations),
  augmentations: Augment.augmentations,
  models: Models.models,
  losses,
  measures,
  datasets: Datasets.datasets,
  variations: Variations.variations,
  weightings: ClassWeights.weightings,
  backends: Backend.choices
}

/** Catalogues of everything that settings can name; entries of the user's own are further ones. */
export type Catalogues = typeof builtIn
