/** The weights that are tested and saved: those of the last step, or of the average of the points along the way. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Network from "../../network/Network.ts"
import * as stateTensors from "../../network/stateTensors.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"
import type { State, Stepping } from "./Session.ts"

/** Gives the model the weights W = ℜω of a state. */
export const assignWeights = ({ optimizer, options: { network } }: Stepping, state: State): void =>
  stateTensors.assignWeights(network, optimizer, state)

/** The average of the points, where the chain keeps one and it is what is tested. */
const averageOf = ({ optimizer, options: { evaluate = "average" } }: Stepping, state: State) =>
  evaluate === "average"
    ? Optimizer.stateOf(optimizer, state, "average") as Network.NetworkPoint | undefined
    : undefined

/**
 * Runs with the weights that are tested in the model, and puts those of the last step back, to the bit.
 *
 * Moving averages of batch normalization stay those that training left.
 */
export const withEvaluated = <A, E, R>(
  session: Stepping,
  use: (state: State) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Ref.get(session.state), (last) => {
    const average = averageOf(session, last)
    if (average === undefined) return use(last)
    const { network } = session.options
    const state = { ...last, x: average }
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const weights = network.variables.map((variable) => tf.clone(variable))
        assignWeights(session, state)
        return weights
      }),
      () => use(state),
      (weights) =>
        Effect.sync(() => {
          Network.assign(network, weights)
          NestedTensors.dispose(weights)
        })
    )
  })
