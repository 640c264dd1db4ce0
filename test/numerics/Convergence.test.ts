import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Convergence, Tensors } from "finegrain"
import { describe, expect, it } from "vitest"
import { onEachBackend, use } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const require = (...values: ReadonlyArray<number>) =>
  tf.tidy(() =>
    Convergence.require({ what: "it", residual: tf.tensor1d([...values]), tolerance: 0.5, remedy: "Do something." })
  )

const message = "it did not converge: residual 2 exceeds the tolerance 0.5. Do something."

onEachBackend("requirements", () => {
  it("throw at once where they do not hold, by name", () => {
    expect(() => require(0.1, 2)).toThrow(message)
    expect(() => require(0.1, Number.NaN, 2)).toThrow("residual NaN")
    expect(() => require(0.1, 0.5)).not.toThrow()
    expect(() => require()).not.toThrow()
  })

  it("are failures, not defects, of what is read", async () => {
    const error = await Effect.runPromise(Effect.flip(Tensors.evaluate(() => {
      require(2)
      return tf.scalar(1)
    })))
    expect(error).toBeInstanceOf(Convergence.NotConverged)
  })

  it("leave nothing behind and take no part in gradients", () => {
    const before = tf.memory().numTensors
    const grad = tf.tidy(() =>
      tf.grad((x) => {
        Convergence.require({ what: "it", residual: tf.mul(x, 0.1), tolerance: 1, remedy: "" })
        return tf.square(x)
      })(tf.scalar(3)).dataSync()[0]
    )
    expect(grad).toBe(6)
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe.runIf(runsWebgpu)("requirements on webgpu", () => {
  it("fail the next read, once, and every one of those made at a time", async () => {
    await use("webgpu")
    const [x, y] = [tf.scalar(3), tf.add(tf.scalar(1), 1)]
    const before = tf.memory()
    require(0.1)
    require(2)
    expect(tf.memory().numTensors).toBe(before.numTensors)
    const read = (t: tf.Tensor) => Effect.runPromise(Effect.result(Tensors.read(t)))
    const product = tf.mul(x, y)
    const found = await Promise.all([read(product), read(tf.add(x, y))])
    expect(found.map((result) => result._tag === "Failure" && result.failure.message)).toEqual([message, message])
    expect(await Effect.runPromise(Tensors.evaluate(() => tf.mul(x, y)))).toEqual(Float32Array.of(6))
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers + 2)
  })
})
