import * as tf from "@tensorflow/tfjs-core"
import * as fc from "fast-check"
import { ConvolutionOperator, Matrices, Norms } from "finegrain"
import { SingularValueDecomposition } from "ml-matrix"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

type Shape = readonly [number, number, number, number]

/** The map itself, boundaries periodic, written out as a matrix. */
const written = (
  kernel: Float32Array,
  [height, width, inputs, outputs]: Shape,
  { dilations: [down, across], size: [rows, columns], strides: [s, t] }: Required<ConvolutionOperator.OperatorGeometry>
): Array<Array<number>> => {
  const matrix: Array<Array<number>> = []
  for (let i = 0; i < rows / s; i++) {
    for (let j = 0; j < columns / t; j++) {
      for (let d = 0; d < outputs; d++) {
        const row = Array.from({ length: rows * columns * inputs }, () => 0)
        for (let a = 0; a < height; a++) {
          for (let b = 0; b < width; b++) {
            for (let c = 0; c < inputs; c++) {
              const [y, x] = [(i * s + a * down) % rows, (j * t + b * across) % columns]
              row[(y * columns + x) * inputs + c]! += kernel[((a * width + b) * inputs + c) * outputs + d]!
            }
          }
        }
        matrix.push(row)
      }
    }
  }
  return matrix
}

const small = fc.integer({ min: 1, max: 3 })
const cases = fc.record({
  shape: fc.tuple(small, small, small, small),
  strides: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  outputs: fc.tuple(small, small),
  dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  entries: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 81, maxLength: 81 })
})

onEachBackend("the norm of a convolution", () => {
  it("is that of the map of images, for every stride and dilation", () => {
    fc.assert(
      fc.property(cases, ({ dilations, entries, outputs, shape, strides }) => {
        const size = [outputs[0] * strides[0], outputs[1] * strides[1]] as const
        const values = Float32Array.from(entries.slice(0, shape.reduce((a, b) => a * b)))
        const geometry = { size, strides, dilations }
        const matrix = written(values, shape, geometry)
        const exact = new SingularValueDecomposition(matrix, { autoTranspose: true }).norm2
        const found = tf.tidy(() => ConvolutionOperator.norm(tf.tensor4d(values, shape), geometry).dataSync()[0]!)
        // Norms.spectral is exact to 2^−20, and its Gram matrix loses half of float32's digits of small values.
        expect(Math.abs(found - exact)).toBeLessThan(1e-5 * exact + 1e-6)
      }),
      { numRuns: 60 }
    )
  })

  it.each([["random", "Euc"], ["orthonormal", "St"]])("is that of the map for larger %s kernels", (_, symbol) => {
    const shape: [number, number, number, number] = [3, 3, 36, 40]
    const random = tf.randomNormal(shape, 0, 0.3, "float32", 5) as tf.Tensor4D
    const kernel = symbol === "St"
      ? tf.reshape(Matrices.polar(tf.reshape(random, [324, 40])), shape) as tf.Tensor4D
      : random
    const geometry = { size: [3, 3], strides: [1, 1], dilations: [1, 1] } as const
    const exact = new SingularValueDecomposition(written(kernel.dataSync<"float32">(), shape, geometry), {
      autoTranspose: true,
      computeLeftSingularVectors: false,
      computeRightSingularVectors: false
    }).norm2
    expect(ConvolutionOperator.norm(kernel, geometry).dataSync()[0]! / exact).toBeCloseTo(1, 5)
  })

  it("is at most √(height·width) times that of the kernel as one matrix", () => {
    const kernel = tf.randomNormal([3, 3, 4, 5], 0, 1, "float32", 7) as tf.Tensor4D
    const [operator] = ConvolutionOperator.norm(kernel, { size: [8, 6] }).dataSync()
    const [matrix] = Norms.spectral(tf.reshape(kernel, [36, 5])).dataSync()
    expect(operator).toBeGreaterThan(matrix!)
    expect(operator).toBeLessThanOrEqual(3 * matrix!)
  })

  it("is that of kernels of every scale, and of zero", () => {
    const kernel = tf.randomNormal([3, 3, 4, 5], 0, 1, "float32", 7) as tf.Tensor4D
    const [norm] = ConvolutionOperator.norm(kernel, { size: [8, 8] }).dataSync()
    for (const scale of [1e-35, 1e-30, 1e20, 1e30]) {
      const [found] = ConvolutionOperator.norm(tf.mul(kernel, scale), { size: [8, 8] }).dataSync()
      expect(found! / scale / norm!).toBeCloseTo(1, 5)
    }
    expect(ConvolutionOperator.norm(tf.zeros([3, 3, 4, 5]), { size: [8, 8] }).dataSync()[0]).toBe(0)
  })

  it.each<[string, Shape, number]>([
    ["of full rank", [3, 3, 4, 5], 1],
    ["wide, strided", [3, 3, 2, 7], 2],
    ["of rank one", [3, 3, 4, 5], 0],
    ["of one channel", [3, 3, 1, 1], 0]
  ])("has a gradient: %s", (_, shape, stride) => {
    const kernel = stride === 0 ? tf.ones([...shape]) : tf.randomNormal([...shape], 0, 1, "float32", 7)
    const direction = tf.randomNormal([...shape], 0, 1, "float32", 8)
    const own = Math.max(1, stride)
    const norm = (x: tf.Tensor) => ConvolutionOperator.norm(x as tf.Tensor4D, { size: [8, 8], strides: [own, own] })
    const gradient = tf.grad(norm)(kernel)
    const along = (t: number) => norm(tf.add(kernel, tf.mul(direction, t))).dataSync()[0]!
    // Differences err by 1e-3², and by the rounding of the norms, 40·6e-8, over 2e-3.
    const difference = (along(1e-3) - along(-1e-3)) / 2e-3
    expect(tf.sum(tf.mul(gradient, direction)).dataSync()[0]).toBeCloseTo(difference, 1)
    // The norm is homogeneous.
    expect(tf.sum(tf.mul(gradient, kernel)).dataSync()[0]! / norm(kernel).dataSync()[0]!).toBeCloseTo(1, 5)
  })

  it("has gradient 0 at 0", () => {
    const gradient = tf.grad((x) => ConvolutionOperator.norm(x as tf.Tensor4D, { size: [8, 8] }))(
      tf.zeros([3, 3, 4, 5])
    )
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBe(0)
  })

  it("refuses strides that do not divide the size", () => {
    const kernel = tf.ones([3, 3, 1, 1]) as tf.Tensor4D
    expect(() => ConvolutionOperator.norm(kernel, { size: [8, 7], strides: [2, 2] })).toThrow("side of 7 pixels")
  })
})
