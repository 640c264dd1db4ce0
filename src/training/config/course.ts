/** How long, and how fast. */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import * as Schedules from "../../optimizer/schedules.ts"
import type { Catalogues } from "../Catalogues.ts"

const { count, orDefault, positive } = Setting

/** What schedules were called in earlier versions. */
const renamed: Readonly<Record<string, string>> = { step: "step-decay" }

const scheduleOf = ({ schedules }: Catalogues) =>
  Schema.String.pipe(
    Schema.decodeTo(
      Schedules.textOf(schedules),
      SchemaTransformation.transform({ decode: (text) => renamed[text] ?? text, encode: (text: string) => text })
    )
  )

export const courseSettings = (known: Catalogues) => ({
  seed: orDefault(Schema.Int, 1).annotate({ description: "seed of everything random" }),
  epochs: orDefault(count, 2).annotate({ description: "passes over the data" }),
  batchSize: orDefault(count, 64).annotate({ description: "images per step" }),
  learningRate: orDefault(positive, 0.05).annotate({ description: "r₀ of the schedule" }),
  schedule: orDefault(scheduleOf(known), "cosine").annotate({
    description: `r(t), joined as "warmup(5 epochs) then cosine(to=1%) for 80% then constant(0.01)": ${
      Catalogue.help(known.schedules)
    }`
  })
})
