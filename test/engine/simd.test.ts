import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { FusedKernels, Oblique, Seed, Sphere, Stiefel } from "finegrain"
import { afterEach, beforeAll, expect, it } from "vitest"
import { convolutions } from "../../src/engine/wasm/simd/convolution.ts"
import { simdOn } from "../../src/engine/wasm/simd/module.ts"
import { use } from "../backends.ts"

beforeAll(() => use("wasm"))
afterEach(() => {
  delete process.env["FINEGRAIN_SIMD"]
})

it("plain and relaxed SIMD differ by rounding only, and the variable chooses", async () => {
  const backend = tf.backend() as BackendWasm
  const x = Seed.normalTensor(1, [2, 9, 9, 5]) as tf.Tensor4D
  const filter = Seed.normalTensor(2, [3, 3, 5, 11])
  const attrs = { strides: 1, pad: "same", dataFormat: "NHWC" } as never
  const results = []
  for (const flavour of ["plain", "relaxed"] as const) {
    if (flavour === "plain") process.env["FINEGRAIN_SIMD"] = "plain"
    else delete process.env["FINEGRAIN_SIMD"]
    const simd = await simdOn(backend)
    expect(simd.flavour).toBe(flavour)
    const [forward] = convolutions(simd)
    const info = forward!.run({ inputs: { x, filter }, attrs, backend })
    results.push(await tf.engine().makeTensorFromTensorInfo(info, backend).data())
  }
  const [plain, relaxed] = results as [Float32Array, Float32Array]
  // Sums of 45 products, each rounded once or twice.
  expect(plain.reduce((a, value, i) => Math.max(a, Math.abs(value - relaxed[i]!)), 0)).toBeLessThan(1e-4)
})

const kernelsOf = async (f: () => tf.Tensor) => (await tf.profile(() => tf.tidy(f))).kernels.map(({ name }) => name)

it.each([
  ["UnitRetract", Sphere.make([3, 3])],
  ["UnitRetract", Oblique.make([3, 3])],
  ["StiefelRetract", Stiefel.make([3, 3])]
])("a retraction runs as the kernel %s, of %o", async (kernel, manifold) => {
  const x = manifold.random(1, [5])
  const v = manifold.randomTangent(2, x)
  expect(await kernelsOf(() => manifold.retract(x, v))).toEqual([`Finegrain${kernel}`])
  const composed = await kernelsOf(() => FusedKernels.without(() => manifold.retract(x, v)))
  expect(composed.length).toBeGreaterThan(2)
  expect(composed).not.toContain(`Finegrain${kernel}`)
})

it("leaves operations to compositions while a gradient is recorded, so that it can be", () => {
  const sphere = Sphere.make([3, 1])
  const [x, a] = [sphere.random(1), Seed.normalTensor(2, [3, 1])]
  const gradient = tf.grad((v: tf.Tensor) => tf.sum(tf.mul(a, sphere.retract(x, v))))(tf.zerosLike(x))
  // d/dv (x + v)/‖x + v‖ at 0 is the projection.
  const gap = tf.max(tf.abs(tf.sub(gradient, sphere.project(x, a)))).dataSync()[0]!
  expect(gap).toBeLessThan(1e-6)
})
