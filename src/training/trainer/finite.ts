/** Whether the numbers of a run are numbers: weights before it, readings of a step, and the end of an epoch. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import type { Pom } from "../../collections/Collection.ts"
import * as Manifold from "../../geometry/Manifold.ts"
import type * as Network from "../../network/Network.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"

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

/** What a step reads: of the batch, and of every POM its norm R and its g. */
export interface Readings {
  readonly loss: number
  readonly norms: Float32Array
  readonly denominators: Float32Array
}

/** Why the readings of a step forbid to take it. */
export const stepRefusal = (
  { denominators, loss, norms }: Readings,
  poms: ReadonlyArray<Pom>,
  step: number
): Tensors.Diverged | Optimizer.OptimizerError | undefined => {
  const bad = norms.findIndex((norm) => !Number.isFinite(norm))
  if (bad >= 0) {
    return new Tensors.Diverged({ layer: poms[bad]!.name, step, quantity: "gradient norm", value: norms[bad]! })
  }
  if (!Number.isFinite(loss)) {
    return new Tensors.Diverged({ layer: "the network", step, quantity: "loss", value: loss })
  }
  const steepest = denominators.findIndex((g) => !(g > 0) || !Number.isFinite(g))
  if (steepest < 0) return undefined
  return new Optimizer.OptimizerError({
    stage: "step size",
    reason: `the rule gives g = ${denominators[steepest]} for ${
      poms[steepest]!.name
    }, which must be positive and finite`
  })
}

/**
 * The last step of an epoch is followed by no other that would see what it did: its loss is that of the test, and
 * every weight is looked at.
 */
export const epochIsFinite = Effect.fnUntraced(
  function*({ model: { weights } }: Network.Network, step: number, loss: number) {
    if (!Number.isFinite(loss)) {
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
