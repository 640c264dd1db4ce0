import * as Schema from "effect/Schema"
import * as NetworkSpectra from "../../network/NetworkSpectra.ts"
import { count, fromOne, Num } from "../RunFiles.ts"
import { endMeasure } from "./EndMeasure.ts"

/** `spectra.json`. */
const Spectra = Schema.Array(Schema.Struct({
  layer: Schema.String,
  shape: Schema.Array(count),
  blocks: Schema.optionalKey(fromOne),
  singularValues: Schema.optionalKey(Schema.Array(Num)),
  operatorNorm: Schema.optionalKey(Num),
  withoutOperatorNorm: Schema.optionalKey(Schema.String)
}))

const significant = (value: number | undefined): string => value === undefined ? "–" : value.toPrecision(4)

/** Singular values of every layer, largest first, a panel each. */
export const spectra = endMeasure<typeof Spectra.Type>({
  about: "singular values and norms of the layers",
  schema: Spectra,
  make: ({ network }) => NetworkSpectra.measure(network),
  figure: {
    title: "Spectra of the layers",
    caption:
      "Singular values at the end of every kernel as one matrix of height × width × inputs by outputs, the largest " +
      "first.",
    value: "singular value",
    zero: true,
    over: { title: "place", format: "~%" },
    readings: (layers) =>
      layers.flatMap(({ layer, singularValues = [] }) =>
        singularValues.map((value, i) => ({ value, at: (i + 0.5) / singularValues.length, panel: [layer] as const }))
      )
  },
  tables: (layers) =>
    layers.length === 0 ? [] : [{
      title: "Layers at the end",
      header: ["layer", "kernel", "largest singular value", "smallest", "norm of the operator"],
      rows: layers.map(({ blocks, layer, operatorNorm, shape, singularValues, withoutOperatorNorm }) => [
        layer,
        `${blocks === undefined ? "" : `${blocks} of `}${shape.join(" × ")}`,
        significant(singularValues?.[0]),
        significant(singularValues?.at(-1)),
        withoutOperatorNorm ?? significant(operatorNorm)
      ])
    }]
})
