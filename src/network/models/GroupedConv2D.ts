/** Convolutions in groups of channels, which tfjs-layers does not have. */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { counted } from "../../choices/counted.ts"

type Pair = [number, number]

/** What a grouped convolution is. */
export interface GroupedConv2dOptions {
  readonly filters: number
  readonly groups: number
  readonly kernelSize: number | Pair
  /** Default 1. */
  readonly strides?: number | Pair
  /** Default 1. */
  readonly dilationRate?: number | Pair
  /** Default `valid`. */
  readonly padding?: "valid" | "same"
  /** Default true. */
  readonly useBias?: boolean
  /** Default `glorotNormal`. */
  readonly kernelInitializer?: Parameters<typeof tfl.layers.conv2d>[0]["kernelInitializer"]
  readonly inputShape?: tfl.Shape
  readonly name?: string
}

/**
 * A convolution in groups, which TensorFlow.js has no layer of: each group of output channels sees a group of input
 * channels of its own. Features `[batch, height, width, channels]`; kernel `[A, B, channels/groups, filters]`, a block
 * for each group; constrained by default.
 *
 * Source: Xie, Girshick, Dollár, Tu and He 2017, *Aggregated residual transformations for deep neural networks*,
 * figure 3.
 *
 * @throws RangeError where the filters, or the channels that enter, cannot be shared evenly among the groups.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Models } from "finegrain"
 * const layer = Models.groupedConv2d({ filters: 6, groups: 2, kernelSize: 3 })
 * const y = layer.apply(tf.ones([1, 8, 8, 4])) as tf.Tensor
 * y.shape // => [1, 6, 6, 6]
 * layer.getWeights()[0]!.shape // => [3, 3, 2, 6]
 * ```
 */
export const groupedConv2d = (options: GroupedConv2dOptions): tfl.layers.Layer => new GroupedConv2D(options)

const pair = (value: number | Pair): Pair => typeof value === "number" ? [value, value] : value

/** tfjs-layers makes initializers of their names only within its own layers. */
type Initializer = Parameters<tfl.layers.Layer["addWeight"]>[3]

class GroupedConv2D extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "FinegrainGroupedConv2D"
  readonly #stock: tfl.layers.Layer
  readonly #options: Required<Omit<GroupedConv2dOptions, "inputShape" | "kernelInitializer" | "name">>
  #kernel: tfl.LayerVariable | undefined
  #bias: tfl.LayerVariable | undefined

  constructor({
    dilationRate = 1,
    filters,
    groups,
    kernelInitializer = "glorotNormal",
    kernelSize,
    padding = "valid",
    strides = 1,
    useBias = true,
    ...layer
  }: GroupedConv2dOptions) {
    if (!(Number.isInteger(groups) && groups > 0 && Number.isInteger(filters / groups) && filters > 0)) {
      throw new RangeError(
        `groupedConv2d: ${counted(filters, "filter")} cannot be shared evenly among ${counted(groups, "group")}`
      )
    }
    // Its name, and what a saved model says of it besides.
    super(layer)
    this.#options = {
      filters,
      groups,
      useBias,
      padding,
      kernelSize: pair(kernelSize),
      strides: pair(strides),
      dilationRate: pair(dilationRate)
    }
    // Its shapes and initializer are those of a convolution that sees one group.
    this.#stock = tfl.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding,
      dilationRate,
      kernelInitializer,
      useBias
    })
  }

  override build(inputShape: tfl.Shape | Array<tfl.Shape>): void {
    const channels = (inputShape as tfl.Shape).at(-1)!
    const { filters, groups, kernelSize, useBias } = this.#options
    if (!Number.isInteger(channels / groups)) {
      throw new RangeError(
        `groupedConv2d: ${counted(channels, "channel")} cannot be shared evenly among ${counted(groups, "group")}`
      )
    }
    const { biasInitializer, kernelInitializer } = this.#stock as unknown as Readonly<
      Record<"biasInitializer" | "kernelInitializer", Initializer>
    >
    const shape = [...kernelSize as Pair, channels / groups, filters]
    this.#kernel = this.addWeight("kernel", shape, "float32", kernelInitializer)
    if (useBias) this.#bias = this.addWeight("bias", [filters], "float32", biasInitializer)
    this.built = true
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape | Array<tfl.Shape> {
    return this.#stock.computeOutputShape(inputShape)
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D
      const { dilationRate, groups, padding, strides } = this.#options
      const kernels = tf.split(this.#kernel!.read(), groups, 3) as Array<tf.Tensor4D>
      const parts = (tf.split(x, groups, 3) as Array<tf.Tensor4D>).map((part, group) =>
        tf.conv2d(part, kernels[group]!, strides as Pair, padding, "NHWC", dilationRate as Pair)
      )
      const y = tf.concat(parts, 3)
      return this.#bias === undefined ? y : tf.add(y, this.#bias.read())
    })
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelInitializer } = this.#stock.getConfig()
    return {
      ...super.getConfig(),
      ...this.#options,
      kernelInitializer: kernelInitializer!
    } as tf.serialization.ConfigDict
  }
}
tf.serialization.registerClass(GroupedConv2D as unknown as Parameters<typeof tf.serialization.registerClass>[0])
