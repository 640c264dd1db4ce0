/** What is to become small. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import type { Catalogues } from "../Catalogues.ts"
import { open } from "./chosen.ts"

const { positive } = Setting

export const lossSettings = (known: Catalogues) => ({
  loss: Schema.optionalKey(open(known.losses)).annotate({
    description: `what is to become small: ${Catalogue.help(known.losses)} (default softmax-cross-entropy)`
  }),
  ...Catalogue.parameters(known.losses),
  weighting: Schema.optionalKey(Catalogue.schema(known.weightings)).annotate({
    description: `how much the images of a class count in the training loss: ${
      Catalogue.help(known.weightings)
    } (default none)`
  }),
  classWeights: Schema.optionalKey(Schema.Record(Schema.String, positive)).annotate({
    description: "factors of these weights by class (default 1)",
    examples: [{ cat: 2, dog: 0.5 }]
  })
})
