import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import {
  Combinators,
  FgSgd,
  Grouping,
  Manifold,
  Network,
  Optimizer,
  Renormalization,
  Schedule,
  Specification
} from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("wasm"))

/** A functional model with a branch, batch normalization, a 1×1 convolution, and a depthwise one. */
const model = () => {
  const input = tfl.input({ shape: [8, 8, 3] })
  const kernelInitializer = tfl.initializers.heNormal({ seed: 1 })
  const a = tfl.layers.conv2d({
    name: "a",
    filters: 4,
    kernelSize: 3,
    padding: "same",
    useBias: false,
    kernelInitializer
  }).apply(input)
  const b = tfl.layers.batchNormalization({ name: "bn" }).apply(a)
  const c = tfl.layers.conv2d({ name: "pointwise", filters: 4, kernelSize: 1, kernelInitializer }).apply(b)
  const d = tfl.layers.depthwiseConv2d({
    name: "depthwise",
    kernelSize: 3,
    padding: "same",
    depthwiseInitializer: kernelInitializer
  }).apply(c)
  const e = tfl.layers.add({ name: "sum" }).apply([a as tfl.SymbolicTensor, d as tfl.SymbolicTensor])
  const f = tfl.layers.globalAveragePooling2d({ name: "gap" }).apply(e)
  const g = tfl.layers.dense({ name: "head", units: 5, kernelInitializer }).apply(f)
  return tfl.model({ inputs: input, outputs: g as tfl.SymbolicTensor })
}

const make = (options: Network.NetworkOptions = {}) => Effect.runPromise(Network.make(model(), options))
const refusal = (options: Network.NetworkOptions) => Effect.runPromise(Effect.flip(Network.make(model(), options)))

it("constrains convolutions of any model and leaves everything else Euclidean", async () => {
  const network = await make({ specification: "Sp+Ob+St+Euc", seed: 3 })
  expect(network.layers.map(({ matricization, name }) => [name, matricization.name])).toEqual([
    ["a", "perKernel"],
    // Its kernels are 1×1: seen per kernel there would be nothing to learn.
    ["pointwise", "whole"],
    ["depthwise", "perKernel"]
  ])
  expect(network.variables).toHaveLength(model().trainableWeights.length)
  const [first] = network.layers
  expect(first!.kinds.map(({ symbol }) => symbol)).toEqual(["Sp", "Ob", "St", "Euc"])
  expect(first!.groups).toHaveLength(3 + 4)
})

it("puts the weights of every matrix on its manifold, where the plan says", async () => {
  const network = await make({ specification: "Sp+St", strategy: Grouping.PO(), seed: 3 })
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1), momentum: 0.9 })
  const start = Optimizer.init(optimizer, network.variables)
  const { state, weights } = Optimizer.update(optimizer, start, network.variables.map((v) => tf.sin(v)))
  await Effect.runPromise(Manifold.checkPoint(network.problem.collection.manifold, state.x, 1e-5))
  const layer = network.layers[0]!
  const stack = Combinators.kernelArrangement(layer.matricization, layer.shape).from(weights[layer.variable]!)
  for (const { indices, manifold } of layer.kinds) {
    const own = tf.gather(stack, tf.tensor1d([...indices], "int32"))
    await Effect.runPromise(Manifold.checkPoint(manifold, own, 1e-5))
  }
})

it("follows overrides by layer, dense layers included", async () => {
  const network = await make({
    specification: "Sp",
    overrides: {
      a: { specification: "St", strategy: Grouping.PI("contiguous") },
      head: { specification: "Ob", matricization: Combinators.whole }
    }
  })
  expect(network.layers.map(({ kinds, name }) => [name, kinds[0]!.manifold.name])).toEqual([
    ["a", "St(3,3)"],
    ["pointwise", "Sp(4,4)"],
    ["depthwise", "Sp(3,3)"],
    ["head", "Ob(4,5)"]
  ])
})

it("refuses 1×1 kernels seen per kernel, naming the layer and what would work", async () => {
  const error = await refusal({
    overrides: { pointwise: { matricization: Combinators.perKernel, specification: "St" } }
  })
  expect(error._tag).toBe("PlanError")
  expect(error.message).toMatch(/Layer "pointwise".*1×1|Layer "pointwise".*\[1, 1\]/)
  expect((error as Network.PlanError).workable).toEqual(["perFilter", "perFilterMatrix", "perInput", "whole"])
})

it("says what is wrong with a plan", async () => {
  expect((await refusal({ overrides: { nothing: {} } })).message).toMatch(/no layer of this name.*pointwise/)
  expect((await refusal({ overrides: { bn: {} } })).message).toMatch(/BatchNormalization layer has no kernel/)
  expect(await refusal({ specification: "Sp+Nope" })).toBeInstanceOf(Specification.SpecificationError)
})

it("keeps W = ℜω, the promised norms, and a leak-free scaling after renormalization", async () => {
  const network = await make({ specification: "Sp+Ob+St+Euc", policy: Renormalization.unit, seed: 1 })
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1) })
  const state = Optimizer.init(optimizer, network.variables)
  const inputs = tf.mul(tf.randomNormal([16, 8, 8, 3], 0, 1, "float32", 2), 4)
  const before = tf.memory().numTensors
  const lambdas = await Effect.runPromise(Network.deviations(network, inputs))
  expect(tf.memory().numTensors).toBe(before)
  // Inputs of standard deviation 4.
  expect([...lambdas[0]!].every((lambda) => Math.abs(lambda - 4) < 0.3)).toBe(true)
  const scaling = Network.scaling(network, lambdas)
  const norms = await Effect.runPromise(Network.largestNorms(network, { x: state.x, scaling }))
  const bounded = norms.filter(({ bound }) => bound !== undefined)
  expect(new Set(bounded.map(({ manifold }) => manifold))).toEqual(new Set(["Sp", "Ob", "St"]))
  expect(bounded.every(({ largest }) => largest <= 1 + 1e-5)).toBe(true)
  // The norms that reach 1 before the division by λ come near 1/λ after it.
  const all = lambdas.flatMap((layer) => Array.from(layer))
  const largest = Math.max(...bounded.map((norm) => norm.largest))
  expect(largest).toBeGreaterThan(0.5 / Math.max(...all))
  expect(largest).toBeLessThanOrEqual(1 / Math.max(1, Math.min(...all)) + 1e-5)
})

it("computes λ from features as the next layer sees them", async () => {
  const network = await make({ seed: 1 })
  const x = tf.randomNormal([8, 8, 8, 3], 0, 1, "float32", 2)
  const lambdas = await Effect.runPromise(Network.deviations(network, x))
  const features = tfl.model({
    inputs: network.model.inputs,
    outputs: network.model.getLayer("bn").output as tfl.SymbolicTensor
  })
    .predict(x) as tf.Tensor
  const expected = Renormalization.deviations(features).dataSync()
  for (const [i, lambda] of lambdas[1]!.entries()) expect(lambda).toBeCloseTo(expected[i]!, 5)
})
