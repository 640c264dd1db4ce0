/** Whether the numbers of a run are numbers: weights before it, and the end of an epoch. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Manifold from "../../geometry/Manifold.ts"
import type * as Network from "../../network/Network.ts"
import * as Tensors from "../../numerics/Tensors.ts"

/** Weights that are no numbers have no nearest points. */
export const weightsAreFinite = Effect.fnUntraced(function*({ layers, variables }: Network.Network) {
  const sums = yield* Tensors.evaluate(() => tf.stack(variables.map((v) => tf.sum(tf.mul(v, 0)))))
  const bad = sums.findIndex((sum) => sum !== 0)
  if (bad < 0) return
  const name = layers.find(({ variable }) => variable === bad)?.name ?? variables[bad]!.name
  return yield* new Manifold.OffManifold({
    manifold: "any manifold",
    what: `the weight of ${name}, which has entries that are not finite,`,
    residual: Number.NaN,
    tolerance: 0
  })
})

/**
 * The last step of an epoch is followed by no other that would see what it did: its loss is that of the test,
 * if there was one, and every weight is looked at.
 */
export const epochIsFinite = Effect.fnUntraced(
  function*({ model: { weights } }: Network.Network, step: number, loss?: number) {
    if (loss !== undefined && !Number.isFinite(loss)) {
      return yield* new Tensors.Diverged({ layer: "the network", step, quantity: "test loss", value: loss })
    }
    const sums = yield* Tensors.evaluate(() =>
      tf.stack(weights.map((weight) => tf.sum(tf.mul(tf.cast(weight.read(), "float32"), 0))))
    )
    const bad = sums.findIndex((sum) => !Number.isFinite(sum))
    if (bad >= 0) {
      return yield* new Tensors.Diverged({ layer: weights[bad]!.name, step, quantity: "weight", value: Number.NaN })
    }
  }
)
