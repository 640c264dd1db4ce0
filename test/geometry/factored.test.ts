import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { FixedRank, Manifold, Matrices, Seed, Spd, SpecialOrthogonal, Tensors } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const read = (f: () => tf.Tensor): Promise<Float32Array> => Effect.runPromise(Tensors.evaluate(f))
const largest = async (f: () => tf.Tensor): Promise<number> => (await read(() => tf.max(tf.abs(f()))))[0]!
const diagonal = (...entries: ReadonlyArray<number>) => tf.diag(tf.tensor1d([...entries]))

/** Why a matrix is no point, or undefined. */
const refusal = async (manifold: Manifold.Manifold, x: tf.Tensor) => {
  const result = await Effect.runPromise(Effect.result(Manifold.checkPoint(manifold, x, 1e-3)))
  return result._tag === "Failure" ? (result.failure as Manifold.OffManifold).residual : undefined
}

const [two, three] = [Spd.make([2, 2]), Spd.make([3, 3])]

onEachBackend("manifolds on factorizations", () => {
  it("take for positive definite what is, at every scale, and nothing else", async () => {
    for (const scale of [1e-30, 1e-10, 1, 1e10, 1e30]) {
      expect(await refusal(two, tf.mul(tf.tensor2d([[2, 1], [1, 2]]), scale))).toBeUndefined()
    }
    expect(await refusal(two, diagonal(1e6, 1e-6))).toBeUndefined()
    for (const x of [tf.mul(4.5, tf.ones([3, 3])), tf.zeros([3, 3]), diagonal(1, 1, -1e-3), diagonal(1, 0, 1)]) {
      expect(await refusal(three, x)).toBeGreaterThanOrEqual(1)
    }
    // A matrix of rank one whose entries are rounded.
    const v = Seed.normalTensor(1, [3, 1])
    expect(await refusal(three, Matrices.multiply(v, v, { transposeB: true }))).toBeGreaterThanOrEqual(1)
    expect(await refusal(two, tf.tensor2d([[1, 0.5], [0, 1]]))).toBeGreaterThan(0.1)
  })

  it("have points of every scale as their own nearest ones, and some for all others", async () => {
    expect(await read(() => two.nearest(diagonal(2e-10, 1e-10)))).toEqual(Float32Array.of(2e-10, 0, 0, 1e-10))
    const others = [
      tf.zeros([3, 3]),
      tf.mul(4.5, tf.ones([3, 3])),
      diagonal(-1, -2, -3),
      tf.mul(1e-20, tf.ones([3, 3]))
    ]
    for (const u of others) expect(await refusal(three, tf.keep(three.nearest(u)))).toBeUndefined()
  })

  it("have exponentials, logarithms and distances of positive definite matrices from 1e-6 to 1e6", async () => {
    const y = () => diagonal(1e6, 1e-6)
    const far = Math.sqrt(2) * Math.log(1e6)
    expect(Math.abs((await read(() => two.dist!(tf.eye(2), y())))[0]! / far - 1)).toBeLessThan(1e-6)
    const log = [...await read(() => two.log!(tf.eye(2), y()))]
    expect(Math.abs(log[0]! / Math.log(1e6) - 1)).toBeLessThan(1e-6)
    expect(Math.abs(log[3]! / Math.log(1e-6) - 1)).toBeLessThan(1e-6)
    const exp = [...await read(() => two.exp!(tf.eye(2), diagonal(Math.log(1e6), Math.log(1e-6))))]
    expect(Math.abs(exp[0]! / 1e6 - 1)).toBeLessThan(1e-5)
    expect(Math.abs(exp[3]! / 1e-6 - 1)).toBeLessThan(1e-5)
    // Both points far from the identity, and near each other.
    const [a, b] = [() => tf.mul(1e6, three.random(1)), () => tf.mul(1.0009765625e6, three.random(1))]
    const near = Math.sqrt(3) * Math.log(1.0009765625)
    expect(Math.abs((await read(() => three.dist!(a(), b())))[0]! / near - 1)).toBeLessThan(1e-3)
    expect(await largest(() => three.dist!(a(), a()))).toBe(0)
  })

  it("differentiate the exponential where eigenvalues are equal", async () => {
    const a = () => tf.tensor2d([[2, 1], [1, 2]])
    for (const entry of await read(() => tf.grad((b) => tf.sum(two.exp!(b, a())))(tf.eye(2)))) {
      expect(Math.abs(entry + 40.171)).toBeLessThan(1e-3)
    }
    expect(await largest(() => tf.grad((x) => tf.square(two.dist!(x, a())))(a()))).toBe(0)
  })

  it.each([1, 1e-3, 1e-4, 1e-5])("project onto matrices of rank two whose second singular value is %d", async (s) => {
    const column = (...entries: ReadonlyArray<number>) => tf.tensor2d([...entries], [entries.length, 1])
    const outer = (u: tf.Tensor, v: tf.Tensor) => Matrices.multiply(u, v, { transposeB: true })
    const x = () =>
      tf.add(
        tf.div(outer(column(0.5, 0.5, 0.5, 0.5), column(1, 1, 1)), Math.sqrt(3)),
        tf.mul(s / 2, outer(column(1, -1, 0, 0), column(1, -1, 0)))
      )
    const u = () => tf.tensor2d([[3, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]])
    const [c, d, e, f, g] = [35 / 12, 11 / 12, 7 / 6, 13 / 12, 5 / 6]
    const expected = [c, d, e, d, d, e, f, f, g, f, f, g]
    const found = await read(() => FixedRank.make([4, 3], { rank: 2 }).project(x(), u()))
    // Rounding of x turns its singular vectors by ε/s.
    expected.forEach((entry, i) => expect(Math.abs(found[i]! - entry)).toBeLessThan(2e-6 + 2e-7 / s))
  })

  it("refuse matrices of lower rank, and find some of the right rank near them", async () => {
    const M = FixedRank.make([4, 3], { rank: 2 })
    const first = () => Matrices.multiply(tf.ones([4, 1]), tf.ones([1, 3]))
    expect(await refusal(M, first())).toBeGreaterThanOrEqual(1)
    expect(await refusal(M, tf.zeros([4, 3]))).toBeGreaterThanOrEqual(1)
    expect(await refusal(M, tf.keep(M.nearest(first())))).toBeUndefined()
    expect(await refusal(M, tf.keep(M.nearest(tf.zeros([4, 3]))))).toBeUndefined()
  })

  it("never take rotations for reflections, and find the nearest one where singular values are small", async () => {
    const M = SpecialOrthogonal.make([32, 32])
    const x = () => M.random(1, [3])
    expect(await largest(() => M.residual(x()))).toBeLessThan(1e-4)
    expect(await largest(() => tf.sub(M.nearest(x()), x()))).toBeLessThan(1e-4)
    const small = SpecialOrthogonal.make([3, 3])
    const turned = () => Matrices.multiply(small.random(2), diagonal(1, 2 ** -12, 2 ** -13))
    expect(await largest(() => tf.sub(small.nearest(turned()), small.random(2)))).toBeLessThan(5e-3)
    expect([...await read(() => small.nearest(diagonal(3, 2, -1)))].map((entry) => Math.round(entry * 1e5) / 1e5 + 0))
      .toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
  })
}, runsWebgpu ? ["webgpu"] : [])
