/** The state of a network's optimizer as tensors by name, as they are saved, and as weights in the model. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as TensorTree from "../numerics/TensorTree.ts"
import * as Optimizer from "../optimizer/Optimizer.ts"
import type { Network, NetworkPoint, NetworkWeights } from "./constrained.ts"

/** A tensor as TensorFlow.js saves it. */
export interface NamedTensor {
  name: string
  tensor: tf.Tensor
}

type State = Optimizer.State<NetworkPoint>

/** Tensors by number; those that are not there are left out. */
export const numbered = (
  prefix: string,
  tensors: ReadonlyArray<tf.Tensor | undefined>
): ReadonlyArray<NamedTensor> =>
  tensors.flatMap((tensor, i) => tensor === undefined ? [] : [{ name: `${prefix}/${i}`, tensor }])

/** The tensors of a state: ω, what the optimizer keeps, ℜ by leaf. */
export const named = ({ memory, scaling, x }: State): ReadonlyArray<NamedTensor> => [
  ...numbered("omega", NestedTensors.leaves(x)),
  ...TensorTree.entries(memory, "memory").map(([name, tensor]) => ({ name, tensor })),
  ...numbered("scaling", scaling)
]

/** A state of the form of another, made of tensors by name; ω and memory must be there. */
export const like = (initial: State, step: number, tensor: (name: string) => tf.Tensor | undefined): State => {
  let index = 0
  return {
    step,
    x: NestedTensors.map(initial.x, () => tensor(`omega/${index++}`)!),
    memory: TensorTree.map(initial.memory, (_, path) => tensor(`memory/${path}`)!),
    scaling: NestedTensors.leaves(initial.x).map((_, i) => tensor(`scaling/${i}`))
  }
}

/** Gives the model the weights W = ℜω of a state. */
export const assignWeights = (
  { variables }: Pick<Network, "variables">,
  optimizer: Optimizer.Optimizer<NetworkPoint, NetworkWeights>,
  state: State
): void =>
  tf.tidy(() => {
    const weights = Tensors.fresh(Optimizer.weightsOf(optimizer, state), [state.x])
    for (const [i, variable] of variables.entries()) variable.assign(weights[i]!)
  })
