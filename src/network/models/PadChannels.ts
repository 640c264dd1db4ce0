import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"

interface Config extends tf.serialization.ConfigDict {
  readonly channels: number
}

/**
 * A layer that takes every `stride`-th pixel and appends channels of zeros: the shortcut without parameters of residual
 * networks whose blocks change size.
 *
 * Source: He, Zhang, Ren and Sun 2016, *Deep residual learning*, section 3.3, option A.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Models } from "finegrain"
 * const y = Models.padChannels({ channels: 4, stride: 2 }).apply(tf.ones([1, 4, 4, 3])) as tf.Tensor
 * y.shape // => [1, 2, 2, 4]
 * tf.sum(y).dataSync()[0] // => 12
 * ```
 */
export const padChannels = (options: {
  readonly channels: number
  readonly stride?: number
  readonly name?: string
}): tfl.layers.Layer => new PadChannels(options)

class PadChannels extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "FinegrainPadChannels"
  readonly #channels: number
  readonly #stride: number
  #from: number | undefined

  constructor({ channels, name, stride = 1 }: Parameters<typeof padChannels>[0]) {
    super(name === undefined ? {} : { name })
    this.#channels = channels
    this.#stride = stride
  }

  override build(inputShape: tfl.Shape | Array<tfl.Shape>): void {
    this.#from = (inputShape as tfl.Shape)[3] ?? undefined
    super.build(inputShape)
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    const [batch = null, height, width] = inputShape
    const every = (length: number | null | undefined) =>
      length === null || length === undefined ? null : Math.ceil(length / this.#stride)
    return [batch, every(height), every(width), this.#channels]
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D
      // A convolution by the identity: engines have it and its gradient fast, unlike strided slices and their padding.
      const identity = tf.reshape(tf.eye(x.shape[3], this.#channels), [1, 1, x.shape[3], this.#channels])
      return tf.conv2d(x, identity as tf.Tensor4D, this.#stride, "same")
    })
  }

  override getConfig(): Config {
    // What it is built for, for those who put another layer in its place.
    const from = this.#from === undefined ? {} : { from: this.#from }
    return { ...super.getConfig(), channels: this.#channels, stride: this.#stride, ...from }
  }
}
tf.serialization.registerClass(PadChannels as unknown as Parameters<typeof tf.serialization.registerClass>[0])
