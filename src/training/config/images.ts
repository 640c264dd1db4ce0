/** How images are varied. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import type { Catalogues } from "../Catalogues.ts"
import { chosen, open } from "./chosen.ts"

const { orDefault } = Setting

export const imagesSettings = (known: Catalogues) => ({
  augment: orDefault(Catalogue.schema(known.augmentations), "none").annotate(
    chosen("how training images are varied", known.augmentations)
  ),
  vary: Schema.optionalKey(Schema.Array(open(known.variations)).check(Schema.isUnique())).annotate({
    description: `how the images of a step are varied after that, in this order: ${Catalogue.help(known.variations)}`
  }),
  ...Catalogue.parameters(known.variations),
  normalize: orDefault(Schema.Boolean, false).annotate({
    description: "channels are brought to mean 0 and deviation 1 over the training images"
  })
})
