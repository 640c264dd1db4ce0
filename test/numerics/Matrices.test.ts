import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import { Matrices, Seed } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

/** The largest entry by size. */
const largest = (f: () => tf.Tensor): number => {
  const found = tf.tidy(() => tf.max(tf.abs(f())))
  const [value = Number.NaN] = found.dataSync()
  found.dispose()
  return value
}

const square = fc.record({ seed: fc.nat(), n: fc.integer({ min: 1, max: 9 }), rank: fc.integer({ min: 0, max: 9 }) })

/** Symmetric matrices, some of low rank, so with repeated eigenvalues. */
const symmetric = ({ n, rank, seed }: { readonly n: number; readonly rank: number; readonly seed: number }) => {
  const factor = Seed.normalTensor(seed, [3, n, Math.max(1, Math.min(rank, n))])
  return rank >= n
    ? Matrices.sym(Seed.normalTensor(seed, [3, n, n]))
    : Matrices.multiply(factor, factor, { transposeB: true })
}

onEachBackend("matrices", () => {
  it("have eigenvalues and orthonormal eigenvectors, repeated ones too", () => {
    fc.assert(
      fc.property(square, (c) => {
        const size = 1 + largest(() => symmetric(c))
        const gap = largest(() => tf.sub(Matrices.ofEigen(Matrices.eigh(symmetric(c)), (x) => x), symmetric(c)))
        // A dozen rotations of sums of at most nine products each.
        expect(gap / size).toBeLessThan(1e-5)
        const skewed = largest(() => {
          const { vectors } = Matrices.eigh(symmetric(c))
          return tf.sub(Matrices.multiply(vectors, vectors, { transposeA: true }), tf.eye(c.n))
        })
        expect(skewed).toBeLessThan(1e-5)
      }),
      { numRuns: 40 }
    )
  })

  it("have inverses, where they are positive definite", () => {
    fc.assert(
      fc.property(square, (c) => {
        const definite = () => tf.add(symmetric({ ...c, rank: Math.min(c.rank, c.n - 1) }), tf.eye(c.n))
        const size = 1 + largest(definite)
        const gap = largest(() => tf.sub(Matrices.multiply(definite(), Matrices.inverse(definite())), tf.eye(c.n)))
        // The condition number is at most that size times n.
        expect(gap).toBeLessThan(1e-6 * size * c.n)
      }),
      { numRuns: 40 }
    )
  })

  it("have the product of their eigenvalues as determinant", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, n) => {
        const a = () => symmetric({ n, rank: n, seed })
        const product = () => tf.prod(Matrices.eigh(a()).values, -1)
        const size = 1 + largest(a)
        expect(largest(() => tf.sub(Matrices.determinant(a()), product()))).toBeLessThan(1e-5 * size ** n)
      }),
      { numRuns: 40 }
    )
  })

  it("all have a polar factor: nearly singular ones, one in a thousand random kernels, singular ones, and zero", () => {
    const off = (u: () => tf.Tensor) =>
      largest(() => {
        const q = Matrices.polar(u())
        return tf.sub(Matrices.multiply(q, q, { transposeA: true }), tf.eye(q.shape.at(-1)!))
      })
    expect(off(() => Seed.normalTensor(1, [20_000, 3, 3]))).toBeLessThan(1e-5)
    expect(off(() => Seed.normalTensor(2, [5000, 5, 2]))).toBeLessThan(1e-5)
    expect(off(() => tf.zeros([4, 3]))).toBeLessThan(1e-5)
    expect(off(() => tf.tensor2d([[0, 1e-3, 0], [0, 0, 0], [0, 0, 0]]))).toBeLessThan(1e-5)
  })
})
