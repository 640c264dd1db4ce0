import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Network } from "finegrain"
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../../backends.ts"

/**
 * A layer with every constraint and regularizer that it takes, and what enters it: the shape without the batch, twice
 * where two enter.
 */
type Case = readonly [layer: (more: object) => tfl.layers.Layer, shape: ReadonlyArray<number>, takes?: string]

const l = tfl.layers
const [image, volume, sequence, vector] = [[6, 6, 2], [4, 4, 4, 2], [5, 4], [4]] as const
const cell = (make: (args: never) => unknown) => (more: object) =>
  l.rnn({ cell: make({ units: 3, ...more } as never) as Parameters<typeof l.rnn>[0]["cell"] })
const pool = { poolSize: 2 } as const
const recurrent = "kernel recurrent bias"

/** Every layer that TensorFlow.js hands out. */
const cases: Readonly<Record<string, Case>> = {
  activation: [() => l.activation({ activation: "relu" }), vector],
  add: [() => l.add(), vector],
  alphaDropout: [() => l.alphaDropout({ rate: 0.5 }), vector],
  average: [() => l.average(), vector],
  averagePooling1d: [() => l.averagePooling1d(pool), sequence],
  averagePooling2d: [() => l.averagePooling2d(pool), image],
  averagePooling3d: [() => l.averagePooling3d(pool), volume],
  batchNormalization: [(more) => l.batchNormalization(more), image, "gamma beta"],
  bidirectional: [
    (more) => l.bidirectional({ layer: l.lstm({ units: 3, ...more }) as never, mergeMode: "concat" }),
    sequence
  ],
  categoryEncoding: [() => l.categoryEncoding({ numTokens: 7, outputMode: "multiHot" }), vector],
  centerCrop: [() => l.centerCrop({ height: 4, width: 4 }), image],
  concatenate: [() => l.concatenate(), vector],
  conv1d: [(more) => l.conv1d({ filters: 2, kernelSize: 3, ...more }), sequence, "kernel bias"],
  conv2d: [(more) => l.conv2d({ filters: 2, kernelSize: 3, ...more }), image, "kernel bias"],
  conv2dTranspose: [(more) => l.conv2dTranspose({ filters: 2, kernelSize: 3, ...more }), image, "kernel bias"],
  conv3d: [(more) => l.conv3d({ filters: 2, kernelSize: 3, ...more }), volume, "kernel bias"],
  conv3dTranspose: [(more) => l.conv3dTranspose({ filters: 2, kernelSize: 3, ...more }), volume, "kernel bias"],
  convLstm2d: [
    (more) => l.convLstm2d({ filters: 2, kernelSize: 3, ...more } as never),
    [3, 6, 6, 2],
    recurrent
  ],
  cropping2D: [() => l.cropping2D({ cropping: [1, 1] }), image],
  dense: [(more) => l.dense({ units: 3, ...more }), vector, "kernel bias"],
  depthwiseConv2d: [(more) => l.depthwiseConv2d({ kernelSize: 3, ...more }), image, "depthwise bias"],
  dot: [() => l.dot({ axes: -1 }), vector],
  dropout: [() => l.dropout({ rate: 0.5 }), vector],
  elu: [() => l.elu(), vector],
  embedding: [(more) => l.embedding({ inputDim: 9, outputDim: 3, ...more }), vector, "embeddings"],
  flatten: [() => l.flatten(), image],
  gaussianDropout: [() => l.gaussianDropout({ rate: 0.5 }), vector],
  gaussianNoise: [() => l.gaussianNoise({ stddev: 1 }), vector],
  globalAveragePooling1d: [() => l.globalAveragePooling1d(), sequence],
  globalAveragePooling2d: [() => l.globalAveragePooling2d({}), image],
  globalMaxPooling1d: [() => l.globalMaxPooling1d(), sequence],
  globalMaxPooling2d: [() => l.globalMaxPooling2d({}), image],
  gru: [(more) => l.gru({ units: 3, ...more } as never), sequence, recurrent],
  gruCell: [cell(l.gruCell), sequence, recurrent],
  layerNormalization: [(more) => l.layerNormalization(more), vector],
  leakyReLU: [() => l.leakyReLU(), vector],
  lstm: [(more) => l.lstm({ units: 3, ...more }), sequence, recurrent],
  lstmCell: [cell(l.lstmCell), sequence, recurrent],
  masking: [() => l.masking(), sequence],
  maxPooling1d: [() => l.maxPooling1d(pool), sequence],
  maxPooling2d: [() => l.maxPooling2d(pool), image],
  maxPooling3d: [() => l.maxPooling3d(pool), volume],
  maximum: [() => l.maximum(), vector],
  minimum: [() => l.minimum(), vector],
  multiply: [() => l.multiply(), vector],
  permute: [() => l.permute({ dims: [2, 1] }), sequence],
  prelu: [(more) => l.prelu(more), vector, "alpha"],
  reLU: [() => l.reLU(), vector],
  repeatVector: [() => l.repeatVector({ n: 2 }), vector],
  rescaling: [() => l.rescaling({ scale: 2 }), image],
  reshape: [() => l.reshape({ targetShape: [2, 2] }), vector],
  rnn: [cell(l.simpleRNNCell), sequence, recurrent],
  separableConv2d: [
    (more) => l.separableConv2d({ filters: 2, kernelSize: 3, ...more }),
    image,
    "depthwise pointwise bias"
  ],
  simpleRNN: [(more) => l.simpleRNN({ units: 3, ...more }), sequence, recurrent],
  simpleRNNCell: [cell(l.simpleRNNCell), sequence, recurrent],
  softmax: [() => l.softmax(), vector],
  spatialDropout1d: [() => l.spatialDropout1d({ rate: 0.5 }), sequence],
  stackedRNNCells: [
    (more) =>
      l.rnn({ cell: l.stackedRNNCells({ cells: [l.gruCell({ units: 3, ...more }), l.lstmCell({ units: 2 })] }) }),
    sequence,
    recurrent
  ],
  thresholdedReLU: [() => l.thresholdedReLU(), vector],
  timeDistributed: [
    (more) => l.timeDistributed({ layer: l.dense({ units: 3, ...more }) }),
    sequence,
    "kernel bias"
  ],
  upSampling2d: [() => l.upSampling2d({}), image],
  zeroPadding2d: [() => l.zeroPadding2d({}), image]
}

/** Other names, what is no layer, and a layer that only others can run (`convLstm2d` does). */
const elsewhere = [
  // Refused by name, see below.
  "randomWidth",
  "resizing",
  ..."Layer RNN RNNCell input inputLayer convLstm2dCell".split(" "),
  ..."avgPool1d avgPool2d avgPool3d avgPooling1d avgPooling2d avgPooling3d".split(" "),
  ..."globalMaxPool1d globalMaxPool2d maxPool1d maxPool2d".split(" ")
]

const two = new Set("add average concatenate dot maximum minimum multiply".split(" "))

/** A classifier of what the layer makes. */
const around = (name: string, more: object = {}): tfl.LayersModel => {
  const [layer, shape] = cases[name]!
  const [x, y] = [l.input({ shape: [...shape] }), l.input({ shape: [...shape] })]
  const own = layer(more)
  const made = own.apply(two.has(name) ? [x, y] : x) as tfl.SymbolicTensor
  const flat = made.shape.length > 2 ? l.flatten().apply(made) : made
  const outputs = l.dense({ units: 3, name: "head" }).apply(flat as tfl.SymbolicTensor) as tfl.SymbolicTensor
  return tfl.model({ inputs: two.has(name) ? [x, y] : x, outputs })
}

const entering = (name: string) => {
  const [, shape] = cases[name]!
  // Numbers of words for an embedding, pixels for the rest.
  const one = (seed: number) => tf.floor(tf.randomUniform([2, ...shape], 1, 6, "float32", seed))
  return two.has(name) ? [one(1), one(2)] : one(1)
}

it("are all of TensorFlow.js", () => {
  expect([...Object.keys(cases), ...elsewhere].toSorted()).toEqual(Object.keys(l).toSorted())
})

describe.each(["cpu", "wasm"] as const)("every layer, with our imports alone, on %s", (engine) => {
  beforeAll(() => use(engine))
  const names = Object.keys(cases)
  it.each(names)("%s runs forwards and backwards", async (name) => {
    const model = around(name)
    const network = await Effect.runPromise(Network.make(model))
    const { grads, value } = tf.variableGrads(
      () => tf.sum(tf.square(model.apply(entering(name), { training: true }) as tf.Tensor)) as tf.Scalar,
      [...network.variables]
    )
    expect(Number.isFinite((await value.data())[0])).toBe(true)
    for (const { name } of network.variables) {
      expect([name, (await grads[name]!.data()).every(Number.isFinite)]).toEqual([name, true])
    }
  })
})

describe("every layer's constraints and penalties", () => {
  beforeAll(() => use("cpu"))
  const declaring = Object.entries(cases).flatMap(([name, [, , takes]]) =>
    takes === undefined ? [] : [[name, takes.split(" ")] as const]
  )

  it.each(declaring)("%s: all are found (%j)", async (name, roles) => {
    const model = around(
      name,
      Object.fromEntries(roles.flatMap((role) => [
        [`${role}Constraint`, tfl.constraints.maxNorm({ maxValue: 0.125, axis: 0 })],
        [`${role}Regularizer`, tfl.regularizers.l1({ l1: 1 })]
      ]))
    )
    const network = await Effect.runPromise(Network.make(model, { specification: "Euc" }))
    const held = network.problem.collection.poms.filter(({ manifold }) =>
      manifold.includes("held by MaxNorm (maxValue 0.125")
    )
    expect(held.length).toBe(roles.length)
  })
})

it.each([
  ["RandomWidth", () => l.randomWidth({ factor: 0.1 })],
  ["Resizing", () => l.resizing({ height: 4, width: 4 })]
])("%s is refused: its shape is not what it promises", async (name, layer) => {
  const x = l.input({ shape: [6, 6, 2] })
  const model = tfl.model({ inputs: x, outputs: layer().apply(x) as tfl.SymbolicTensor })
  const error = await Effect.runPromise(Effect.flip(Network.make(model)))
  expect(error.message).toMatch(
    new RegExp(`: to be a ${name} is refused, because TensorFlow.js promises another shape`)
  )
})

/** How every attribute of a layer is met. A word of one list may not stand in another. */
const attributes: Readonly<Record<string, string>> = {
  "held after every step, refused on a kernel that manifolds constrain":
    "alphaConstraint betaConstraint biasConstraint depthwiseConstraint embeddingsConstraint gammaConstraint " +
    "kernelConstraint " +
    "pointwiseConstraint recurrentConstraint",
  "part of the loss, refused where it is a constant":
    "alphaRegularizer betaRegularizer biasRegularizer depthwiseRegularizer embeddingsRegularizer gammaRegularizer " +
    "kernelRegularizer " +
    "pointwiseRegularizer recurrentRegularizer",
  "drawn from the run's seed and the step, or from its own seed and the step":
    "dropout recurrentDropout dropoutFunc rate noiseShape seed stddev",
  "frozen weights stay, and statistics with them; a change after Network.make is refused": "trainable",
  "normalization trains without them": "center scale",
  "refused by TensorFlow.js itself, and by name if set later; recurrent layers drop it unseen": "activityRegularizer",
  "of layers that are refused: RandomWidth and RandomHeight, Resizing": "autoVectorize cropToAspectRatio factor",
  "refused by the trainer": "stateful batchInputShape batchSize",
  "refused for sequences, elsewhere λ and spectra are of channels": "dataFormat",
  "a softmax of the output is left out for the loss, others there are refused": "activation",
  "weights of another type than float32 are refused; inputs are cast by TensorFlow.js": "dtype inputDType",
  "initial weights, to which ω starts nearest":
    "alphaInitializer betaInitializer biasInitializer depthwiseInitializer embeddingsInitializer gammaInitializer " +
    "kernelInitializer " +
    "movingMeanInitializer movingVarianceInitializer pointwiseInitializer recurrentInitializer unitForgetBias weights",
  "what the layer computes: its pass is TensorFlow.js' own":
    "alpha axes axis cell cells cropping depthMultiplier dilationRate dims epsilon filters goBackwards " +
    "height implementation inputDim inputLength inputShape interpolation kernelSize layer maskValue maskZero " +
    "maxValue mergeMode momentum n " +
    "name normalize numTokens offset outputDim outputMode padding poolSize recurrentActivation resetAfter " +
    "returnSequences returnState " +
    "sharedAxes size sparse strides targetShape theta units unroll useBias width"
}

describe("every attribute", () => {
  const root = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-layers"))
  // Layers for texts are in the package, and not handed out.
  const files = [
    ...readdirSync(join(root, "layers"), { recursive: true, encoding: "utf8" }).map((file) => join("layers", file)),
    ...["topology", "base_random_layer", "input_layer"].map((file) => join("engine", `${file}.d.ts`))
  ].filter((file) => file.endsWith(".d.ts") && !/[\\/]nlp[\\/]|multihead|tokenizers|modeling/.test(file))
  const texts = files.map((file) => readFileSync(join(root, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, ""))
  const interfaces = texts.flatMap((text) => Array.from(text.matchAll(/interface (\w*Args)\b[^{]*\{([\s\S]*?)\n\}/g)))
    .filter(([, name]) => !["InputSpecArgs", "NodeArgs"].includes(name!))
  const declared = new Set(
    interfaces.flatMap(([, , body]) => [...body!.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name]) => name!))
  )

  it("of every layer is honoured, refused, or none of the trainer's business: none is forgotten", () => {
    const met = Object.values(attributes).flatMap((names) => names.split(" "))
    expect(interfaces.length).toBeGreaterThan(40)
    expect(new Set(met).size).toBe(met.length)
    expect(met.toSorted()).toEqual([...declared].toSorted())
  })
})
