// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Models, Network, Schedule, Seed, Trainer } from "finegrain"
import { describe, expect, it } from "vitest"
import { kernelNames } from "../../src/engine/layerKernels.ts"
import { heapBytes, outOfMemory } from "../../src/engine/wasm/memory.ts"
import { use } from "../backends.ts"
import { tinyDataset } from "../tinyDataset.ts"
import { refusing, refusingEach, settled } from "./fullHeap.ts"

const trap = Object.assign(new Error("memory access out of bounds"), { name: "RuntimeError" })

describe("a heap without room", () => {
  it("is told from a trap on a heap that could grow", () => {
    expect(outOfMemory(trap, 4e9)?.message).toMatch(/wasm failed \(out of memory\).* 3\.7 of 4 GiB\. .*smaller batches/)
    expect(outOfMemory(trap, 1e9)).toBeUndefined()
    expect(outOfMemory(new Error("another"), 4e9)).toBeUndefined()
  })

  it("is known by its size on wasm only", async () => {
    await use("cpu")
    expect(heapBytes()).toBe(0)
    await use("wasm")
    expect(heapBytes()).toBeGreaterThan(0)
    expect(tf.getBackend()).toBe("wasm")
  })

  it("is foreseen where the features of one step alone are more", async () => {
    await use("wasm")
    const side = 512
    const count = 1100
    const one = { images: new Uint8Array(side * side * count), labels: new Uint8Array(count).fill(1, 1), count }
    const dataset = { ...tinyDataset, height: side, width: side, classes: 2, train: one, test: one }
    const made = Effect.gen(function*() {
      const network = yield* Network.make(Models.smallCnn({ ...dataset, seed: 1 }))
      return yield* Trainer.make({
        network,
        dataset,
        epochs: 1,
        batchSize: 5000,
        seed: 1,
        schedule: Schedule.constant(1)
      })
    })
    const { message } = await Effect.runPromise(Effect.flip(Effect.scoped(made)))
    expect(message).toMatch(
      /^A batch of 5000 images: a step of 1100 images takes \d\.\d GiB at least, and 4\.0 GiB are all/
    )
  })
})

describe("kernels on a heap that has no room for what they need", () => {
  const normal4 = (...shape: ReadonlyArray<number>) => Seed.normalTensor(1, shape) as tf.Tensor4D
  const convolved = (side: number, channels: number) =>
    tf.tidy(() => {
      const y = tf.conv2d(normal4(1, side, side, channels), normal4(3, 3, channels, channels), 1, "same")
      return y.dataSync<"float32">().slice()
    })

  it("hand out no work space that is free, however often it could not grow", async () => {
    await use("wasm", { threads: 1 })
    const right = convolved(8, 8)
    for (let round = 0; round < 2; round++) {
      expect(() => refusing((bytes) => bytes > 2 ** 20, () => convolved(16, 128))).toThrow("no room")
      const live = settled(256)
      expect(convolved(8, 8)).toEqual(right)
      expect(live.overwritten()).toEqual([])
      tf.dispose(live.tensors)
    }
  })

  const steps = { strides: [1, 1], pad: "same", dataFormat: "NHWC", dilations: [1, 1] }
  const of = (name: string, inputs: () => tf.NamedTensorMap, attrs: object = {}) =>
    [name, () => tf.engine().runKernel(name, inputs(), attrs as tf.NamedAttrMap)] as const
  const image = () => normal4(2, 7, 7, 8)
  const channels = () => Seed.normalTensor(2, [8])
  const oneByOne = () => ({ x: image(), filter: normal4(1, 1, 8, 1) })
  it.each([
    of(tf.Conv2D, () => ({ x: image(), filter: normal4(3, 3, 8, 8) }), steps),
    of(tf.Conv2DBackpropInput, () => ({ dy: image(), filter: normal4(3, 3, 8, 8) }), {
      ...steps,
      inputShape: [2, 7, 7, 8]
    }),
    of(tf.Conv2DBackpropFilter, () => ({ x: image(), dy: image() }), { ...steps, filterShape: [3, 3, 8, 8] }),
    of(tf.FusedConv2D, () => ({ x: image(), filter: normal4(5, 3, 8, 9) }), { ...steps, activation: "elu" }),
    of(tf.DepthwiseConv2dNative, oneByOne, { ...steps, strides: [2, 2] }),
    of(tf.BatchMatMul, () => ({ a: Seed.normalTensor(1, [40, 30]), b: Seed.normalTensor(2, [20, 40]) }), {
      transposeA: true,
      transposeB: true
    }),
    of(tf.Sum, () => ({ x: image() }), { axis: [1, 2], keepDims: true }),
    of(tf.Max, () => ({ x: image() }), { reductionIndices: [1, 2], keepDims: true }),
    of(kernelNames.normalize, () => ({ x: image(), gamma: channels(), beta: channels() }), { epsilon: 1, relu: true }),
    of(
      kernelNames.normalizeGradient,
      () => ({ dy: image(), x: image(), gamma: channels(), mean: channels(), variance: channels() }),
      { epsilon: 1, ofBatch: true }
    )
  ])("%s leaves nothing behind, whichever allocation fails", async (_, run) => {
    await use("wasm", { threads: 1 })
    const there = () => [tf.memory().numTensors, tf.backend().numDataIds()]
    const before = there()
    const failures = refusingEach(() => tf.tidy(() => void run()), () => expect(there()).toEqual(before))
    expect(failures.length).toBeGreaterThan(1)
    expect(failures.filter((failure) => !failure.includes("no room"))).toEqual([])
  })
})
