/** How directions follow from gradients, and what epochs decide about later ones. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import type { Catalogues } from "../Catalogues.ts"
import * as Controls from "../Controls.ts"
import { open } from "./chosen.ts"

const { count, positive, share } = Setting

export const optimizerSettings = (known: Catalogues) => ({
  optimizer: Schema.optionalKey(open(known.optimizers)).annotate({
    description: `how directions follow from gradients: ${Catalogue.help(known.optimizers)} (default fg-sgd)`
  }),
  ...Catalogue.parameters(known.optimizers),
  metric: Schema.optionalKey(Catalogue.schema(known.metrics)).annotate({
    description: `whose steps they are: ${Catalogue.help(known.metrics)} (default points)`
  }),
  rates: Schema.optionalKey(
    Schema.Union([Schema.Literal("recommended"), Schema.Record(Schema.String, positive)])
  ).annotate({
    description: "factors of the learning rate by manifold (Sp), kind of parameter (bias, or curved for all that are " +
      "on manifolds) or layer (layers/stem); recommended: those at which curved kernels turn as far as Euclidean " +
      "ones, to be multiplied by the others",
    examples: ["recommended", { Sp: 40, bias: 0.1 }]
  }),
  ratesAfterRule: Schema.optionalKey(Schema.Boolean).annotate({
    description: "rates scale what the step rule gives, not what it gets"
  }),
  clip: Schema.optionalKey(positive).annotate({
    description: "the largest norm of a direction of the whole network (default none)"
  }),
  accumulate: Schema.optionalKey(count).annotate({
    description: "so many batches whose gradients are taken together for one step (default 1)"
  }),
  average: Schema.optionalKey(share).annotate({
    description: "d in [0, 1) of an average of the points, kept on the manifolds, a ← nearest(d·a + (1 − d)·ω) " +
      "(default none)"
  }),
  evaluate: Schema.optionalKey(Catalogue.schema(known.evaluations)).annotate({
    description: `which weights are tested and saved where there is an average: ${
      Catalogue.help(known.evaluations)
    } (default average)`
  }),
  watch: Schema.optionalKey(Catalogue.schema(known.watched)).annotate({
    description: `what is to become better from epoch to epoch, for patience, plateau and keepBest: ${
      Catalogue.help(known.watched)
    } (default test-loss)`
  }),
  ...Controls.parameters
})
