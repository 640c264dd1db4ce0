import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Network from "../network/Network.ts"
import * as Points from "../numerics/Points.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as TensorTree from "../numerics/TensorTree.ts"
import type * as Optimizer from "../optimizer/Optimizer.ts"
import { CheckpointMismatch, type Named, type Snapshot } from "./Checkpoint.ts"

type State = Optimizer.State<Network.NetworkPoint>

const numbered = (prefix: string, tensors: ReadonlyArray<tf.Tensor | undefined>) =>
  tensors.flatMap((tensor, i) => tensor === undefined ? [] : [{ name: `${prefix}/${i}`, tensor }])

const weightsOf = ({ model }: Network.Network) => model.weights.map((weight) => weight.read())

/**
 * The tensors that make up a run: ω, what the optimizer keeps, ℜ by leaf, and all weights of the model, moving averages included.
 *
 * @internal
 */
export const take = (
  network: Network.Network,
  { memory, scaling, x }: State
): Effect.Effect<ReadonlyArray<Named>, Tensors.ReadFailed> =>
  Effect.forEach(
    [
      ...numbered("omega", Points.leaves(x)),
      ...TensorTree.entries(memory, "memory").map(([name, tensor]) => ({ name, tensor })),
      ...numbered("scaling", scaling),
      ...numbered("weight", weightsOf(network))
    ],
    ({ name, tensor }) => Effect.map(Tensors.read(tensor), (values) => ({ name, shape: tensor.shape, values }))
  )

/**
 * Gives the model the weights of a snapshot, and a state its points; ℜ and all tensors of the new state belong to the caller.
 *
 * Fails with CheckpointMismatch where the network has another geometry.
 *
 * @internal
 */
export const restore = Effect.fnUntraced(function*(
  network: Network.Network,
  initial: State,
  { geometry, position, tensors }: Snapshot
): Effect.fn.Return<State, CheckpointMismatch> {
  const own = Network.geometry(network)
  if (own !== geometry) {
    return yield* new CheckpointMismatch({
      what: "the geometry of the network (shapes, manifolds, POMs)",
      expected: own.slice(0, 12),
      actual: geometry.slice(0, 12)
    })
  }
  const byName = new Map(tensors.map((named) => [named.name, named]))
  const tensor = (name: string) => {
    const { shape, values } = byName.get(name)!
    return tf.tensor(values, [...shape])
  }
  const like = <P extends Points.Points>(prefix: string, points: P): P => {
    let index = 0
    return Points.map(points, () => tensor(`${prefix}/${index++}`))
  }
  for (const [i, weight] of network.model.weights.entries()) {
    tf.tidy(() => {
      weight.write(tensor(`weight/${i}`))
    })
  }
  const leaves = Points.leaves(initial.x).length
  return {
    step: position.step,
    x: like("omega", initial.x),
    memory: TensorTree.map(initial.memory, (_, path) => tensor(`memory/${path}`)),
    scaling: Array.from(
      { length: leaves },
      (_, i) => byName.has(`scaling/${i}`) ? tensor(`scaling/${i}`) : undefined
    )
  }
})
