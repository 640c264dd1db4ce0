/** Stochastic depth (Huang et al. 2016): residual branches that are dropped at random in training. */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"

/** How a branch is dropped. */
export interface StochasticDepthOptions {
  /** Probability p with which the branch takes part in a training step, in (0, 1]. */
  readonly survival: number
  readonly seed: Seed.Seed
  readonly name?: string
}

/**
 * A layer at the end of a residual branch: in training step t the whole batch's branch counts with b ∈ {0, 1}, P(b =
 * 1) = p, and with its expectation p at test time. b is a function of seed and t alone; `Layers.setStep` says which
 * step is next, as after a checkpoint, and without it steps are counted.
 *
 * The branch is computed also where it is dropped, so its batch normalization keeps its averages.
 *
 * Source: Huang, Sun, Liu, Sedra and Weinberger 2016, *Deep networks with stochastic depth*, section 3.
 *
 * @throws RangeError for a survival outside (0, 1].
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Models } from "finegrain"
 * const layer = Models.stochasticDepth({ survival: 0.5, seed: 1 })
 * const applied = () => layer.apply(tf.ones([2, 3]), { training: true }) as tf.Tensor
 * const sums = Array.from({ length: 8 }, () => tf.sum(applied()).dataSync()[0]!)
 * [...new Set(sums)].sort() // => [0, 6]
 * tf.sum(layer.apply(tf.ones([2, 3]), { training: false }) as tf.Tensor).dataSync()[0] // => 3
 * ```
 */
export const stochasticDepth = (options: StochasticDepthOptions): tfl.layers.Layer => new StochasticDepth(options)

class StochasticDepth extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "FinegrainStochasticDepth"
  readonly #survival: number
  readonly #seed: Seed.Seed
  #step = 0

  constructor({ name, seed, survival }: StochasticDepthOptions) {
    if (!(survival > 0 && survival <= 1)) {
      throw new RangeError(`stochasticDepth: the probability of survival is in (0, 1], not ${survival}`)
    }
    super(name === undefined ? {} : { name })
    this.#survival = survival
    this.#seed = seed
  }

  setStep(step: number): void {
    this.#step = step
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape
  }

  override call(
    inputs: tf.Tensor | Array<tf.Tensor>,
    { training = false }: { readonly training?: boolean }
  ): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs
    if (!training) return tf.mul(x, this.#survival)
    const [coin] = Seed.uniforms(Seed.split(this.#seed, this.#step++), 1)
    return coin! < this.#survival ? tf.clone(x) : tf.mul(x, 0)
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), survival: this.#survival, seed: this.#seed }
  }
}
tf.serialization.registerClass(StochasticDepth as unknown as Parameters<typeof tf.serialization.registerClass>[0])
