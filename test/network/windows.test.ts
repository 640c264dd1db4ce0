import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { Models } from "finegrain"
import { beforeEach, describe, expect, it } from "vitest"
import { windowProblem } from "../../src/network/windows.ts"
import { use } from "../backends.ts"

const pooled = (side: number | null, poolSize = 4) =>
  tfl.sequential({
    layers: [
      tfl.layers.conv2d({ name: "conv", inputShape: [side, side, 1], filters: 2, kernelSize: 3, padding: "same" }),
      tfl.layers.maxPooling2d({ name: "pool", poolSize }),
      tfl.layers.globalAveragePooling2d({ name: "mean" }),
      tfl.layers.dense({ name: "logits", units: 2 })
    ]
  })

const problem = (model: tfl.LayersModel, side?: number) =>
  windowProblem(model, side === undefined ? undefined : [null, side, side, 1])?.message

describe("windows that do not fit into the image", () => {
  beforeEach(() => use("cpu"))

  it("are named by their layer and by what it gets", () => {
    expect(problem(pooled(4))).toBeUndefined()
    expect(problem(pooled(3))).toMatch(
      /^Layer "pool": its window does not fit into the 3×3×2 that it gets, of an image of 3×3/
    )
  })

  it("are found where the model leaves the size open, for the size that is given", () => {
    expect(problem(pooled(null))).toBeUndefined()
    expect(problem(pooled(null), 4)).toBeUndefined()
    expect(problem(pooled(null), 3)).toMatch(/"pool".*3×3×2/)
  })

  it("are found in models within the model, in convolutions and in average pooling", () => {
    const input = tfl.input({ shape: [6, 6, 1] })
    const inner = tfl.input({ shape: [2, 2, 2] })
    const within = tfl.model({
      inputs: inner,
      outputs: tfl.layers.averagePooling2d({ name: "deep", poolSize: 3 }).apply(inner) as tfl.SymbolicTensor
    })
    const small = tfl.layers.conv2d({ filters: 2, kernelSize: 5 }).apply(input)
    const model = tfl.model({ inputs: input, outputs: within.apply(small) as tfl.SymbolicTensor })
    expect(problem(model)).toMatch(/^Layer "deep": .* 2×2×2 /)
    const wide = tfl.sequential({
      layers: [tfl.layers.conv2d({ name: "wide", inputShape: [4, 4, 1], filters: 1, kernelSize: 5 })]
    })
    expect(problem(wide)).toMatch(/^Layer "wide"/)
  })

  it.each(Object.keys(Models.models) as Array<keyof typeof Models.models>)("%s takes images of 8×8", (name) => {
    expect(problem(Models.models[name].make({ height: 8, width: 8, channels: 1, classes: 2, seed: 1 }))).toBeUndefined()
  })
})

describe("pooling on wasm", () => {
  beforeEach(() => use("wasm"))

  it("refuses a window larger than the image, which would not end or write beyond its result", () => {
    const x = tf.ones([1, 1, 1, 2]) as tf.Tensor4D
    expect(() => tf.maxPool(x, 2, 2, "valid")).toThrow("MaxPool: no window of 2×2 fits into images of 1×1")
    expect(() => tf.avgPool(x, 2, 2, "valid")).toThrow("AvgPool: no window of 2×2 fits into images of 1×1")
    expect(tf.maxPool(x, 2, 2, "same").shape).toEqual([1, 1, 1, 2])
  })
})
