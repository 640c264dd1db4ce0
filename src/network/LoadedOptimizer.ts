import * as tf from "@tensorflow/tfjs-core"
import { OptimizerError } from "../optimizer/Optimizer.ts"
import type { NamedTensor } from "./stateTensors.ts"

/** The name under which TensorFlow.js saves what kind of optimizer a model has. */
export const className = "Finegrain"

/** A use of an optimizer of networks that makes no sense. */
export const misuse = (reason: string): OptimizerError => new OptimizerError({ stage: "fit", reason })

/**
 * What `tf.loadLayersModel` gives a model that was saved with its optimizer: the state, which `setWeights` of a
 * `Network.optimizer` takes from `getWeights` of this. It takes no steps.
 */
export class LoadedOptimizer extends tf.Optimizer {
  /** @internal */
  static readonly className = className
  readonly #config: tf.serialization.ConfigDict
  #saved: ReadonlyArray<NamedTensor> = []

  constructor(config: tf.serialization.ConfigDict) {
    super()
    this.#config = config
  }

  override computeGradients(): never {
    throw misuse(
      "a loaded model's optimizer has a state, and no network yet: Network.make of the loaded model, " +
        "Network.optimizer, await its setWeights(await model.optimizer.getWeights()), and compile the model with it"
    )
  }

  override applyGradients(): never {
    return this.computeGradients()
  }

  override getWeights(): Promise<Array<NamedTensor>> {
    return Promise.resolve([...this.#saved])
  }

  override setWeights(saved: Array<NamedTensor>): Promise<void> {
    this.dispose()
    this.#saved = saved.map(({ name, tensor }) => ({ name, tensor: tf.keep(tf.clone(tensor)) }))
    return Promise.resolve()
  }

  override getConfig(): tf.serialization.ConfigDict {
    return this.#config
  }

  override dispose(): void {
    for (const { tensor } of this.#saved) tensor.dispose()
    this.#saved = []
  }
}

tf.serialization.registerClass(LoadedOptimizer)
