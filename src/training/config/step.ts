/** How long steps are. */
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import type { Catalogues } from "../Catalogues.ts"
import { chosen } from "./chosen.ts"

const { notNegative, orDefault, share } = Setting

export const stepSettings = (known: Catalogues) => ({
  rule: orDefault(Catalogue.schema(known.rules), "curvatureAware").annotate(chosen("length of a step", known.rules)),
  ...Catalogue.parameters(known.rules),
  momentum: orDefault(share, 0.9).annotate({ description: "θ in [0, 1)" }),
  weightDecay: orDefault(notNegative, 0).annotate({ description: "a factor of the weights in their gradients" })
})
