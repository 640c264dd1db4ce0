/** The state of a compiled model's optimizer, as it is saved and restored. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Tensors from "../../numerics/Tensors.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"
import type { Network, NetworkPoint, NetworkWeights } from "../constrained.ts"
import { fingerprint } from "../fingerprint.ts"
import { misuse } from "../LoadedOptimizer.ts"
import { like, named, type NamedTensor } from "../stateTensors.ts"

type State = Optimizer.State<NetworkPoint>

/** A network, and the chain that trains it. */
export interface Compiled {
  readonly network: Network
  readonly chain: Optimizer.Optimizer<NetworkPoint, NetworkWeights>
}

/** The name under which TensorFlow.js saves the number of steps says whose state it is. */
export const stepsOf = (network: Network) => `iter/${fingerprint(network)}`

/** W of a saved state, computed again, differs from the saved weights by rounding alone. */
const sameWeights = 1e-4

/** A saved state as one of this network and chain. */
const restored = ({ network, chain }: Compiled, byName: ReadonlyMap<string, tf.Tensor>, step: number): State => {
  const initial = Optimizer.init(chain, network.variables)
  const needed = named(initial)
  const wrong = needed.find(({ name, tensor }) => String(byName.get(name)?.shape) !== String(tensor.shape))?.name ??
    [...byName.keys()].find((name) => !/^(iter|scaling)\//.test(name) && !needed.some((own) => own.name === name))
  const restored = wrong === undefined
    ? like(initial, step, (name) => {
      const tensor = byName.get(name)
      return tensor === undefined ? undefined : tf.clone(tensor)
    })
    : undefined
  Optimizer.dispose(initial)
  if (restored === undefined) {
    throw misuse(
      `${wrong} of the saved state is not as ${chain.transform.name} keeps it: use the chain that it ` +
        "was saved with"
    )
  }
  return restored
}

/** The largest difference of the model's weights from those of a state, as a part of them where they are above 1. */
const distance = async ({ network, chain }: Compiled, state: State): Promise<number> => {
  const all = await Effect.runPromise(Tensors.evaluate(() => {
    const weights = Optimizer.weightsOf(chain, state)
    const off = network.variables.map((variable, i) =>
      tf.max(tf.div(tf.abs(tf.sub(variable, weights[i]!)), tf.maximum(1, tf.abs(variable))))
    )
    return tf.stack(off)
  }))
  return Math.max(...all)
}

/**
 * The state that was saved, of the weights that the model has; undefined where none had begun.
 *
 * @throws OptimizerError for a state of another network or chain, and where the model has other weights.
 */
export const restore = async (compiled: Compiled, saved: ReadonlyArray<NamedTensor>): Promise<State | undefined> => {
  const byName = new Map(saved.map(({ name, tensor }) => [name, tensor]))
  const steps = byName.get(stepsOf(compiled.network))
  if (steps === undefined) {
    throw misuse(
      "the saved state is not that of a network with these manifolds and POMs; Network.make with the " +
        "options, the seed among them, that it was saved with"
    )
  }
  const step = (await steps.data())[0]!
  if (saved.length === 1) return undefined
  const state = restored(compiled, byName, step)
  const off = await distance(compiled, state)
  if (off <= sameWeights) return state
  Optimizer.dispose(state)
  tf.dispose([...state.scaling])
  throw misuse(`the model's weights differ by ${off} from those of the saved state: load the model's first`)
}
