/** Variables and gradients by name, as TensorFlow.js has them. */
import type * as tf from "@tensorflow/tfjs-core"
import type { Network } from "../constrained.ts"
import { withoutGradient } from "../declarations/gradients.ts"
import { misuse } from "../LoadedOptimizer.ts"
import type { NamedTensor } from "../stateTensors.ts"

/** Gradients by the names of their variables; none where a variable has none. */
export type NamedGradients = tf.NamedTensorMap | ReadonlyArray<NamedTensor>

/** Names of variables that are those of the network, each. */
export const checkNames = ({ variables }: Pick<Network, "variables">, names: ReadonlyArray<string>): void => {
  const missing = new Set(variables.map(({ name }) => name))
  const foreign = names.find((name) => !missing.delete(name))
  if (foreign !== undefined) {
    throw misuse(
      `the variable ${foreign} is not one of the network's: compile the model that the network was made of`
    )
  }
  const [name] = missing
  if (name !== undefined) {
    throw misuse(`the network's weight ${name} is not among the variables: make the network, then compile its model`)
  }
}

/** Gradients in the order of the network's variables. */
export const inOrder = (network: Network, gradients: NamedGradients): ReadonlyArray<tf.Tensor> => {
  const given = Array.isArray(gradients)
    ? gradients as ReadonlyArray<NamedTensor>
    : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }))
  checkNames(network, given.map(({ name }) => name))
  const byName = new Map(given.map(({ name, tensor }) => [name, tensor]))
  return network.variables.map(({ name }) => {
    const gradient: tf.Tensor | null | undefined = byName.get(name)
    if (gradient === undefined || gradient === null) throw withoutGradient(name)
    return gradient
  })
}
