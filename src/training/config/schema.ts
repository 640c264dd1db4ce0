/** Every setting of a run in one schema. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import { builtIn, type Catalogues } from "../Catalogues.ts"
import { chosen } from "./chosen.ts"
import { courseSettings } from "./course.ts"
import { dataSettings } from "./data.ts"
import { imagesSettings } from "./images.ts"
import { lossSettings } from "./loss.ts"
import { measureSettings } from "./measure.ts"
import { networkSettings } from "./network.ts"
import { optimizerSettings } from "./optimizer.ts"
import { stepSettings } from "./step.ts"

/** Every setting, with what it is. */
const fieldsOf = (known: Catalogues) => ({
  ...dataSettings(known),
  ...networkSettings(known),
  ...courseSettings(known),
  ...optimizerSettings(known),
  ...lossSettings(known),
  ...stepSettings(known),
  ...imagesSettings(known),
  ...measureSettings(known),
  ...Catalogue.parameters(known.schedules),
  backend: Setting.orDefault(Catalogue.schema(known.backends), "auto").annotate(
    chosen("engine that runs the tensors", known.backends)
  ),
  ...Catalogue.parameters(known.backends)
})

/**
 * The configuration of a training run; every key has a default.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { TrainConfig } from "finegrain"
 * Schema.decodeUnknownSync(TrainConfig.TrainConfig)({ epochs: 3 }).collection // => "Sp+Ob+St+Euc"
 * ```
 */
export const TrainConfig = Schema.Struct(fieldsOf(builtIn))

/**
 * The schema of a configuration that may name entries of the user's own, too.
 *
 * @internal
 */
export const schemaOf = (known: Catalogues): typeof TrainConfig =>
  known === builtIn ? TrainConfig : Schema.Struct(fieldsOf(known))

/** The configuration of a training run. */
export type TrainConfig = typeof TrainConfig.Type
