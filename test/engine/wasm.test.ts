// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import { type Backend, Seed, Sphere } from "finegrain"
import { expect, it } from "vitest"
import { kernelNames } from "../../src/engine/layerKernels.ts"
import { suits } from "../../src/engine/wasm/simd/winograd.ts"
import { addRelu } from "../../src/network/layers/normalize.ts"
import { use } from "../backends.ts"
import { ofNothing } from "./emptyOperations.ts"
import { alike } from "./fullHeap.ts"
import { agreesWithFormulas } from "./fusedOperations.ts"

type Values = { readonly shape: ReadonlyArray<number>; readonly data: Float32Array }

/** Runs one computation on an engine, from plain numbers to plain numbers, and checks that it leaks nothing. */
const on = async (
  engine: "cpu" | "wasm",
  f: () => ReadonlyArray<tf.Tensor>,
  options: Backend.EngineOptions = {}
): Promise<ReadonlyArray<Values>> => {
  await use(engine, options)
  const before = tf.memory()
  const results = tf.tidy(() => [...f()])
  const values = await Promise.all(
    results.map(async (t) => ({ shape: [...t.shape], data: (await t.data()) as Float32Array }))
  )
  tf.dispose(results)
  const after = tf.memory()
  expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers])
  return values
}

/**
 * Both engines sum the same float32 products, at most a few hundred, in another order: the root of their number times
 * the unit roundoff of 6e-8, on sums that may cancel to a tenth of their terms. Tiles of convolutions stay below 4e-6.
 */
const tolerance = 1e-5

const agree = async (f: () => ReadonlyArray<tf.Tensor>) => {
  const expected = await on("cpu", f)
  const actual = await on("wasm", f)
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape))
  for (const [i, { data }] of actual.entries()) expect(gap(data, expected[i]!.data)).toBeLessThanOrEqual(tolerance)
}

/** The largest difference, relative to the largest reference value. */
const gap = (data: Values["data"], reference: Values["data"]) => {
  const scale = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-30)
  return data.reduce((a, b, i) => Math.max(a, Math.abs(b - reference[i]!)), 0) / scale
}

const small = (max: number, min = 1) => fc.integer({ min, max })

const convolution = fc.record({
  seed: fc.integer(),
  n: small(3),
  h: small(9),
  w: small(9),
  // Whole and broken vectors of four channels and blocks of eight outputs.
  c: fc.constantFrom(1, 2, 3, 4, 5, 8),
  k: fc.constantFrom(1, 3, 4, 7, 8, 9, 16, 17),
  a: small(5),
  b: small(5),
  strides: fc.tuple(small(3), small(3)),
  pad: fc.oneof(
    fc.constantFrom("same" as const, "valid" as const),
    fc.tuple(small(2, 0), small(2, 0), small(2, 0), small(2, 0))
  )
}).filter(({ a, b, h, pad, w }) => pad === "same" || (a <= h && b <= w))

const padding = (pad: "same" | "valid" | readonly [number, number, number, number]) =>
  typeof pad === "string"
    ? pad
    : [[0, 0], [pad[0], pad[1]], [pad[2], pad[3]], [0, 0]] as tf.backend_util.ExplicitPadding

const outputOf = ({ a, b, c, h, k, n, pad, strides, w }: {
  n: number
  h: number
  w: number
  c: number
  k: number
  a: number
  b: number
  strides: [number, number]
  pad: "same" | "valid" | [number, number, number, number]
}) => tf.backend_util.computeConv2DInfo([n, h, w, c], [a, b, c, k], strides, 1, padding(pad)).outShape

const runs = { numRuns: 150 }

it("convolutions agree with the cpu backend, forward", () =>
  fc.assert(
    fc.asyncProperty(convolution, (p) =>
      agree(() => [
        tf.conv2d(
          Seed.normalTensor(p.seed, [p.n, p.h, p.w, p.c]) as tf.Tensor4D,
          Seed.normalTensor(p.seed + 1, [p.a, p.b, p.c, p.k]) as tf.Tensor4D,
          p.strides,
          padding(p.pad)
        )
      ])),
    runs
  ))

it("convolutions with bias and activation agree with the cpu backend", () =>
  fc.assert(
    fc.asyncProperty(
      convolution,
      fc.constantFrom("linear" as const, "relu" as const, "relu6" as const, "elu" as const, "leakyrelu" as const),
      fc.constantFrom("none", "per channel", "one"),
      (p, activation, bias) =>
        agree(() => [
          tf.fused.conv2d({
            x: Seed.normalTensor(p.seed, [p.n, p.h, p.w, p.c]) as tf.Tensor4D,
            filter: Seed.normalTensor(p.seed + 1, [p.a, p.b, p.c, p.k]) as tf.Tensor4D,
            strides: p.strides,
            pad: padding(p.pad),
            activation,
            leakyreluAlpha: 0.3,
            ...(bias === "none" ? {} : { bias: Seed.normalTensor(p.seed + 2, [bias === "one" ? 1 : p.k]) })
          })
        ])
    ),
    runs
  ))

/** What Winograd's tiles serve, of sizes that fill their last tiles and that do not. */
const tiled = fc.record({
  seed: fc.integer(),
  n: small(3),
  h: small(17, 3),
  w: small(17, 3),
  c: fc.constantFrom(8, 12, 16),
  k: fc.constantFrom(8, 12, 20),
  a: fc.constant(3),
  b: fc.constant(3),
  strides: fc.constant<[number, number]>([1, 1]),
  pad: fc.oneof(
    fc.constantFrom("same" as const, "valid" as const),
    fc.tuple(small(3, 0), small(3, 0), small(3, 0), small(3, 0))
  )
}).filter(({ c, h, k, n, pad, w }) =>
  suits(tf.backend_util.computeConv2DInfo([n, h, w, c], [3, 3, c, k], 1, 1, padding(pad)))
)

it("convolutions in tiles agree with the cpu backend, with bias and rectifier, and so do both of their gradients", () =>
  fc.assert(
    fc.asyncProperty(tiled, fc.boolean(), fc.boolean(), (p, biased, rectified) =>
      agree(() => {
        const x = Seed.normalTensor(p.seed, [p.n, p.h, p.w, p.c]) as tf.Tensor4D
        const filter = Seed.normalTensor(p.seed + 1, [3, 3, p.c, p.k]) as tf.Tensor4D
        const pad = padding(p.pad)
        const dy = Seed.normalTensor(p.seed + 2, outputOf(p)) as tf.Tensor4D
        const bias = biased ? { bias: Seed.normalTensor(p.seed + 3, [p.k]) } : {}
        const activation = rectified ? "relu" : "linear"
        const y = tf.fused.conv2d({ x, filter, strides: 1, pad, activation, ...bias })
        const [dx, dw] = tf.grads((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad))([x, filter], dy)
        return [y, dx!, dw!]
      })),
    { numRuns: 75 }
  ))

it("sums agree with the cpu backend, over any axes", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(small(6), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(3), { maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom("float32" as const, "int32" as const),
      (seed, shape, axes, keepDims, dtype) =>
        agree(() => {
          const x = tf.cast(tf.mul(Seed.normalTensor(seed, shape), 10), dtype)
          const own = [...new Set(axes.filter((axis) => axis < shape.length))]
          return [tf.sum(x, own.length === 0 ? undefined : own, keepDims), tf.sum(x, [], keepDims)]
        })
    ),
    runs
  ))

it("of nothing operations make what the cpu backend makes of it, never what is left on the heap", async () => {
  await use("cpu")
  const expected = ofNothing()
  await use("wasm")
  const before = tf.memory().numTensors
  expect(ofNothing()).toEqual(expected)
  expect(tf.memory().numTensors).toBe(before)
  tf.dispose([1, 2, 3, 4].map(() => alike(4, 7)))
  const [channels, x] = [tf.ones([4]), tf.zeros([0, 4])]
  const given = { x, gamma: channels, beta: channels }
  const run = (name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
    tf.engine().runKernel(name, inputs, attrs) as Array<tf.Tensor>
  const [, mean, variance] = run(kernelNames.normalize, given, { epsilon: 1, relu: false })
  const moments = { mean: mean!, variance: variance! }
  const [, ...ofChannels] = run(kernelNames.normalizeGradient, { dy: x, ...given, ...moments }, {
    epsilon: 1,
    ofBatch: true
  })
  for (const tensor of [mean!, variance!, ...ofChannels]) expect([...tensor.dataSync()]).toEqual([0, 0, 0, 0])
})

it("sums of millions of numbers keep their digits, and points of large spheres their norm", async () => {
  await use("wasm")
  const x = Seed.normalTensor(1, [2 ** 21])
  const squares = async (tensor: tf.Tensor) =>
    (await tensor.data<"float32">()).reduce((sum, value) => sum + value ** 2, 0)
  const exact = await squares(x)
  expect(Math.abs((await tf.sum(tf.square(x)).data())[0]! / exact - 1)).toBeLessThan(1e-6)
  const sphere = Sphere.make([2048, 512])
  const y = sphere.nearest(Seed.normalTensor(2, [2048, 512]))
  const moved = sphere.retract(y, sphere.project(y, Seed.normalTensor(3, [2048, 512])))
  for (const point of [y, moved]) {
    expect(Math.abs(await squares(point) - 1)).toBeLessThan(1e-6)
  }
})

it("convolutions keep NaN in sight", async () => {
  await use("wasm")
  const x = tf.tensor4d([1, Number.NaN, 3, 4], [1, 2, 2, 1])
  const y = tf.fused.conv2d({ x, filter: tf.ones([1, 1, 1, 1]), strides: 1, pad: "same", activation: "relu" })
  expect([...(await y.data())]).toEqual([1, Number.NaN, 3, 4])
})

it("the rectifier keeps NaN of either sign, in vectors and beside them", async () => {
  await use("wasm")
  for (const bits of [0x7fc00000, 0xffc00000]) {
    const x = tf.tensor1d(new Float32Array(new Uint32Array(37).fill(bits).buffer))
    expect([...(await tf.relu(x).data())]).toEqual(Array.from({ length: 37 }, () => Number.NaN))
  }
  const x = Seed.normalTensor(1, [5, 7])
  const y = await tf.relu(x).data()
  expect([...y]).toEqual(Array.from(await x.data(), (value) => Math.max(value, 0)))
})

it("maxima and minima agree with the cpu backend, NaN included", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.tuple(small(4), small(5)),
      fc.array(fc.nat(19), { maxLength: 4 }),
      fc.constantFrom(undefined, 0, 1, -1),
      fc.boolean(),
      async (seed, shape, holes, axis, keepDims) => {
        const withHoles = (s: number) => {
          const values = Seed.normals(s, shape[0] * shape[1])
          for (const hole of holes) if ((hole + s) % 2 === 0) values[hole % values.length] = Number.NaN
          return tf.tensor2d(Float32Array.from(values), shape)
        }
        const results = () => {
          const [a, b] = [withHoles(seed), withHoles(seed + 1)]
          return [
            tf.maximum(a, b),
            tf.minimum(a, b),
            tf.maximum(0, b),
            tf.maximum(a, 0),
            tf.minimum(tf.slice(a, [0, 0], [1, shape[1]]), b),
            tf.max(a, axis, keepDims),
            tf.min(a, axis, keepDims)
          ]
        }
        const [expected, actual] = [await on("cpu", results), await on("wasm", results)]
        expect(actual).toEqual(expected)
      }
    ),
    runs
  ))

it("many convolutions of other shapes leave no more than their plans on the heap", async () => {
  await use("wasm")
  const convolve = (width: number) =>
    tf.dispose(tf.conv2d(tf.zeros([1, 1, width, 1]) as tf.Tensor4D, tf.ones([1, 1, 1, 1]) as tf.Tensor4D, 1, "same"))
  const before = tf.memory().numTensors
  for (let width = 1; width <= 600; width++) tf.tidy(() => convolve(width))
  expect(tf.memory().numTensors).toBe(before)
})

it("convolutions of images smaller than the filter are refused by name, before anything is computed", async () => {
  await use("wasm")
  const ones = (shape: [number, number, number, number]) => tf.ones<tf.Rank.R4>(shape)
  const [point, line, filter] = [ones([1, 1, 1, 1]), ones([1, 1, 5, 1]), ones([3, 3, 1, 1])]
  const refused = (of: string) => new RegExp(`^${of}: no filter of 3×3 fits into images of 1×`)
  for (const x of [point, line]) {
    expect(() => tf.conv2d(x, filter, 1, "valid")).toThrow(refused("Conv2D"))
    expect(() => tf.fused.conv2d({ x, filter, strides: 1, pad: "valid" })).toThrow(refused("Conv2D"))
    expect(() => tf.grad((z) => tf.conv2d(z as tf.Tensor4D, filter, 1, "valid"))(x)).toThrow(refused("Conv2D"))
    expect(() => tf.depthwiseConv2d(x, filter, 1, "valid")).toThrow(refused("DepthwiseConv2dNative"))
  }
  expect(() => tf.conv2d(ones([1, 3, 3, 1]), filter, 1, "valid", "NHWC", 2)).toThrow(/5×5 fits into images of 3×3/)
  // Nothing of this library guards this one.
  expect(() => tf.dilation2d(line, tf.ones<tf.Rank.R3>([3, 3, 1]), 1, "valid")).toThrow(/a length is negative/)
  expect(tf.conv2d(ones([1, 2, 5, 1]), filter, 1, "valid").shape).toEqual([1, 0, 3, 1])
})

it("dilated convolutions agree with the cpu backend", () =>
  fc.assert(
    fc.asyncProperty(fc.integer(), small(3), small(3), fc.tuple(small(3), small(3)), fc.constantFrom("same", "valid"), (
      seed,
      a,
      b,
      dilations,
      pad
    ) =>
      agree(() => [
        tf.conv2d(
          Seed.normalTensor(seed, [2, 9, 8, 3]) as tf.Tensor4D,
          Seed.normalTensor(seed + 1, [a, b, 3, 4]) as tf.Tensor4D,
          1,
          pad as "same",
          "NHWC",
          dilations
        )
      ])),
    runs
  ))

it("filter and input gradients of convolutions agree with the cpu backend, for every stride and padding", () =>
  fc.assert(
    fc.asyncProperty(convolution, (p) =>
      agree(() => {
        const dy = Seed.normalTensor(p.seed + 2, outputOf(p)) as tf.Tensor4D
        const [dx, dw] = tf.grads((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, p.strides, padding(p.pad)))(
          [Seed.normalTensor(p.seed, [p.n, p.h, p.w, p.c]), Seed.normalTensor(p.seed + 1, [p.a, p.b, p.c, p.k])],
          dy
        )
        return [dx!, dw!]
      })),
    runs
  ))

it("depthwise convolutions agree with the cpu backend, with bias, activation and strides above the filter's size", () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        n: small(2),
        h: small(9),
        w: small(9),
        c: fc.constantFrom(1, 2, 3, 4, 5, 8, 9),
        multiplier: small(3),
        a: small(4),
        b: small(4),
        strides: fc.tuple(small(5), small(5)),
        pad: fc.constantFrom("same" as const, "valid" as const),
        activation: fc.constantFrom("linear" as const, "relu" as const, "relu6" as const),
        biased: fc.boolean()
      }).filter(({ a, b, h, pad, w }) => pad === "same" || (a <= h && b <= w)),
      ({ a, activation, b, biased, c, h, multiplier, n, pad, seed, strides, w }) =>
        agree(() => {
          const x = Seed.normalTensor(seed, [n, h, w, c]) as tf.Tensor4D
          const filter = Seed.normalTensor(seed + 1, [a, b, c, multiplier]) as tf.Tensor4D
          const bias = biased ? { bias: Seed.normalTensor(seed + 2, [c * multiplier]) } : {}
          return [
            tf.depthwiseConv2d(x, filter, strides, pad),
            tf.fused.depthwiseConv2d({ x, filter, strides, pad, activation, ...bias })
          ]
        })
    ),
    runs
  ))

it("dilated depthwise convolutions agree with the cpu backend", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.tuple(small(3), small(3)),
      fc.tuple(small(3), small(3)),
      fc.constantFrom("same" as const, "valid" as const),
      (seed, [a, b], dilations, pad) =>
        agree(() => [
          tf.depthwiseConv2d(
            Seed.normalTensor(seed, [2, 9, 8, 3]) as tf.Tensor4D,
            Seed.normalTensor(seed + 1, [a, b, 3, 2]) as tf.Tensor4D,
            1,
            pad,
            "NHWC",
            dilations
          )
        ])
    ),
    runs
  ))

it("depthwise gradients agree with the cpu backend", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      small(3),
      small(3),
      small(2),
      fc.tuple(small(3), small(3)),
      fc.constantFrom("same" as const, "valid" as const),
      (seed, a, b, multiplier, strides, pad) =>
        agree(() => {
          const x = Seed.normalTensor(seed, [2, 7, 8, 3]) as tf.Tensor4D
          const w = Seed.normalTensor(seed + 1, [a, b, 3, multiplier]) as tf.Tensor4D
          const f = (x: tf.Tensor, w: tf.Tensor) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad)
          const [dx, dw] = tf.grads(f)([x, w], tf.mul(f(x, w), 0.5))
          return [dx!, dw!]
        })
    ),
    runs
  ))

it("convolutions of volumes, transposed ones, and gradients agree with the cpu backend, in every way", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.tuple(small(3), small(3), small(2)),
      fc.tuple(small(3), small(2), small(3)),
      fc.tuple(small(3), small(3)),
      fc.constantFrom("same" as const, "valid" as const),
      (seed, filter, strides, [channels, outputs], pad) =>
        agree(() => {
          const x = Seed.normalTensor(seed, [2, 5, 4, 3, channels]) as tf.Tensor5D
          const w = Seed.normalTensor(seed + 1, [...filter, channels, outputs]) as tf.Tensor5D
          const f = (x: tf.Tensor, w: tf.Tensor) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, pad)
          const y = f(x, w) as tf.Tensor5D
          const [dx, dw] = tf.grads(f)([x, w], tf.mul(y, 0.5))
          return [y, dx!, dw!, tf.conv3dTranspose(y, w, x.shape, strides, pad)]
        })
    ),
    runs
  ))

it("the gradient of pooled volumes is that of pooled images, where windows lie within slices", async () => {
  for (const engine of ["cpu", "wasm"] as const) {
    await use(engine)
    const images = Seed.normalTensor(1, [6, 5, 4, 2]) as tf.Tensor4D
    const volumes = tf.reshape(images, [2, 3, 5, 4, 2]) as tf.Tensor5D
    const flat = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, [1, 2], 1, "same")
    const deep = (x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, [1, 1, 2], 1, "same")
    const dy = Seed.normalTensor(2, [6, 5, 4, 2])
    const found = tf.grad(deep)(volumes, tf.reshape(dy, volumes.shape))
    expect(found.dataSync()).toEqual(tf.grad(flat)(images, dy).dataSync())
  }
})

it("pooling of volumes and its gradients agree with the cpu backend, for every window, stride and padding", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.tuple(small(3), small(3), small(3)),
      fc.tuple(small(3), small(3), small(3)),
      fc.constantFrom("same" as const, "valid" as const),
      (seed, window, strides, pad) =>
        agree(() => {
          // Below zero as a whole: padding that counts as zero would be seen.
          const x = tf.sub(Seed.normalTensor(seed, [2, 5, 4, 3, 2]), 9) as tf.Tensor5D
          return [tf.maxPool3d, tf.avgPool3d].flatMap((pool) => {
            const f = (x: tf.Tensor) => pool(x as tf.Tensor5D, window, strides, pad)
            return [f(x), tf.grad(f)(x, Seed.normalTensor(seed + 1, f(x).shape))]
          })
        })
    ),
    runs
  ))

it("gradient kernels of dilated convolutions, which nobody asks for, agree with those of a dilated filter", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      small(3),
      small(3),
      fc.tuple(small(3), small(3)),
      fc.constantFrom("same", "valid"),
      async (
        seed,
        a,
        b,
        [dh, dw],
        pad
      ) => {
        const x = () => Seed.normalTensor(seed, [2, 9, 8, 3]) as tf.Tensor4D
        const w = () => Seed.normalTensor(seed + 1, [a, b, 3, 4]) as tf.Tensor4D
        // The same filter with zeros between its taps.
        const wide = (w: tf.Tensor) =>
          tf.tensorScatterUpdate(
            tf.zeros([(a - 1) * dh + 1, (b - 1) * dw + 1, 3, 4]),
            tf.tensor2d(
              Array.from({ length: a * b }, (_, t) => [Math.floor(t / b) * dh, (t % b) * dw]),
              [a * b, 2],
              "int32"
            ),
            tf.reshape(w, [a * b, 3, 4])
          ) as tf.Tensor4D
        const dyOf = () => {
          const out = tf.conv2d(x(), w(), 1, pad as "same", "NHWC", [dh, dw])
          return Seed.normalTensor(seed + 2, out.shape) as tf.Tensor4D
        }
        const expected = await on("cpu", () => {
          const [dx, dWide] = tf.grads((x, f) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, pad as "same"))(
            [x(), wide(w())],
            dyOf()
          )
          return [dx!, tf.stridedSlice(dWide!, [0, 0, 0, 0], dWide!.shape, [dh, dw, 1, 1])]
        })
        const actual = await on("wasm", () => {
          const attrs = {
            strides: [1, 1],
            pad,
            dataFormat: "NHWC",
            dilations: [dh, dw],
            inputShape: x().shape,
            filterShape: w().shape
          }
          const dy = dyOf()
          return [
            tf.engine().runKernel(tf.Conv2DBackpropInput, { dy, filter: w() }, attrs) as tf.Tensor,
            tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: x(), dy }, attrs) as tf.Tensor
          ]
        })
        for (const [i, { data, shape }] of actual.entries()) {
          expect(shape).toEqual(expected[i]!.shape)
          expect(gap(data, expected[i]!.data)).toBeLessThanOrEqual(tolerance)
        }
      }
    ),
    runs
  ))

it("matrix products agree with the cpu backend, transposed or not, batched or not, small and large", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(small(3), { maxLength: 2 }),
      small(40),
      small(40),
      small(40),
      fc.boolean(),
      fc.boolean(),
      (seed, batch, m, k, n, ta, tb) =>
        agree(() => [
          tf.matMul(
            Seed.normalTensor(seed, [...batch, ...(ta ? [k, m] : [m, k])]) as tf.Tensor2D,
            Seed.normalTensor(seed + 1, [...batch, ...(tb ? [n, k] : [k, n])]) as tf.Tensor2D,
            ta,
            tb
          )
        ])
    ),
    runs
  ))

it("fused matrix products agree with the cpu backend, in stacks too", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.constantFrom([1, 1], [2, 2], [3, 1], [1, 3]),
      small(30),
      small(30),
      small(30),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom("linear" as const, "relu" as const, "sigmoid" as const),
      (seed, [inA, inB], m, k, n, ta, tb, activation) =>
        agree(() => [
          tf.fused.matMul({
            a: Seed.normalTensor(seed, [inA!, ...(ta ? [k, m] : [m, k])]) as tf.Tensor3D,
            b: Seed.normalTensor(seed + 1, [inB!, ...(tb ? [n, k] : [k, n])]) as tf.Tensor3D,
            transposeA: ta,
            transposeB: tb,
            bias: Seed.normalTensor(seed + 2, [n]),
            activation
          })
        ])
    ),
    runs
  ))

it("a rectifier behind a matrix product keeps NaN", async () => {
  await use("wasm")
  const [a, b] = [tf.tensor2d([[NaN, 1], [1, -1]]), tf.ones([2, 1]) as tf.Tensor2D]
  const y = tf.fused.matMul({ a, b, activation: "relu" })
  expect([...y.dataSync()]).toEqual([NaN, 0])
})

it("segment sums agree with the cpu backend, negative and empty segments included", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 12 }),
      fc.array(small(3), { maxLength: 2 }),
      (seed, segments, row) =>
        agree(() => [
          tf.unsortedSegmentSum(
            Seed.normalTensor(seed, [segments.length, ...row]),
            tf.tensor1d(segments, "int32"),
            5
          )
        ])
    ),
    runs
  ))

it("gathered rows agree with the cpu backend, and indices out of range are refused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
      fc.array(small(3), { maxLength: 2 }),
      fc.constantFrom("float32" as const, "int32" as const),
      fc.boolean(),
      (seed, indices, row, dtype, last) =>
        agree(() => {
          const x = tf.cast(tf.mul(Seed.normalTensor(seed, last ? [...row, 5] : [5, ...row]), 10), dtype)
          return [tf.gather(x, tf.tensor1d(indices, "int32"), last ? row.length : 0)]
        })
    ),
    runs
  )
  await use("wasm")
  expect(() => tf.gather(tf.ones([3, 2]), tf.tensor1d([0, 3], "int32"))).toThrow(/3 is not in \[0, 2\]/)
  expect(() => tf.unsortedSegmentSum(tf.ones([2]), tf.tensor1d([0, 9], "int32"), 2)).toThrow(/9 is not in \[0, 2\)/)
})

it("max pooling's gradient leaves out windows that lie in the padding as a whole", async () => {
  await use("wasm")
  const gradient = (size: number, outputs: number, channels: number) =>
    tf.tidy(() => {
      const x = tf.ones([1, size, size, channels])
      const y = tf.ones([1, outputs, outputs, channels])
      const inputs = { dy: y, input: x, output: y }
      const dx = tf.engine().runKernel("MaxPoolGrad", inputs, {
        filterSize: [1, 1],
        strides: [1, 1],
        pad: 2
      }) as tf.Tensor
      return [...dx.dataSync()]
    })
  for (const channels of [1, 4, 5]) {
    expect(gradient(1, 5, channels)).toEqual(Array.from({ length: channels }, () => 1))
    expect(gradient(2, 6, channels)).toEqual(Array.from({ length: 4 * channels }, () => 1))
  }
})

it("max pooling's gradient agrees with the cpu backend, for every window, and where entries are equal", () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        n: small(3),
        h: small(9),
        w: small(9),
        // Vectors of four channels, what is left beside them, and both.
        c: fc.constantFrom(1, 3, 4, 5, 8, 9),
        size: fc.tuple(small(4), small(4)),
        strides: fc.tuple(small(4), small(4)),
        // Of padding in numbers TensorFlow.js takes the height of windows and strides for their width.
        pad: fc.constantFrom("same" as const, "valid" as const),
        rectified: fc.boolean()
      }).filter(({ h, pad, size: [a, b], w }) => pad === "same" || (a <= h && b <= w)),
      ({ c, h, n, pad, rectified, seed, size, strides, w }) =>
        agree(() => {
          const drawn = Seed.normalTensor(seed, [n, h, w, c]) as tf.Tensor4D
          const x = rectified ? tf.relu(drawn) : drawn
          const f = (z: tf.Tensor) => tf.maxPool(z as tf.Tensor4D, size, strides, pad)
          const y = f(x)
          return [y, tf.grad(f)(x, Seed.normalTensor(seed + 1, y.shape))]
        })
    ),
    runs
  ))

/** Lengths on both sides of the one from which threads share the work, and odd ends of the vectors. */
const length = fc.oneof(small(40), fc.integer({ min: 16_370, max: 16_400 }), fc.integer({ min: 32_760, max: 32_790 }))

/** Normal numbers with odd ones strewn among them. */
const strewn = (seed: number, size: number, odd: ReadonlyArray<readonly [place: number, value: number]>) => {
  const values = Float32Array.from(Seed.normals(seed, size))
  for (const [place, value] of odd) values[place % size] = value
  return tf.tensor1d(values)
}

it("rectifier, sum, rectified sum and its gradient have the cpu backend's bits, NaN, ∞ and 0 included", () => {
  const odd = fc.array(
    fc.tuple(fc.nat(40_000), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-40)),
    { maxLength: 12 }
  )
  return fc.assert(
    fc.asyncProperty(fc.integer(), length, odd, odd, fc.constantFrom(1, 2), async (seed, size, ofA, ofB, threads) => {
      const inputs = () => [strewn(seed, size, ofA), strewn(seed + 1, size, ofB)] as const
      const expected = await on("cpu", () => {
        const [a, b] = inputs()
        const sum = tf.add(a, b)
        const [da, db] = tf.grads((a, b) => tf.relu(tf.add(a, b)))([a, b], a)
        return [tf.relu(a), sum, tf.relu(sum), da!, db!]
      })
      const actual = await on("wasm", () => {
        const [a, b] = inputs()
        const [da, db] = tf.grads(addRelu)([a, b], a)
        return [tf.relu(a), tf.add(a, b), addRelu(a, b), da!, db!]
      }, { threads })
      // Zeros of either sign are equal here.
      const plain = ({ data }: Values) => Array.from(data, (value) => value + 0)
      expect(actual.map(plain)).toEqual(expected.map(plain))
    }),
    { numRuns: 30 }
  )
})

it("projections and retractions agree with the formulas on the cpu backend", () =>
  fc.assert(agreesWithFormulas("wasm"), { numRuns: 30 }))

it("a convolution sees weights that changed in place of a variable", async () => {
  await use("wasm")
  const x = tf.ones<tf.Rank.R4>([1, 3, 3, 1])
  const w = tf.variable(tf.ones<tf.Rank.R4>([3, 3, 1, 1]))
  const total = () => tf.sum(tf.conv2d(x, w, 1, "valid")).dataSync()[0]
  expect(total()).toBe(9)
  w.assign(tf.mul(w, 2))
  expect(total()).toBe(18)
})

it("installing the kernels twice changes nothing", async () => {
  await use("wasm")
  await use("wasm")
  await agree(() => [tf.matMul(tf.ones([40, 20]), tf.ones([20, 40]) as tf.Tensor2D, true, true)])
})

it("an engine that is built again goes on with its kernels, and keeps no plan twice", async () => {
  const { wasm } = tf.backend() as unknown as { readonly wasm: { _malloc: (bytes: number) => number } }
  const allocate = wasm._malloc
  const [x, filter] = [tf.ones([1, 64, 64, 3]) as tf.Tensor4D, tf.ones([3, 3, 3, 8]) as tf.Tensor4D]
  /** Bytes that a convolution asks for beyond its output. */
  const asked = () => {
    let bytes = -4 * 32 * 32 * 8
    wasm._malloc = (more) => {
      bytes += more
      return allocate(more)
    }
    tf.dispose(tf.conv2d(x, filter, 2, "same"))
    wasm._malloc = allocate
    return bytes
  }
  for (const threads of [1, 2]) {
    await use("wasm", { threads })
    expect(asked()).toBeGreaterThan(0)
  }
  for (const threads of [1, 2, 2, 1]) {
    await use("wasm", { threads })
    expect(asked()).toBe(0)
  }
})

it("the rectifier's gradient is one pass, that of the cpu backend, keeps NaN and can be differentiated", async () => {
  const numbers = fc.double({ noDefaultInfinity: true }).map(Math.fround)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(numbers, numbers), { minLength: 1, maxLength: 40 }), async (pairs) => {
      const [x, dy] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)]
      const onEngine = async (engine: "cpu" | "wasm") => {
        await use(engine)
        return [...tf.grad((z: tf.Tensor) => tf.relu(z))(tf.tensor1d(x), tf.tensor1d(dy)).dataSync()]
      }
      expect(await onEngine("wasm")).toEqual(await onEngine("cpu"))
    })
  )
  await use("wasm")
  const x = tf.tensor1d([-1, 2, 3])
  const { kernels } = await tf.profile(() => tf.grad((z: tf.Tensor) => tf.relu(z))(x))
  expect(kernels.map(({ name }) => name)).toContain("FinegrainReluGradient")
  // d²/dx² of relu(x)³/3 is 2·relu(x).
  const cube = (z: tf.Tensor) => tf.div(tf.pow(tf.relu(z), 3), 3)
  const second = tf.grad((z: tf.Tensor) => tf.sum(tf.grad(cube)(z)))(x)
  expect([...second.dataSync()]).toEqual([0, 4, 6])
})

it("sums of large tensors agree with the cpu backend", async () => {
  const [a, b] = [1, 2].map((seed) => Seed.normalTensor(seed, [40_003]))
  const sum = tf.add(a!, b!).dataSync()
  const [x, y] = [a!.dataSync(), b!.dataSync()]
  expect(sum.every((value, i) => value === Math.fround(x[i]! + y[i]!))).toBe(true)
})

it("says that memory is out instead of overwriting what is there, and goes on", async () => {
  await use("wasm")
  const x = tf.tensor1d([1, 2])
  const { wasm } = tf.backend() as unknown as {
    readonly wasm: { readonly _malloc: (bytes: number) => number; readonly _free: (place: number) => void }
  }
  const taken: Array<number> = []
  const takeAll = () => {
    for (let i = 0; i < 8; i++) taken.push(wasm._malloc(2 ** 30))
  }
  expect(takeAll).toThrow(/out of memory.*no room for 1024\.0 MiB more/)
  for (const place of taken) wasm._free(place)
  expect([...await tf.add(x, 1).data()]).toEqual([2, 3])
})
