import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import fc from "fast-check"
import { Layers, Seed } from "finegrain"
import { expect, it } from "vitest"
import { use } from "./backends.ts"

interface Case {
  readonly seed: number
  readonly shape: ReadonlyArray<number>
  readonly accelerate: boolean
}

/** Output, gradients and moving moments of a training step of batch normalization, as plain numbers. */
const step = async ({ accelerate, seed, shape }: Case): Promise<ReadonlyArray<ReadonlyArray<number>>> => {
  const layer = tfl.layers.batchNormalization({ inputShape: shape.slice(1), momentum: 0.8 })
  const model = tfl.sequential({ layers: [layer] })
  if (accelerate) Layers.accelerate(model)
  const channels = shape.at(-1)!
  layer.setWeights([
    Seed.normalTensor(seed + 1, [channels]),
    Seed.normalTensor(seed + 2, [channels]),
    tf.zeros([channels]),
    tf.ones([channels])
  ])
  // Means far from 0, which cost digits where squares cancel.
  const x = tf.add(Seed.normalTensor(seed, shape), 30)
  const weights = Seed.normalTensor(seed + 3, shape)
  const inputs = tf.variable(x)
  const before = tf.memory().numTensors
  const { grads, value } = tf.variableGrads(
    () => tf.sum(tf.mul(model.apply(inputs, { training: true }) as tf.Tensor, weights)) as tf.Scalar
  )
  const y = tf.tidy(() => model.apply(inputs, { training: true }) as tf.Tensor)
  const names = Object.keys(grads)
  const found = [y, ...names.map((name) => grads[name]!), ...layer.getWeights().slice(2)]
  const values = await Promise.all(found.map(async (t) => Array.from(await t.data())))
  tf.dispose([value, y, ...names.map((name) => grads[name]!)])
  expect(tf.memory().numTensors).toBe(before)
  tf.dispose([x, inputs, weights])
  model.dispose()
  return values
}

it(
  "accelerated batch normalization is the stock one, with its gradients and moving moments",
  { timeout: 120_000 },
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          shape: fc.tuple(
            fc.integer({ min: 2, max: 9 }),
            fc.integer({ min: 1, max: 9 }),
            fc.integer({ min: 1, max: 5 }),
            fc.constantFrom(1, 2, 3, 4, 5, 8, 9)
          )
        }),
        async (c) => {
          await use("cpu")
          const expected = await step({ ...c, accelerate: false })
          await use("wasm")
          const actual = await step({ ...c, accelerate: true })
          expect(actual.length).toBe(expected.length)
          for (const [i, values] of actual.entries()) {
            const reference = expected[i]!
            const size = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 1)
            const gap = values.reduce((a, b, k) => Math.max(a, Math.abs(b - reference[k]!)), 0)
            // Float32 has 2e-6 left beside a mean of 30; a small batch's variance divides by what may be a tenth.
            expect(gap / size).toBeLessThan(1e-3)
          }
        }
      ),
      { numRuns: 40 }
    )
)
