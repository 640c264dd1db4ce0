import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Combinators, Trainer } from "finegrain"
import { describe, expect, it } from "vitest"
import { onEachBackend } from "../../backends.ts"
import { tinyDataset as dataset } from "../../tinyDataset.ts"
import { refusal, train, weight } from "./training.ts"

const kernel = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotNormal({ seed }) })

const body = (): ReadonlyArray<tfl.layers.Layer> => [
  tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, ...kernel(1) }),
  tfl.layers.flatten()
]

const head = (more: object = {}) => tfl.layers.dense({ units: 3, name: "head", ...kernel(2), ...more })

const ending = (...layers: ReadonlyArray<tfl.layers.Layer>): tfl.Sequential =>
  tfl.sequential({ layers: [...body(), ...layers] })

const sp = { specification: "Sp", seed: 1 } as const

onEachBackend("an output that is a softmax", () => {
  const within = () => {
    const inner = tfl.sequential({ layers: [tfl.layers.dense({ units: 3, inputShape: [144], ...kernel(2) })] })
    inner.add(tfl.layers.softmax())
    return inner
  }
  const models: Readonly<Record<string, () => tfl.LayersModel>> = {
    "of its last layer": () => ending(head({ activation: "softmax" })),
    "by an activation layer": () => ending(head(), tfl.layers.activation({ activation: "softmax" })),
    "by a softmax layer": () => ending(head(), tfl.layers.softmax({ axis: -1 })),
    "before layers that hand it on": () =>
      ending(
        head({ activation: "softmax" }),
        tfl.layers.dropout({ rate: 0 }),
        tfl.layers.reshape({ targetShape: [3] })
      ),
    "before an activation that is none": () =>
      ending(head({ activation: "softmax" }), tfl.layers.activation({ activation: "linear" })),
    "within a model within it": () => ending(within())
  }

  for (const [name, make] of Object.entries(models)) {
    it(`${name} is left out for the loss: the same bits as without it, and probabilities when it is used`, async () => {
      const [given, plain] = [make(), ending(head())]
      const [found, right] = [await train(given, sp), await train(plain, sp)]
      expect(found.losses).toEqual(right.losses)
      expect(found.epochs[0]!.testLoss).toBe(right.epochs[0]!.testLoss)
      expect(found.epochs[0]!.testAccuracy).toBe(right.epochs[0]!.testAccuracy)
      const [probabilities, logits] = [given, plain].map((model) => model.predict(tf.ones([1, 8, 8, 1])) as tf.Tensor2D)
      expect(tf.max(tf.abs(tf.sub(probabilities!, tf.softmax(logits!)))).dataSync()[0]).toBeLessThan(1e-6)
      expect(tf.sum(probabilities!).dataSync()[0]).toBeCloseTo(1, 5)
    })
  }

  const squeezed: Readonly<Record<string, ReadonlyArray<tfl.layers.Layer>>> = {
    "before a mean over places": [
      body()[0]!,
      tfl.layers.conv2d({ filters: 3, kernelSize: 1, activation: "softmax" }),
      tfl.layers.globalAveragePooling2d({ dataFormat: "channelsLast" })
    ],
    "before the largest of places": [
      body()[0]!,
      tfl.layers.conv2d({ filters: 3, kernelSize: 1, activation: "softmax" }),
      tfl.layers.globalMaxPooling2d({ dataFormat: "channelsLast" })
    ],
    "at every step, before their mean": [
      body()[0]!,
      tfl.layers.reshape({ targetShape: [36, 4] }),
      tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 3, activation: "softmax" }) }),
      tfl.layers.globalAveragePooling1d()
    ],
    "of a softmax": [...body(), head({ activation: "softmax" }), tfl.layers.softmax({ axis: -1 })],
    "within a recurrent layer": [
      body()[0]!,
      tfl.layers.reshape({ targetShape: [36, 4] }),
      tfl.layers.gru({ units: 3, activation: "softmax" })
    ]
  }
  for (const [name, layers] of Object.entries(squeezed)) {
    it(`${name} is refused: left out, the rest would be another model`, async () => {
      expect(await refusal(tfl.sequential({ layers: [...layers] }), sp)).toMatch(
        /the activation softmax of the output is refused, because other layers use its probabilities/
      )
    })
  }

  it("counts once where it is a logarithm: a log-softmax is logits", async () => {
    const { losses: [found] } = await train(ending(head({ activation: "logSoftmax" })), sp)
    const { losses: [right] } = await train(ending(head()), sp)
    expect(found).toBeCloseTo(right!, 5)
  })
})

describe("an output that is no logits", () => {
  it.each([
    ["sigmoid", () => ending(head({ activation: "sigmoid" }))],
    ["relu", () => ending(head({ activation: "relu" }))],
    ["tanh", () => ending(head(), tfl.layers.activation({ activation: "tanh" }))],
    ["hardSigmoid", () => ending(head(), tfl.layers.activation({ activation: "hardSigmoid" }))],
    ["relu", () => ending(head(), tfl.layers.reLU())],
    ["leakyReLU", () => ending(head(), tfl.layers.leakyReLU())],
    [
      "sigmoid",
      () =>
        ending(tfl.layers.reshape({ targetShape: [36, 4] }), tfl.layers.simpleRNN({ units: 3, activation: "sigmoid" }))
    ]
  ])("%s is refused by name", async (activation, model) => {
    expect(await refusal(model(), sp)).toMatch(
      new RegExp(
        `^DeclarationRefused: Layer "\\S+": the activation ${activation} of the output is refused.*largest logit`
      )
    )
    const network = { model: model() } as unknown as Parameters<typeof Trainer.evaluate>[0]
    const error = await Effect.runPromise(Effect.flip(Trainer.evaluate(network, dataset, dataset.test, 10)))
    expect(error._tag).toBe("DeclarationRefused")
  })

  const input = () => tfl.input({ shape: [8, 8, 1] })
  const flat = (x: tfl.SymbolicTensor) => tfl.layers.flatten().apply(x) as tfl.SymbolicTensor
  const dense = (x: tfl.SymbolicTensor, more: object = {}) =>
    tfl.layers.dense({ units: 3, ...more }).apply(x) as tfl.SymbolicTensor
  const merged = (layer: tfl.layers.Layer, activations: ReadonlyArray<"softmax" | "relu" | "linear">) => {
    const inputs = input()
    const x = flat(tfl.layers.conv2d({ filters: 2, kernelSize: 3 }).apply(inputs) as tfl.SymbolicTensor)
    return tfl.model({
      inputs,
      outputs: layer.apply(activations.map((activation) => dense(x, { activation }))) as tfl.SymbolicTensor
    })
  }
  const recurrent = (activation: "softmax" | "tanh") => [
    tfl.layers.reshape({ targetShape: [36, 4] }),
    tfl.layers.bidirectional({ layer: tfl.layers.gru({ units: 3, activation }), mergeMode: "sum" })
  ]

  it.each<readonly [string, RegExp, () => tfl.LayersModel]>([
    [
      "a normalized softmax",
      /softmax of the output.*layer "batch_norm\S+", a BatchNormalization, makes of it need not/,
      () => ending(head({ activation: "softmax" }), tfl.layers.batchNormalization())
    ],
    [
      "a softmax, normalized and softened again",
      /softmax of the output/,
      () => ending(head({ activation: "softmax" }), tfl.layers.layerNormalization(), tfl.layers.softmax())
    ],
    [
      "a product of a softmax and logits",
      /layer "multiply\S+", a Multiply, makes of it need not be logits/,
      () => merged(tfl.layers.multiply(), ["softmax", "linear"])
    ],
    [
      "a sum of logits and of what is rectified",
      /relu of the output.*a Add, makes/,
      () => merged(tfl.layers.add(), ["linear", "relu"])
    ],
    [
      "a softmax of both directions",
      /the activation softmax of the output is refused/,
      () => ending(...recurrent("softmax"))
    ]
  ])("%s is refused by name", async (_, line, model) => expect(await refusal(model(), sp)).toMatch(line))

  it.each<readonly [string, () => tfl.LayersModel]>([
    ["a sum of logits", () => merged(tfl.layers.add(), ["linear", "linear"])],
    ["normalized logits", () => ending(head(), tfl.layers.batchNormalization())],
    ["normalized features", () => ending(head({ activation: "relu" }), tfl.layers.batchNormalization())],
    ["both directions", () => ending(...recurrent("tanh"))]
  ])(
    "but %s are logits",
    async (_, model) => expect((await train(model(), sp)).losses.every(Number.isFinite)).toBe(true)
  )

  it("is refused where several classifiers are averaged, or a softmax is used twice", async () => {
    const input = tfl.input({ shape: [8, 8, 1] })
    const flat = tfl.layers.flatten().apply(input) as tfl.SymbolicTensor
    const heads = [1, 2].map((seed) =>
      tfl.layers.dense({ units: 3, activation: "softmax", ...kernel(seed) }).apply(flat) as tfl.SymbolicTensor
    )
    const average = tfl.model({ inputs: input, outputs: tfl.layers.average().apply(heads) as tfl.SymbolicTensor })
    expect(await refusal(average)).toMatch(/the activation softmax of the output is refused, because other layers use/)
    const folded = ending(
      tfl.layers.reshape({ targetShape: [36, 4] }),
      tfl.layers.conv1d({ filters: 1, kernelSize: 34, activation: "softmax" }),
      tfl.layers.flatten()
    )
    expect(await refusal(folded, sp)).toMatch(/it is not over the classes/)
  })
})

describe("a model and the data", () => {
  const input = () => tfl.input({ shape: [8, 8, 1] })
  const logits = (x: tfl.SymbolicTensor, units = 3) =>
    tfl.layers.dense({ units }).apply(tfl.layers.flatten().apply(x) as tfl.SymbolicTensor) as tfl.SymbolicTensor

  it.each<readonly [string, () => tfl.LayersModel, RegExp]>([
    ["two outputs", () => {
      const x = input()
      return tfl.model({ inputs: x, outputs: [logits(x), logits(x)] })
    }, /The model: to have 2 outputs is refused, .*Train a model of one output/],
    ["two inputs", () => {
      const [x, y] = [input(), input()]
      return tfl.model({
        inputs: [x, y],
        outputs: logits(tfl.layers.add().apply([x, y]) as tfl.SymbolicTensor)
      })
    }, /The model: to have 2 inputs is refused/],
    ["other classes", () => {
      const x = input()
      return tfl.model({ inputs: x, outputs: logits(x, 4) })
    }, /ShapeMismatch: .*the dataset's classes.*expected shape \[3\], got \[4\]/],
    ["an output of pixels", () => {
      const x = input()
      return tfl.model({ inputs: x, outputs: tfl.layers.dense({ units: 3 }).apply(x) as tfl.SymbolicTensor })
    }, /ShapeMismatch: .*expected shape \[3\], got \[8, 8, 3\]/],
    ["channels first", () => {
      const x = tfl.input({ shape: [1, 8, 8] })
      return tfl.model({ inputs: x, outputs: logits(x) })
    }, /ShapeMismatch: .*the dataset's images.*expected shape \[8, 8, 1\], got \[1, 8, 8\]/],
    ["a fixed batch", () => {
      const x = tfl.input({ batchShape: [32, 8, 8, 1] })
      return tfl.model({ inputs: x, outputs: logits(x) })
    }, /The model: a batch of 32 images .* is refused, .*Leave the batch open/],
    ["a compiled loss", () => {
      const x = input()
      const model = tfl.model({ inputs: x, outputs: logits(x) })
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" })
      return model
    }, /The model: to be compiled with the loss meanSquaredError is refused/]
  ])(
    "%s: one line",
    async (_name, model, line) => {
      expect(await refusal(model())).toMatch(line)
    }
  )

  it("may be compiled with the trainer's own loss", async () => {
    const model = ending(head({ activation: "softmax" }))
    model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" })
    expect((await train(model, sp)).leaked).toBe(0)
  })
})

describe("layers that declare what cannot be honoured", () => {
  /** Holds a layer whose weights it does not tell of. */
  class Hiding extends tfl.layers.Layer {
    static readonly className = "Hiding"
    readonly inner = tfl.layers.dense({ units: 3 })
    override computeOutputShape(): tfl.Shape {
      return [null, 3]
    }
    override build(shape: tfl.Shape): void {
      this.inner.build(shape)
      this.built = true
    }
    override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
      return this.inner.apply(inputs) as tf.Tensor
    }
  }

  /** Applies something in place of its inputs. */
  class Applying extends tfl.layers.Layer {
    static readonly className = "Applying"
    readonly #f: (x: tf.Tensor) => tf.Tensor
    constructor(f: (x: tf.Tensor) => tf.Tensor) {
      super({})
      this.#f = f
    }
    override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
      const [x] = [inputs].flat()
      return this.#f(x!)
    }
  }

  const sharing = () => {
    const [one, two] = [tfl.layers.dense({ units: 4, name: "one" }), tfl.layers.dense({ units: 4, name: "two" })]
    const model = tfl.sequential({
      layers: [tfl.layers.flatten({ inputShape: [8, 8, 1] }), tfl.layers.dense({ units: 4 }), one, two, head()]
    })
    Object.assign(two, {
      kernel: (one as unknown as { kernel: unknown }).kernel,
      _trainableWeights: one.trainableWeights
    })
    return model
  }

  it.each<readonly [string, () => tfl.LayersModel, RegExp]>([
    ["an activity regularizer", () => {
      const model = ending(head())
      Object.assign(model.getLayer("head"), { activityRegularizer: tfl.regularizers.l2() })
      return model
    }, /Layer "head": its activityRegularizer is refused/],
    [
      "weights that it hides",
      () => ending(head(), new Hiding({ name: "hiding" })),
      /Layer "hiding": its weight \S+ is refused.*neither trained nor saved/
    ],
    ["a variable of another's", sharing, /Layer "two": its weight \S+, that of layer "one", is refused/],
    [
      "channels first of sequences",
      () =>
        tfl.sequential({
          layers: [
            tfl.layers.reshape({ inputShape: [8, 8, 1], targetShape: [8, 8] }),
            tfl.layers.conv1d({ filters: 2, kernelSize: 3, dataFormat: "channelsFirst", name: "conv" }),
            tfl.layers.flatten(),
            head()
          ]
        }),
      /Layer "conv": dataFormat channelsFirst is refused.*permute/
    ],
    [
      "no way to the loss",
      () => ending(new Applying((x) => tf.ones(x.shape)), head()),
      /weight \S*kernel\S* is refused, because the loss does not depend on it/
    ],
    [
      "no gradient",
      () => ending(new Applying((x) => tf.cast(tf.greater(x, 0), "float32")), head()),
      /The model: the operation Greater between weights and loss is refused/
    ],
    ["an unknown number type", () => {
      const model = ending(head())
      Object.assign(model.getLayer("head").trainableWeights[0]!, { dtype: "int32" })
      return model
    }, /Layer "head": the dtype int32 of head\/kernel is refused/]
  ])("%s", async (_name, model, line) => {
    expect(await refusal(model())).toMatch(line)
  })

  it("a state between batches is refused by the trainer", async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.reshape({ inputShape: [8, 8, 1], targetShape: [8, 8] }),
        tfl.layers.simpleRNN({ units: 3, name: "rnn" })
      ]
    })
    Object.assign(model.getLayer("rnn"), { _stateful: true })
    expect(await refusal(model)).toMatch(/Layer "rnn": stateful: true is refused/)
  })

  it("nothing on a manifold, where manifolds are asked for", async () => {
    const dense = () => tfl.sequential({ layers: [tfl.layers.flatten({ inputShape: [8, 8, 1] }), head()] })
    expect(await refusal(dense(), { specification: "Sp+Euc" })).toBe(
      "DeclarationRefused: The model: a network with Sp+Euc is refused, because none of its kernels would be on a " +
        "manifold: convolutions are " +
        "by themselves, other layers where they are named. Use Euc, or name layers in overrides (layers in a " +
        "configuration): head."
    )
    const { network } = await train(dense(), { specification: "Euc" })
    expect(network.unconstrained).toEqual([{ name: "head", reason: "overrides do not name it" }])
    const constrained = await train(dense(), { specification: "Sp", overrides: { head: {} } })
    expect(constrained.network.unconstrained).toEqual([])
    expect((await weight(constrained.network.model, "head/kernel")).length).toBe(192)
  })

  it("a manifold that no kernel is on, where it is asked for", async () => {
    const model = () =>
      tfl.sequential({
        layers: [
          tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 3, kernelSize: 3, name: "first" }),
          tfl.layers.conv2d({ filters: 2, kernelSize: 3, name: "second" }),
          tfl.layers.flatten(),
          head()
        ]
      })
    const whole = { matricization: Combinators.whole }
    expect(await refusal(model(), { ...whole, specification: "Sp+Ob+St" })).toMatch(
      /The model: Sp\+Ob\+St \(kernels seen whole, groups by PIO\) is refused.*none would be on Ob, St\./
    )
    expect(await refusal(model(), { specification: "Sp", overrides: { second: { ...whole, specification: "St+Ob" } } }))
      .toMatch(/Layer "second": St\+Ob \(kernels seen whole, groups by PIO\) is refused.*none would be on Ob/)
    // Nobody asks for the specification of who gives none.
    const { network } = await train(model(), whole)
    expect(network.layers.flatMap(({ kinds }) => kinds.map(({ symbol }) => symbol))).toEqual(["Sp", "Sp"])
  })
})
