// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Models, Network, Schedule, Trainer } from "finegrain"
import { describe, expect, it } from "vitest"
import { heapBytes, outOfMemory } from "../../src/engine/wasm/memory.ts"
import { use } from "../backends.ts"
import { tinyDataset } from "../tinyDataset.ts"

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
