/** What learns: the network, and the manifolds of its kernels. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import * as Specification from "../../collections/Specification.ts"
import { builtIn, type Catalogues } from "../Catalogues.ts"
import { chosen, open } from "./chosen.ts"

const { orDefault } = Setting

const collectionOf = ({ manifolds }: Catalogues) =>
  Schema.String.check(
    Schema.makeFilter((text: string) =>
      Result.match(Specification.parse(text, manifolds), {
        onFailure: ({ message }) => message,
        onSuccess: () => undefined
      })
    )
  )

const layerOf = (known: Catalogues) =>
  Schema.Struct({
    collection: Schema.optionalKey(collectionOf(known)),
    strategy: Schema.optionalKey(Catalogue.schema(known.strategies)),
    selection: Schema.optionalKey(Catalogue.schema(known.selections)),
    matricization: Schema.optionalKey(Catalogue.schema(known.matricizations))
  })

/**
 * How one layer differs from the others.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { TrainConfig } from "finegrain"
 * Schema.decodeUnknownSync(TrainConfig.LayerConfig)({ collection: "St" }).collection // => "St"
 * ```
 */
export const LayerConfig = layerOf(builtIn)

export const networkSettings = (known: Catalogues) => ({
  model: orDefault(open(known.models), "small-cnn").annotate(chosen("network", known.models)),
  ...Catalogue.parameters(known.models),
  collection: orDefault(collectionOf(known), "Sp+Ob+St+Euc").annotate({
    description: `manifolds among which the groups of every convolution are shared, joined by +: ${
      known.manifolds.map(({ symbol }) => symbol).join(", ")
    }`
  }),
  strategy: orDefault(Catalogue.schema(known.strategies), "PIO").annotate(chosen("groups", known.strategies)),
  selection: orDefault(Catalogue.schema(known.selections), "random").annotate(
    chosen("how groups are drawn", known.selections)
  ),
  matricization: Schema.optionalKey(Catalogue.schema(known.matricizations)).annotate({
    description:
      `what of a kernel is a matrix: ${Catalogue.help(known.matricizations)} (default perKernel, and where ` +
      "that has no room for a manifold the first of whole, perFilter, perInput, perFilterMatrix that has)"
  }),
  policy: orDefault(Catalogue.schema(known.policies), "unit").annotate(
    chosen("geometric scaling γ of the renormalization", known.policies)
  ),
  measureLambda: orDefault(Schema.Boolean, true).annotate({
    description: "ℜ = γ/λ with λ measured at the start of every epoch; without it ℜ = γ"
  }),
  layers: orDefault(Schema.Record(Schema.String, layerOf(known)), {}).annotate({
    description: `layers that differ, by name, in ${Object.keys(LayerConfig.fields).join(", ")}`,
    examples: [{ conv1: { collection: "St" } }]
  })
})
