import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Models, Network, Schedule, Specification, Trainer } from "finegrain"
import { Law, manifoldLaws } from "finegrain/laws"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Split } from "../../src/data/Dataset.ts"
import { use } from "../backends.ts"
import { tinyDataset } from "../tinyDataset.ts"

/**
 * TensorFlow's C library has fewer kernels than the cpu engine, and refuses what that one accepts. It cannot be
 * installed everywhere; this engine, the cpu engine's kernels behind TensorFlow's restrictions, shows that the
 * framework keeps to them.
 */
const strict = "strict"

const missing = new Set([
  "DenseBincount",
  "SearchSorted",
  "MaxPoolWithArgmax",
  "Transform",
  "RotateWithOffset",
  "BitwiseAnd",
  "SparseFillEmptyRows",
  "SparseReshape",
  "SparseSegmentMean",
  "SparseSegmentSum",
  "RaggedGather",
  "RaggedRange",
  "RaggedTensorToTensor",
  "StringNGrams",
  "StringSplit",
  "StringToHashBucketFast",
  "Unique"
])

type Call = Parameters<tf.KernelFunc>[0]

const onlySameOrValid = ({ attrs }: Call) => {
  const { pad } = attrs as unknown as { readonly pad: unknown }
  if (pad !== "same" && pad !== "valid") throw new Error(`TF Backend supports only 'valid' and 'same' padding`)
}

const guards: Readonly<Record<string, (call: Call) => void>> = {
  ...Object.fromEntries(
    [
      "Conv2DBackpropInput",
      "Conv2DBackpropFilter",
      "DepthwiseConv2dNativeBackpropInput",
      "DepthwiseConv2dNativeBackpropFilter",
      "MaxPool",
      "MaxPoolGrad",
      "AvgPool",
      "AvgPoolGrad"
    ].map((name) => [name, onlySameOrValid])
  ),
  GatherV2: ({ attrs, backend, inputs }) => {
    const { indices, x } = inputs as Readonly<Record<"indices" | "x", tf.TensorInfo>>
    const { axis } = attrs as unknown as { readonly axis: number }
    const values = (backend as MathBackendCPU).readSync(indices.dataId) as Int32Array
    if (indices.dtype !== "int32") throw new Error(`gather by ${indices.dtype}`)
    if (values.some((index) => index < 0 || index >= x.shape[axis]!)) throw new Error("gather out of range")
  }
}

beforeAll(async () => {
  await use("cpu")
  tf.registerBackend(strict, () => new MathBackendCPU())
  for (const { kernelFunc, kernelName } of tf.getKernelsForBackend("cpu")) {
    if (missing.has(kernelName)) continue
    tf.registerKernel({
      kernelName,
      backendName: strict,
      kernelFunc: (call) => {
        guards[kernelName]?.(call)
        return kernelFunc(call)
      }
    })
  }
  await tf.setBackend(strict)
})
afterAll(() => use("cpu"))

/** Few, because the cpu engine is slow. */
const few = ({ images, labels }: Split, count: number): Split => ({
  images: images.subarray(0, count * 64),
  labels: labels.subarray(0, count),
  count
})
const dataset = { ...tinyDataset, train: few(tinyDataset.train, 8), test: few(tinyDataset.test, 4) }

const losses = (model: keyof typeof Models.models) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const network = yield* Network.make(Models.models[model].make({ ...dataset, seed: 1 }), { seed: 2 })
    yield* Effect.addFinalizer(() => Effect.sync(() => network.model.dispose()))
    const trainer = yield* Trainer.make({
      network,
      dataset,
      schedule: Schedule.constant(0.05),
      epochs: 1,
      batchSize: 4,
      seed: 3
    })
    const { epochs } = yield* trainer.train(() => Effect.void)
    return [epochs[0]!.trainLoss, epochs[0]!.testLoss]
  })))

describe("behind TensorFlow's restrictions", () => {
  it("the engine refuses what TensorFlow refuses", () => {
    const x = tf.ones([1, 4, 4, 1]) as tf.Tensor4D
    const filter = tf.ones([3, 3, 1, 1]) as tf.Tensor4D
    expect(() => tf.grad((y: tf.Tensor) => tf.conv2d(y as tf.Tensor4D, filter, 1, 1))(x)).toThrow("'same' padding")
    expect(() => tf.gather(tf.ones([3]), tf.tensor1d([3], "int32"))).toThrow("out of range")
  })

  it.each(["small-cnn", "resnet-8", "senet-8", "mlp"] as const)("%s trains as on the cpu engine", {
    timeout: 120_000
  }, async (model) => {
    const found = await losses(model)
    await use("cpu")
    const expected = await losses(model)
    await tf.setBackend(strict)
    expect(found).toEqual(expected)
  })

  it.each(["Sp", "Ob", "St", "Euc", "St:polar", "St:cayley", "St:exp"])("the laws of %s hold", async (symbol) => {
    const [{ at }] = Result.getOrThrow(Specification.parse(symbol))
    const reports = await Law.checkAll(manifoldLaws(Result.getOrThrow(at([4, 3]))), { runs: 2, seed: 1 })
    expect(reports.filter(({ passed }) => !passed).map(Law.format)).toEqual([])
  })
})
