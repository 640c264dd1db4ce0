import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Matrices, Norms, Seed, SpectralBall, Tensors } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const others = runsWebgpu ? ["webgpu"] as const : []
const read = (f: () => tf.Tensor): Promise<Float32Array> => Effect.runPromise(Tensors.evaluate(f))
/** The largest entry by size. */
const largest = async (f: () => tf.Tensor): Promise<number> => (await read(() => tf.max(tf.abs(f()))))[0]!
const offIdentity = (q: tf.Tensor) => tf.sub(Matrices.multiply(q, q, { transposeA: true }), tf.eye(q.shape.at(-1)!))

const shapes = [[5, 3, 3], [7, 5, 2], [3, 1, 1], [2, 40, 7], [1, 24, 24]] as const
// Rounding of sums of at most 40 products, in chains of some dozen rotations.
const rounding = 2e-5

onEachBackend("factorizations", (engine) => {
  it.each(shapes)("are factors of %i matrices %i×%i", async (count, m, n) => {
    const x = () => Seed.normalTensor(1, [count, m, n])
    const product = ({ left, right, values }: Matrices.Svd) =>
      Matrices.multiply(tf.mul(left, tf.expandDims(values, -2)), right, { transposeB: true })
    for (const wide of [x, () => Matrices.transpose(x())]) {
      expect(await largest(() => tf.sub(product(Matrices.svd(wide())), wide()))).toBeLessThan(rounding)
      expect(await largest(() => offIdentity(Matrices.svd(wide()).left))).toBeLessThan(rounding)
      expect(await largest(() => offIdentity(Matrices.svd(wide()).right))).toBeLessThan(rounding)
    }
    expect(await largest(() => offIdentity(Matrices.qf(x())))).toBeLessThan(rounding)
    const gram = () => Matrices.multiply(x(), x(), { transposeA: true })
    const eigen = () => Matrices.ofEigen(Matrices.eigh(gram()), (values) => values)
    expect(await largest(() => tf.sub(eigen(), gram())) / await largest(gram)).toBeLessThan(rounding)
    const b = () => Seed.normalTensor(2, [count, n, 2])
    const regular = () => tf.add(gram(), tf.eye(n))
    expect(await largest(() => tf.sub(Matrices.multiply(regular(), Matrices.solve(regular(), b())), b())))
      .toBeLessThan(rounding)
  })

  it("looks at singular values anew only where the engine's kernel does not", async () => {
    const { kernelNames } = await tf.profile(() => Matrices.svd(Seed.normalTensor(1, [2, 4, 3])).values)
    expect(kernelNames.includes("BatchMatMul")).toBe(engine === "webgpu")
  })

  it("come in order, with orthonormal factors whatever the rank", async () => {
    expect([...await read(() => Matrices.svd(tf.tensor2d([[0, 3], [0, 0], [-4, 0]])).values)]).toEqual([4, 3])
    expect([...await read(() => Matrices.eigh(tf.tensor2d([[3, 0], [0, -4]])).values)]).toEqual([-4, 3])
    for (
      const x of [() => tf.zeros([4, 3]), () => tf.ones([5, 3]), () => tf.tensor2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]])]
    ) {
      const [largestOf, ...rest] = await read(() => Matrices.svd(x()).values)
      expect(rest.at(-1)! / Math.max(largestOf!, 1)).toBeLessThan(1e-6)
      expect(await largest(() => offIdentity(Matrices.svd(x()).left))).toBeLessThan(rounding)
      expect(await largest(() => offIdentity(Matrices.svd(x()).right))).toBeLessThan(rounding)
    }
  })

  it("have small singular values right, which XᵀX would lose", async () => {
    // A rotation of columns of lengths 1 and s: the small value is s to rounding.
    const s = 2 ** -14
    const graded = () => Matrices.multiply(Matrices.qf(Seed.normalTensor(1, [4, 2])), tf.tensor2d([[1, 0], [0, s]]))
    const [, small] = await read(() => Matrices.svd(graded()).values)
    expect(Math.abs(small! / s - 1)).toBeLessThan(1e-5)
  })

  it("orthonormalize what nearly depends, make zero what depends, at every scale", async () => {
    const scales = [1e-30, 1e-24, 1e-10, 1, 1e10, 1e20, 1e30]
    for (const scale of scales) {
      const q = [...await read(() => Matrices.qf(tf.tensor2d([[scale, 2 * scale], [3 * scale, 4 * scale]])))]
      const expected = [Math.sqrt(0.1), Math.sqrt(0.9), Math.sqrt(0.9), -Math.sqrt(0.1)]
      // The condition number is 15.
      q.forEach((entry, i) => expect(Math.abs(entry - expected[i]!)).toBeLessThan(15 * 2 ** -23))
    }
    const mixed = () => tf.tensor2d([[1e-30, 1e30], [0, 1e30]])
    expect(await largest(() => offIdentity(Matrices.qf(mixed())))).toBeLessThan(1e-6)
    const nearly = () => tf.tensor2d([[1, 1, 1], [1e-3, 0, 0], [0, 1e-3, 0], [0, 0, 1e-3]])
    expect(await largest(() => offIdentity(Matrices.qf(nearly())))).toBeLessThan(1e-6)
    const dependent = [...await read(() => Matrices.qf(tf.tensor2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]])))]
    expect([dependent[2], dependent[5], dependent[8]]).toEqual([0, 0, 0])
    const between = [...await read(() => Matrices.qf(tf.tensor2d([[1, 2, 0], [0, 0, 0], [1, 2, 5]])))]
    expect([between[1], between[4], between[7]]).toEqual([0, 0, 0])
    // The column after a dependent one keeps its whole length.
    expect(Math.abs(Math.hypot(between[2]!, between[5]!, between[8]!) - 1)).toBeLessThan(1e-6)
  })

  it.each([32, 64])("know a rotation %i×%i by its determinant", async (n) => {
    const rotations = () => Matrices.qf(Matrices.expSkew(tf.mul(0.05, Matrices.skew(Seed.normalTensor(3, [4, n, n])))))
    for (const determinant of await read(() => Matrices.determinant(rotations()))) {
      expect(Math.abs(determinant - 1)).toBeLessThan(1e-4)
    }
  })

  it("solve systems with pivots, of many columns, of broadcast batches; singular ones have none", async () => {
    expect([...await read(() => Matrices.inverse(tf.tensor2d([[0, 1], [1, 0]])))].map(Math.abs)).toEqual([0, 1, 1, 0])
    const swap = () => tf.tensor2d([[0, 1], [1, 0]])
    const many = await read(() => Matrices.solve(swap(), tf.tensor3d([1, 2, 3, 4], [2, 2, 1])))
    expect([...many]).toEqual([2, 1, 4, 3])
    const graded = () => tf.tensor2d([[1e-20, 2e-20], [3e10, 4e10]])
    const product = [...await read(() => Matrices.multiply(Matrices.inverse(graded()), graded()))]
    product.forEach((entry, i) => expect(Math.abs(entry - (i % 3 === 0 ? 1 : 0))).toBeLessThan(1e-5))
    for (const singular of [[[1, 1], [1, 1]], [[0, 0], [0, 0]], [[1e-20, 2e-20], [1e-20, 2e-20]]]) {
      const x = await read(() => Matrices.solve(tf.tensor2d(singular), tf.ones([2, 1])))
      expect([...x]).toEqual([Number.NaN, Number.NaN])
    }
    // One singular matrix of a batch spoils no other.
    const batch = await read(() => Matrices.solve(tf.tensor3d([1, 1, 1, 1, 2, 0, 0, 2], [2, 2, 2]), tf.ones([2, 2, 1])))
    expect([...batch]).toEqual([Number.NaN, Number.NaN, 0.5, 0.5])
  })

  it("multiply broadcast batches, and have their gradients", async () => {
    const x = () => tf.tensor4d([1, 2], [2, 1, 1, 1])
    const y = () => tf.reshape(tf.range(1, 11), [1, 10, 1, 1])
    expect([...await read(() => Matrices.multiply(x(), y()))]).toEqual(
      [1, 2].flatMap((a) => Array.from({ length: 10 }, (_, i) => a * (i + 1)))
    )
    expect([...await read(() => tf.grad((z) => tf.sum(Matrices.multiply(z, y())))(x()))]).toEqual([55, 55])
    expect([...await read(() => tf.grad((z) => tf.sum(Matrices.multiply(x(), z)))(y()))])
      .toEqual(Array.from({ length: 10 }, () => 3))
    expect([...await read(() => Matrices.multiply(x(), tf.reshape(tf.range(1, 11), [10, 1, 1])))].length).toBe(20)
    expect(() => Matrices.multiply(tf.ones([2, 1]), tf.ones([10]))).toThrow("shapes [2, 1] and [10]: a vector")
    expect(() => Matrices.multiply(tf.ones([2, 1]), tf.ones([2, 1]))).toThrow("1 column meets 2 rows")
    expect(() => Matrices.multiply(tf.ones([3, 2, 2]), tf.ones([2, 2, 2]))).toThrow("do not broadcast")
  })

  it("cut singular values off in seconds and megabytes", { timeout: 180_000 }, async () => {
    // In software a GPU's kernels take minutes for what it does in a second.
    const [m, n] = engine === "webgpu" ? [96, 48] : [784, 128]
    const started = performance.now()
    const before = tf.memory().numBytes
    const ball = SpectralBall.make([m, n])
    const norm = await largest(() => Norms.spectral(ball.nearest(Seed.normalTensor(1, [m, n]))))
    expect(Math.abs(norm - 1)).toBeLessThan(1e-5)
    expect(performance.now() - started).toBeLessThan(60_000)
    expect(tf.memory().numBytes).toBe(before)
  })

  it("take 160 columns", { timeout: 180_000 }, async () => {
    const n = engine === "webgpu" ? 40 : 160
    const x = () => Matrices.sym(Seed.normalTensor(1, [n, n]))
    expect(await largest(() => offIdentity(Matrices.eigh(x()).vectors))).toBeLessThan(1e-4)
  })

  it("leave nothing behind, gradients included", async () => {
    const before = tf.memory().numTensors
    await largest(() => tf.grad((x) => tf.sum(Matrices.polar(x)))(Seed.normalTensor(1, [2, 3, 2])))
    await largest(() => tf.grad((x) => tf.sum(Matrices.determinant(x)))(Seed.normalTensor(1, [2, 3, 3])))
    await largest(() => tf.grad((x) => tf.sum(Matrices.ofSymmetric(x, Matrices.exponential)))(tf.eye(3)))
    expect(tf.memory().numTensors).toBe(before)
  })
}, others)
