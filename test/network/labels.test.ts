import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Collection, FgSgd, Network, Optimizer, Schedule, Transform, Transforms } from "finegrain"
import { beforeAll, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

const network = () =>
  Effect.runSync(Network.make(
    tfl.sequential({
      layers: [
        tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, name: "conv" }),
        tfl.layers.batchNormalization({ name: "norm" }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 2, name: "head" })
      ]
    }),
    { specification: "Sp+Euc" }
  ))

it("call every POM by its manifold, its kind of parameter and its layer", () => {
  const { poms } = network().problem.collection
  expect(Object.fromEntries(poms.map((pom) => [pom.name, Collection.labelsOf(pom).join(" ")]))).toMatchObject({
    "conv/0": "Sp kernel layers/conv curved",
    "conv/bias": "Euc bias layers/conv",
    "norm/gamma": "Euc normalization layers/norm",
    "head/kernel": "Euc dense layers/head",
    "head/bias": "Euc bias layers/head"
  })
})

it("give rates to what they name, and are refused with all that there are where they name nothing", () => {
  const { problem, variables } = network()
  const withRates = (rates: Transforms.Rates) =>
    Transform.chain(
      "test",
      FgSgd.euclideanGradient(0),
      FgSgd.tangentProjection(0),
      Transforms.rates(rates),
      FgSgd.stepSize({ schedule: Schedule.constant(0.1) })
    )
  const moved = (rates: Transforms.Rates) => {
    const optimizer = Optimizer.make(problem, withRates(rates))
    const before = Optimizer.init(optimizer, variables)
    const { state } = Optimizer.update(optimizer, before, variables.map((v) => tf.onesLike(v)))
    const flat = (points: Network.NetworkPoint) => points.map((leaves) => leaves.map((leaf) => leaf.dataSync()[0]!))
    return [flat(before.x), flat(state.x)] as const
  }
  const [before, plain] = moved({})
  const [, scaled] = moved({ bias: 10, "layers/head": 2 })
  const last = plain.length - 1
  expect(scaled[last]![0]! - before[last]![0]!).toBeCloseTo(20 * (plain[last]![0]! - before[last]![0]!), 5)
  expect(scaled[0]).toEqual(plain[0])
  expect(() => Optimizer.make(problem, withRates({ Stiefel: 2 }))).toThrow(
    new RegExp(
      `no POM goes by "Stiefel": there is Sp, kernel, layers/conv, curved, ` +
        "Euc, bias, normalization, layers/norm, dense, layers/head"
    )
  )
})
