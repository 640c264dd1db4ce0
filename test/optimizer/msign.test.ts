import * as tf from "@tensorflow/tfjs-core"
import { Matrices, Seed } from "finegrain"
import { expect, it } from "vitest"
import { msign } from "../../src/optimizer/transforms/msign.ts"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const largest = async (x: tf.Tensor) => (await tf.max(tf.abs(x)).data())[0]!

/** Singular values as shares of the Frobenius norm. */
const from = (least: number, most: number) => Array.from({ length: 200 }, (_, i) => least * (most / least) ** (i / 199))

/** diag(√(1 − σ²), σ) for each of them, times a size. */
const pairs = (shares: ReadonlyArray<number>, size: number) =>
  tf.tensor3d(shares.map((s) => [[size * Math.sqrt(1 - s * s), 0], [0, size * s]]))

onEachBackend("the matrix sign", () => {
  it.each([1e-30, 1, 1e30])("lifts what is at least 3e-4 of the norm to 1, at size %d", async (size) => {
    // Ten steps of a few roundings each.
    expect(await largest(tf.sub(msign(pairs(from(3e-4, 0.7), size)), tf.eye(2)))).toBeLessThan(2e-6)
  })

  it("lifts what is at least 1e-4 to within 0.011 of 1, and nothing above it", async () => {
    expect(await largest(tf.sub(msign(pairs(from(1e-4, 3e-4), 1)), tf.eye(2)))).toBeLessThan(0.011)
    expect(await largest(msign(pairs(from(1e-8, 1e-4), 1)))).toBeLessThan(1 + 2e-6)
  })

  it("is the polar factor of matrices of any shape, and 0 of 0", async () => {
    for (const [m, n] of [[3, 3], [7, 4], [4, 7]] as const) {
      const g = Seed.normalTensor(m, [m, n])
      const right = m < n ? Matrices.transpose(Matrices.polar(Matrices.transpose(g))) : Matrices.polar(g)
      expect(await largest(tf.sub(msign(g), right))).toBeLessThan(1e-5)
    }
    expect(await largest(msign(tf.zeros([3, 2])))).toBe(0)
  })
}, runsWebgpu ? ["webgpu"] : [])
