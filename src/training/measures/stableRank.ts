import * as Effect from "effect/Effect"
import * as NetworkSpectra from "../../network/NetworkSpectra.ts"
import type { AskedMeasure, AtEpoch } from "./AtEpoch.ts"

/** ‖W‖²_F/‖W‖²₂. */
export const stableRank = {
  about: "‖W‖²_F/‖W‖²₂ of every layer as a matrix",
  title: "Stable ranks of the layers",
  value: "stable rank",
  make: ({ network }: AtEpoch) =>
    Effect.map(
      NetworkSpectra.measure(network),
      (layers) =>
        Object.fromEntries(layers.flatMap(({ layer, singularValues: values = [] }) => {
          const [largest = 0] = values
          return largest === 0 ? [] : [[layer, values.reduce((sum, s) => sum + (s / largest) ** 2, 0)]]
        }))
    )
} as const satisfies AskedMeasure
