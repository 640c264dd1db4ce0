import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { ConvolutionOperator, Network, NetworkSpectra } from "finegrain"
import { SingularValueDecomposition } from "ml-matrix"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("wasm"))

const seeded = (seed: number) => tfl.initializers.heNormal({ seed })

const network = (overrides: Network.NetworkOptions["overrides"] = {}) => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        name: "strided",
        inputShape: [8, 8, 3],
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        kernelInitializer: seeded(1)
      }),
      tfl.layers.conv2d({
        name: "dilated",
        filters: 5,
        kernelSize: 3,
        dilationRate: 2,
        padding: "same",
        kernelInitializer: seeded(2)
      }),
      tfl.layers.conv2d({ name: "uneven", filters: 2, kernelSize: 3, strides: 3, kernelInitializer: seeded(3) }),
      tfl.layers.flatten(),
      tfl.layers.dense({ name: "head", units: 3, kernelInitializer: seeded(4) })
    ]
  })
  return Effect.runPromise(Network.make(model, { specification: "Euc", overrides }))
}

it("measures every constrained layer as the model applies it", async () => {
  const own = await network({ head: { specification: "St" } })
  const before = tf.memory().numTensors
  const found = await Effect.runPromise(NetworkSpectra.measure(own))
  expect(tf.memory().numTensors).toBe(before)
  expect(found.map(({ layer }) => layer)).toEqual(["strided", "dilated", "uneven", "head"])
  const [strided, dilated, uneven, head] = found
  const kernel = (i: number) => own.variables[own.layers[i]!.variable] as tf.Variable<tf.Rank.R4>
  const operator = (i: number, geometry: ConvolutionOperator.OperatorGeometry) =>
    ConvolutionOperator.norm(kernel(i), geometry).dataSync()[0]
  expect(strided!.operatorNorm).toBe(operator(0, { size: [8, 8], strides: [2, 2] }))
  expect(dilated!.operatorNorm).toBe(operator(1, { size: [4, 4], dilations: [2, 2] }))
  // Strides of 3 do not divide 4 pixels.
  expect(uneven!.operatorNorm).toBeUndefined()
  expect(uneven!.withoutOperatorNorm).toBe("its strides do not divide its input")
  // A dense layer is its matrix.
  expect(head!.operatorNorm).toBeCloseTo(head!.singularValues![0]!, 4)
  const matrix = tf.reshape(kernel(1), [36, 5]).arraySync() as Array<Array<number>>
  const exact = new SingularValueDecomposition(matrix).diagonal
  for (const [i, value] of dilated!.singularValues!.entries()) expect(value).toBeCloseTo(exact[i]!, 6)
})

it("leaves out what is not finite", async () => {
  const own = await network()
  own.variables[own.layers[0]!.variable]!.assign(tf.mul(Number.NaN, tf.ones([3, 3, 3, 4])))
  const [first, second] = await Effect.runPromise(NetworkSpectra.measure(own))
  expect(first).toEqual({
    layer: "strided",
    shape: [3, 3, 3, 4],
    withoutOperatorNorm: "it is not finite"
  })
  expect(second!.singularValues).toHaveLength(5)
})

it("keeps singular values whose squares rounding would take", async () => {
  const own = await network()
  const sizes = [1, 1e-3, 1e-6, 1e-9, 1e-12]
  const matrix = tf.tensor2d(
    Array.from({ length: 36 * 5 }, (_, e) => Math.floor(e / 5) === e % 5 ? sizes[e % 5]! : 0),
    [36, 5]
  )
  own.variables[own.layers[1]!.variable]!.assign(tf.reshape(matrix, [3, 3, 4, 5]))
  const [, dilated] = await Effect.runPromise(NetworkSpectra.measure(own))
  for (const [j, value] of sizes.entries()) expect(dilated!.singularValues![j]! / value).toBeCloseTo(1, 5)
})
