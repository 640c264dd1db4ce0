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
const byNumber = (tensors: ReadonlyArray<tf.Tensor | undefined>): TensorTree.TensorTree =>
  Object.fromEntries(tensors.flatMap((tensor, i) => tensor === undefined ? [] : [[i, tensor]]))

/** A state as one tree of tensors: ω by leaf, what the optimizer keeps, ℜ by leaf. */
const treeOf = ({ memory, scaling, x }: State): TensorTree.TensorTree => ({
  omega: NestedTensors.leaves(x),
  memory,
  scaling: byNumber(scaling)
})

/** The tensors of a tree by their paths. */
export const namedIn = (tree: TensorTree.TensorTree): ReadonlyArray<NamedTensor> =>
  TensorTree.entries(tree).map(([name, tensor]) => ({ name, tensor }))

/** The tensors of a state. */
export const named = (state: State): ReadonlyArray<NamedTensor> => namedIn(treeOf(state))

/** A state of the form of another, made of tensors by name; ω and memory must be there. */
export const like = (initial: State, step: number, tensor: (name: string) => tf.Tensor | undefined): State => ({
  step,
  x: NestedTensors.mapIndexed(initial.x, (_, i) => tensor(`omega/${i}`)!),
  memory: TensorTree.map(initial.memory, (_, path) => tensor(path === "" ? "memory" : `memory/${path}`)!),
  scaling: NestedTensors.leaves(initial.x).map((_, i) => tensor(`scaling/${i}`))
})

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
