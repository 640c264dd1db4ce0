/** What is measured at the end of epochs. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import type { Catalogues } from "../Catalogues.ts"
import { open } from "./chosen.ts"

const { count, orDefault } = Setting

export const measureSettings = (known: Catalogues) => ({
  testEvery: Schema.optionalKey(count).annotate({
    description: "epochs from one test to the next; the last epoch is always tested, and those at whose end " +
      "measures are taken (default 1)"
  }),
  measureBounds: orDefault(Schema.Boolean, false).annotate({
    description: "the six generalization bounds are measured at the end of every epoch"
  }),
  measures: Schema.optionalKey(Schema.Array(open(known.measures)).check(Schema.isUnique())).annotate({
    description: `what else is measured at the end of every epoch: ${Catalogue.help(known.measures)}`
  }),
  measuresEvery: Schema.optionalKey(count).annotate({
    description:
      "epochs from one measurement of bounds or measures to the next; the last epoch is always measured (default 1)"
  }),
  ...Catalogue.parameters(known.measures)
})
