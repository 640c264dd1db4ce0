import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Combinators, FgSgd, Layers, Network, Optimizer, Renormalization, Schedule, Seed, StepSize } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const electrodes = 8
const he = (seed: number) => tfl.initializers.heNormal({ seed })

/** EEGNet of Lawhern and others 2018, table 2, small. */
const eegNet = () =>
  tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        name: "temporal",
        inputShape: [electrodes, 32, 1],
        filters: 4,
        kernelSize: [1, 8],
        padding: "same",
        useBias: false,
        kernelInitializer: he(1)
      }),
      tfl.layers.batchNormalization({ name: "norm_1" }),
      tfl.layers.depthwiseConv2d({
        name: "spatial",
        kernelSize: [electrodes, 1],
        depthMultiplier: 2,
        useBias: false,
        // Large, so that the constraint has something to hold.
        depthwiseInitializer: tfl.initializers.randomNormal({ stddev: 0.5, seed: 2 })
      }),
      tfl.layers.batchNormalization({ name: "norm_2" }),
      tfl.layers.activation({ activation: "elu" }),
      tfl.layers.averagePooling2d({ poolSize: [1, 4], strides: [1, 4] }),
      tfl.layers.separableConv2d({
        name: "separable",
        filters: 8,
        kernelSize: [1, 4],
        padding: "same",
        useBias: false,
        depthwiseInitializer: he(3),
        pointwiseInitializer: he(4)
      }),
      tfl.layers.batchNormalization({ name: "norm_3" }),
      tfl.layers.activation({ activation: "elu" }),
      tfl.layers.averagePooling2d({ poolSize: [1, 4], strides: [1, 4] }),
      tfl.layers.flatten(),
      tfl.layers.dense({ name: "head", units: 4, kernelInitializer: he(5) })
    ]
  })

/** Steps of FG-SGD, the last after a renormalization. */
const trained = async (overrides: Network.NetworkOptions["overrides"]) => {
  const model = eegNet()
  const network = await Effect.runPromise(
    Network.make(model, { specification: "Euc", policy: Renormalization.none, ...(overrides && { overrides }) })
  )
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.5), rule: StepSize.plain })
  const x = Seed.normalTensor(6, [16, electrodes, 32, 1])
  const labels = tf.oneHot(tf.tensor1d(Array.from({ length: 16 }, (_, i) => i % 4), "int32"), 4)
  const loss = () => {
    const logits = model.apply(x, { training: true }) as tf.Tensor2D
    return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1))) as tf.Scalar
  }
  let state = Optimizer.init(optimizer, network.variables)
  const losses: Array<number> = []
  for (let i = 0; i < 6; i++) {
    Layers.setStep(model, i)
    if (i === 5) {
      const lambdas = await Effect.runPromise(Network.deviations(network, x))
      state = Object.assign({}, state, { scaling: Network.scaling(network, lambdas) })
    }
    const { grads, value } = tf.variableGrads(loss, [...network.variables])
    const next = Optimizer.update(optimizer, state, network.variables.map(({ name }) => grads[name]!))
    Network.assign(network, next.weights)
    state = next.state
    losses.push((await value.data())[0]!)
  }
  const weight = async (layer: string) => {
    const found = model.getLayer(layer).getWeights()[0]!
    return { shape: found.shape, values: await found.data() }
  }
  return { losses, spatial: await weight("spatial"), head: await weight("head"), network }
}

/** Norms over the first axis, as `maxNorm` of TensorFlow.js and Keras has them by default. */
const norms = ({ shape, values }: { readonly shape: ReadonlyArray<number>; readonly values: ArrayLike<number> }) => {
  const others = values.length / shape[0]!
  return Array.from(
    { length: others },
    (_, i) =>
      Math.sqrt(Array.from({ length: shape[0]! }, (_, a) => values[a * others + i]! ** 2).reduce((s, v) => s + v))
  )
}

/** Dividing by a norm, and multiplying, each round once. */
const rounding = 1 + 4 * 2 ** -24

onEachBackend("EEGNet", () => {
  it("keeps the depthwise kernel's max-norm at most 1 and the dense head's at most 0.25", async () => {
    const { head, losses, network, spatial } = await trained({
      spatial: { specification: "Ball", matricization: Combinators.perKernel },
      head: { specification: "Ball:0.25", matricization: Combinators.perFilter }
    })
    expect(network.layers.find(({ name }) => name === "spatial")!.kinds.map(({ manifold }) => manifold.name))
      .toEqual(["Ball(8,1)"])
    expect(network.layers.find(({ name }) => name === "head")!.kinds.map(({ manifold }) => manifold.name))
      .toEqual(["Ball:0.25(16,1)"])
    expect(norms(spatial)).toHaveLength(8)
    expect(norms(head)).toHaveLength(4)
    expect(Math.max(...norms(spatial))).toBeLessThanOrEqual(rounding)
    expect(Math.max(...norms(head))).toBeLessThanOrEqual(0.25 * rounding)
    expect(losses.every(Number.isFinite)).toBe(true)
    // Without the constraints both are exceeded: they are what holds them.
    const free = await trained({})
    expect(Math.max(...norms(free.spatial))).toBeGreaterThan(1.01)
    expect(Math.max(...norms(free.head))).toBeGreaterThan(0.26)
  })
})
