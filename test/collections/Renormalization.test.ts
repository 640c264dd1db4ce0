import * as tf from "@tensorflow/tfjs-core"
import { Combinators, Euclidean, Oblique, Renormalization, Sphere, Stiefel } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

onEachBackend("renormalization", () => {
  it("measures λ over batch and positions, channel by channel", () => {
    const channel = (values: ReadonlyArray<number>) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
    }
    const x = tf.randomNormal([3, 4, 4, 2], 1, 2, "float32", 5)
    const values = Array.from(x.dataSync())
    const expected = [0, 1].map((c) => channel(values.filter((_, i) => i % 2 === c)))
    const found = Renormalization.deviations(x).dataSync()
    expect(found[0]! / expected[0]!).toBeCloseTo(1, 5)
    expect(found[1]! / expected[1]!).toBeCloseTo(1, 5)
  })

  it("measures λ of features whose squares are no numbers, and keeps the bits of ordinary ones", () => {
    for (const size of [3e19, 1e-25]) {
      expect(Renormalization.deviations(tf.tensor2d([[size], [-size]])).dataSync()[0]! / size).toBeCloseTo(1, 5)
    }
    const x = tf.randomNormal([50, 3], 1, 2, "float32", 5)
    const centred = tf.sub(x, tf.mean(x, 0, true))
    const plain = tf.sqrt(tf.mean(tf.square(centred), 0))
    expect([...Renormalization.deviations(x).dataSync()]).toEqual([...plain.dataSync()])
  })
})

it("takes the largest γ: some weight attains 1", () => {
  for (const manifold of [Sphere.make([3, 4]), Oblique.make([4, 3]), Stiefel.make([5, 2]), Stiefel.make([2, 5])]) {
    const gamma = Renormalization.unit.gamma(manifold)
    const { frobenius, rowSum, spectral } = manifold.norms
    expect(gamma * Math.max(frobenius.max, rowSum.max, spectral.max)).toBeCloseTo(1, 12)
  }
  expect(Renormalization.unit.gamma(Sphere.make([4, 3]))).toBeCloseTo(1 / 2, 12)
  expect(Renormalization.unit.gamma(Oblique.make([4, 3]))).toBeCloseTo(1 / Math.sqrt(12), 12)
  expect(Renormalization.unit.gamma(Stiefel.make([4, 3]))).toBeCloseTo(1 / Math.sqrt(12), 12)
})

it("leaves Euclidean weights alone, follows the formula unclamped, and survives constant features", () => {
  for (const policy of Renormalization.policies) {
    expect(Renormalization.factor(policy, Euclidean.make([3, 3]), 5)).toBe(1)
    expect(Number.isFinite(Renormalization.factor(policy, Sphere.make([3, 3]), 0))).toBe(true)
  }
  const sphere = Sphere.make([4, 1])
  expect(Renormalization.factor(Renormalization.unclamped, sphere, 0.25)).toBe(2)
  expect(Renormalization.factor(Renormalization.unit, sphere, 0.25)).toBe(0.5)
})

it("refuses a λ that is no deviation, where no weight would follow from it", () => {
  for (const manifold of [Sphere.make([4, 1]), Euclidean.make([4, 1])]) {
    for (const lambda of [Number.NaN, Infinity, -1]) {
      expect(() => Renormalization.factor(Renormalization.unit, manifold, lambda)).toThrow(/look for bad values/)
    }
  }
})

it("shares λ of an input channel among its kernels", () => {
  expect(Renormalization.perMatrix(Combinators.perKernel, [3, 3, 2, 3], [1, 2])).toEqual([1, 1, 1, 2, 2, 2])
  expect(Renormalization.perMatrix(Combinators.perInput, [3, 3, 2, 3], [1, 2])).toEqual([1, 2])
  expect(Renormalization.perMatrix(Combinators.perFilter, [3, 3, 2, 2], [1, 7])).toEqual([5, 5])
})
