/**
 * A model that plain TensorFlow.js loads, and Keras: of stock layers only, with what is done to an image beforehand as
 * its first layers.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { io } from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"

/** What is done to a pixel before the network sees it: x·scale, then (x − mean)/deviation by channel. */
export interface Preprocessing {
  /** 1/255 for pixels that are bytes. */
  readonly scale: number
  readonly mean?: ReadonlyArray<number>
  readonly deviation?: ReadonlyArray<number>
}

/** A layer as a topology has it. */
interface Entry {
  readonly class_name: string
  readonly config: { readonly name: string; readonly [key: string]: unknown }
  readonly name?: string
  readonly inbound_nodes?: ReadonlyArray<ReadonlyArray<readonly [string, number, number, object]>>
}

interface Topology {
  readonly class_name: string
  readonly config: {
    readonly layers: ReadonlyArray<Entry>
    readonly input_layers?: ReadonlyArray<readonly [string, number, number]>
  }
}

/** A weight that does not learn: what a layer of stock needs to do what it stands for. */
interface Constant {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  readonly values: Float32Array<ArrayBuffer>
}

/** A layer in the place of another, with its constants. */
interface Stock {
  readonly entry: Pick<Entry, "class_name" | "config">
  readonly constants: ReadonlyArray<Constant>
}

const scaled = (name: string, scale: number): Stock => ({
  entry: { class_name: "Rescaling", config: { name, trainable: false, dtype: "float32", scale, offset: 0 } },
  constants: []
})

/** A 1×1 convolution that scales channels, leaves channels of zeros behind them, and adds to each. */
const convolved = (
  name: string,
  factors: ReadonlyArray<number>,
  { channels = factors.length, offsets, stride = 1 }: {
    readonly channels?: number
    readonly stride?: number
    readonly offsets?: ReadonlyArray<number>
  }
): Stock => {
  const kernel = new Float32Array(factors.length * channels)
  for (const [i, factor] of factors.entries()) if (i < channels) kernel[i * channels + i] = factor
  const zeros = { class_name: "Zeros", config: {} }
  return {
    entry: {
      class_name: "Conv2D",
      config: {
        name,
        trainable: false,
        filters: channels,
        kernel_size: [1, 1],
        strides: [stride, stride],
        padding: "same",
        data_format: "channels_last",
        dilation_rate: [1, 1],
        activation: "linear",
        use_bias: offsets !== undefined,
        kernel_initializer: zeros,
        bias_initializer: zeros
      }
    },
    constants: [
      { name: `${name}/kernel`, shape: [1, 1, factors.length, channels], values: kernel },
      ...(offsets === undefined
        ? []
        : [{ name: `${name}/bias`, shape: [channels], values: Float32Array.from(offsets) }])
    ]
  }
}

/** What each layer of this library is at test time, in stock layers; those with weights of their own have none. */
const equivalents: Readonly<Record<string, (config: Readonly<Record<string, unknown>>) => Stock | undefined>> = {
  FinegrainPadChannels: ({ channels, from, name, stride }) =>
    typeof from === "number"
      ? convolved(String(name), Array.from({ length: from }, () => 1), {
        channels: Number(channels),
        stride: Number(stride)
      })
      : undefined,
  FinegrainStochasticDepth: ({ name, survival }) => scaled(String(name), Number(survival))
}

/** The layers before the first one, in their order. */
const before = ({ deviation, mean, scale }: Preprocessing): ReadonlyArray<Stock> => [
  ...(scale === 1 ? [] : [scaled("preprocessing_scale", scale)]),
  ...(mean === undefined || deviation === undefined ? [] : [
    convolved("preprocessing_normalize", deviation.map((d) => 1 / d), {
      offsets: mean.map((m, c) => -m / deviation[c]!)
    })
  ])
]

const isInput = ({ class_name }: Entry) => class_name === "InputLayer"

/** The layers of a stack, the new ones first. */
const stacked = (layers: ReadonlyArray<Entry>, shape: tfl.Shape, first: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const given = layers[0] !== undefined && isInput(layers[0]) ? 1 : 0
  const [head, ...others] = first
  if (head === undefined) return layers
  const starts = given === 1 ? head : { ...head, config: { ...head.config, batch_input_shape: shape } }
  return [...layers.slice(0, given), starts, ...others, ...layers.slice(given)]
}

/** The layers of a graph, the new ones between the input and all that it enters. */
const wired = (layers: ReadonlyArray<Entry>, input: string, first: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const last = first.at(-1)
  if (last === undefined) return layers
  const chain = first.map((entry, i): Entry => ({
    ...entry,
    name: entry.config.name,
    inbound_nodes: [[[i === 0 ? input : first[i - 1]!.config.name, 0, 0, {}]]]
  }))
  const rest = layers.map((layer): Entry => ({
    ...layer,
    inbound_nodes: (layer.inbound_nodes ?? []).map((node) =>
      node.map(([name, ...place]) => [name === input ? last.config.name : name, ...place] as const)
    )
  }))
  return [...rest.filter(isInput), ...chain, ...rest.filter((layer) => !isInput(layer))]
}

/** Layers of this library, also within models, as stock layers; what each needs is collected. */
const replaced = (layers: ReadonlyArray<Entry>, constants: Array<Constant>): ReadonlyArray<Entry> =>
  layers.map((layer) => {
    const within = layer.config["layers"] as ReadonlyArray<Entry> | undefined
    if (within !== undefined) return { ...layer, config: { ...layer.config, layers: replaced(within, constants) } }
    const stock = equivalents[layer.class_name]?.(layer.config)
    if (stock === undefined) return layer
    constants.push(...stock.constants)
    return { ...layer, ...stock.entry }
  })

const saved = (model: tfl.LayersModel): Promise<tf.io.ModelArtifacts> =>
  new Promise((resolve, reject) => {
    model.save(io.withSaveHandler((artifacts) => {
      resolve(artifacts)
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } })
    })).catch(reject)
  })

/**
 * A model as plain TensorFlow.js loads it, without this library, and Keras: padding of channels and stochastic depth
 * are the stock layers that do the same at test time, and the preprocessing, where one is given, are its first layers,
 * so that it takes raw images. A grouped convolution and the scale of a branch, which have weights of their own, stay
 * what they are: `finegrain/layers` knows them.
 *
 * What was added has weights that do not learn, behind those of the model.
 *
 * @throws RangeError for a preprocessing where there are several inputs.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import { Models } from "finegrain"
 * const model = Models.smallCnn({ height: 8, width: 8, channels: 1, classes: 2 })
 * const artifacts = await Models.portable(model, { scale: 1 / 255 })
 * const loaded = await tfl.loadLayersModel(tf.io.fromMemory(artifacts))
 * const image = tf.fill([1, 8, 8, 1], 51)
 * const differences = tf.sub(loaded.predict(image) as tf.Tensor, model.predict(tf.div(image, 255)) as tf.Tensor)
 * tf.max(tf.abs(differences)).dataSync()[0]! < 1e-6 // => true
 * ```
 */
export const portable = async (
  model: tfl.LayersModel,
  preprocessing?: Preprocessing
): Promise<tf.io.ModelArtifacts> => {
  if (preprocessing !== undefined && model.inputs.length !== 1) {
    throw new RangeError(`portable: one preprocessing cannot serve the ${model.inputs.length} inputs of ${model.name}`)
  }
  const artifacts = await saved(model)
  const topology = artifacts.modelTopology as Topology
  const first = preprocessing === undefined ? [] : before(preprocessing)
  const constants = first.flatMap((stock) => stock.constants)
  const layers = replaced(topology.config.layers, constants)
  const [input] = topology.config.input_layers ?? []
  const entries = first.map(({ entry }) => entry)
  const { shape } = model.inputs[0]!
  return {
    ...artifacts,
    modelTopology: {
      ...topology,
      config: {
        ...topology.config,
        layers: input === undefined ? stacked(layers, shape, entries) : wired(layers, input[0], entries)
      }
    },
    weightSpecs: [
      ...artifacts.weightSpecs!,
      ...constants.map(({ name, shape }) => ({ name, shape: [...shape], dtype: "float32" as const }))
    ],
    weightData: io.CompositeArrayBuffer.join([
      io.CompositeArrayBuffer.join(artifacts.weightData),
      ...constants.map(({ values }) => values.buffer)
    ])
  }
}
