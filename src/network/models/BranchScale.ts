/** A learnt scale at the end of a residual branch, 0 at first (De and Smith 2020). */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"

/**
 * A layer x ↦ α·x at the end of a residual branch, with one weight α that learns and is 0 at first, so that every block
 * begins as its shortcut and a deep network without normalization trains. No kernel is 0 for it, which the points of a
 * sphere, of an oblique or of a Stiefel manifold cannot be.
 *
 * Source: De and Smith 2020, *Batch normalization biases residual blocks towards the identity function in deep
 * networks* (SkipInit), section 4.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Models } from "finegrain"
 * const layer = Models.branchScale({})
 * tf.sum(layer.apply(tf.ones([2, 3])) as tf.Tensor).dataSync()[0] // => 0
 * layer.setWeights([tf.tensor1d([0.5])])
 * tf.sum(layer.apply(tf.ones([2, 3])) as tf.Tensor).dataSync()[0] // => 3
 * ```
 */
export const branchScale = (options: { readonly name?: string }): tfl.layers.Layer => new BranchScale(options)

class BranchScale extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "FinegrainBranchScale"
  #scale: tfl.LayerVariable | undefined

  override build(): void {
    this.#scale = this.addWeight("scale", [1], "float32", tfl.initializers.zeros())
    this.built = true
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, this.#scale!.read()))
  }
}
tf.serialization.registerClass(BranchScale as unknown as Parameters<typeof tf.serialization.registerClass>[0])
