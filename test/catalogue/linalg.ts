import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { FixedRank, Manifold, Matrices, Seed, Spd, SpecialOrthogonal, SpectralBall, Tensors } from "finegrain"
import { expect } from "vitest"
import type { Row } from "./Row.ts"

const read = (f: () => tf.Tensor) => Effect.map(Tensors.evaluate(f), (values) => [...values])
const near = (...values: ReadonlyArray<number>) => values.map((value) => expect.closeTo(value, 5))
const check = (manifold: Manifold.Manifold, x: () => tf.Tensor) => () =>
  Effect.scoped(Effect.flatMap(Tensors.scoped(x), (point) => Manifold.checkPoint(manifold, point, 1e-3)))
const diagonal = (...entries: ReadonlyArray<number>) => () => tf.diag(tf.tensor1d([...entries]))
const gap = (q: tf.Tensor) =>
  tf.max(tf.abs(tf.sub(Matrices.multiply(q, q, { transposeA: true }), tf.eye(q.shape.at(-1)!))))
const twoByTwo = (scale: number) => tf.mul(tf.tensor2d([[1, 2], [3, 4]]), scale)
const outer = (m: number, n: number) => tf.ones([m, n])
const spd = Spd.make([3, 3])
const rank = FixedRank.make([4, 3], { rank: 2 })

const area = "matrices"
const frames = [1e-30, 1e-24, 1e20, 1e30].flatMap((scale) =>
  ([["Q factor", Matrices.qf], ["first Q factor", Matrices.gramSchmidt]] as const).map(([what, of]): Row => ({
    area,
    given: `the ${what} at scale ${scale}`,
    value: near(Math.sqrt(0.1), Math.sqrt(0.9), Math.sqrt(0.9), -Math.sqrt(0.1)),
    run: () => read(() => of(twoByTwo(scale)))
  }))
)

const determinants = [32, 64].map((n): Row => ({
  area,
  given: `the determinant of a rotation ${n}×${n}`,
  value: [expect.closeTo(1, 4)],
  run: () =>
    read(() => Matrices.determinant(Matrices.expSkew(tf.mul(0.05, Matrices.skew(Seed.normalTensor(1, [n, n]))))))
}))

const shapes: ReadonlyArray<readonly [given: string, says: string, run: () => unknown]> = [
  [
    "a product with a vector",
    "no product of matrices of shapes [2, 1] and [10]: a vector is no matrix, write it as [m, 1] or [1, n]",
    () => Matrices.multiply(tf.ones([2, 1]), tf.ones([10]))
  ],
  [
    "a product whose inner lengths differ",
    "no product of matrices of shapes [2, 3] and [2, 3]: 3 columns meet 2 rows",
    () => Matrices.multiply(tf.ones([2, 3]), tf.ones([2, 3]))
  ],
  [
    "a product of batches of 3 and 2",
    "no product of matrices of shapes [3, 2, 2] and [2, 2, 2]: their batches do not broadcast",
    () => Matrices.multiply(tf.ones([3, 2, 2]), tf.ones([2, 2, 2]))
  ],
  [
    "the determinant of a matrix 2×3",
    "a determinant needs square matrices, not shape [2, 3]",
    () => Matrices.determinant(tf.ones([2, 3]))
  ],
  ["the inverse of a vector", "an inverse needs square matrices, not shape [3]", () => Matrices.inverse(tf.ones([3]))],
  [
    "right-hand sides that are too short",
    "no system of equations of shapes [3, 3] and [2, 1]: the right-hand sides are the columns of a matrix with as " +
    "many rows",
    () => Matrices.solve(tf.eye(3), tf.ones([2, 1]))
  ],
  [
    "eigenvalues of a matrix 2×3",
    "eigenvalues need square matrices, not shape [2, 3]",
    () => Matrices.eigh(tf.ones([2, 3]))
  ],
  ["singular values of a vector", "singular values need matrices, not shape [3]", () => Matrices.svd(tf.ones([3]))],
  [
    "the polar factor of a matrix 2×3",
    "a polar factor has at least as many rows as columns, not shape [2, 3]",
    () => Matrices.polar(tf.ones([2, 3]))
  ]
]

const outside: ReadonlyArray<
  readonly [given: string, manifold: Manifold.Manifold, x: () => tf.Tensor, residual: string]
> = [
  ["4.5 in every entry, of rank one", spd, () => tf.mul(4.5, outer(3, 3)), "1"],
  ["zero", spd, () => tf.zeros([3, 3]), "1"],
  ["an eigenvalue of 0", spd, diagonal(1, 0, 1), "1"],
  ["an eigenvalue of −1", spd, diagonal(1, -1, 1), "2"],
  ["a matrix of rank one", rank, () => outer(4, 3), "1"],
  ["zero, of rank zero", rank, () => tf.zeros([4, 3]), "1"],
  ["a reflection", SpecialOrthogonal.make([2, 2]), diagonal(1, -1), "1"],
  ["a singular value of 3", SpectralBall.make([2, 2]), diagonal(3, 0.5), "2"]
]

/**
 * Matrices at the edges.
 *
 * @internal
 */
export const rows: ReadonlyArray<Row> = [
  ...frames,
  ...determinants,
  ...shapes.map(([given, says, run]): Row => ({ area, given, says, run })),
  ...outside.map(([given, manifold, x, residual]): Row => ({
    area: `points of ${manifold.name}`,
    given,
    says: new RegExp(`^the point is not on .*: residual ${residual}(\\.\\d+)? exceeds the tolerance 0.001$`),
    run: check(manifold, x)
  })),
  {
    area,
    given: "the Q factor of dependent columns",
    value: near(0, 0, 0),
    run: () => read(() => tf.slice(Matrices.qf(tf.tensor2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]])), [0, 2], [3, 1]))
  },
  {
    area,
    given: "the inverse of a permutation",
    value: [0, 1, 1, 0],
    run: () => read(() => tf.abs(Matrices.inverse(tf.tensor2d([[0, 1], [1, 0]]))))
  },
  {
    area,
    given: "a singular system",
    value: [Number.NaN, Number.NaN],
    run: () => read(() => Matrices.solve(tf.ones([2, 2]), tf.ones([2, 1])))
  },
  {
    area,
    given: "a product of batches of 2 and 10",
    value: [1, 2].flatMap((a) => Array.from({ length: 10 }, (_, i) => a * i)),
    run: () =>
      read(() => Matrices.multiply(tf.tensor4d([1, 2], [2, 1, 1, 1]), tf.reshape(tf.range(0, 10), [1, 10, 1, 1])))
  },
  {
    area,
    given: "a polar factor by too large a bound from below",
    says: /^the polar factor of a matrix 2×2 did not converge: residual .* Give a smaller bound/,
    run: () => Matrices.polar(diagonal(1, 1e-4)(), { lower: 0.5 })
  },
  {
    area,
    given: "the polar factor of zero",
    value: [expect.closeTo(0, 5)],
    run: () => read(() => gap(Matrices.polar(tf.zeros([4, 3]))))
  },
  {
    area,
    given: "singular values of what is not finite",
    value: [Number.NaN, Number.NaN],
    run: () => read(() => Matrices.svd(tf.tensor2d([[1, Infinity], [0, 1]])).values)
  },
  {
    area: "positive definite matrices",
    given: "eigenvalues of 2e-10 and 1e-10",
    value: [Math.fround(2e-10), 0, 0, Math.fround(1e-10)],
    run: () => read(() => Spd.make([2, 2]).nearest(diagonal(2e-10, 1e-10)()))
  },
  {
    area: "positive definite matrices",
    given: "the gradient of an exponential at equal eigenvalues",
    value: Array.from({ length: 4 }, () => expect.closeTo(-40.171, 3)),
    run: () => read(() => tf.grad((b) => tf.sum(Spd.make([2, 2]).exp!(b, tf.tensor2d([[2, 1], [1, 2]]))))(tf.eye(2)))
  },
  {
    area: "matrices of fixed rank",
    given: "a second singular value of 1e-4",
    value: [35 / 12, 11 / 12, 7 / 6].map((entry) => expect.closeTo(entry, 2)),
    run: () => {
      const [u, v] = [tf.tensor2d([1, -1, 0, 0], [4, 1]), tf.tensor2d([1, -1, 0], [1, 3])]
      const x = tf.add(tf.div(outer(4, 3), Math.sqrt(12)), tf.mul(5e-5, tf.matMul(u, v)))
      const ambient = tf.tensor2d([3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 3])
      return read(() => tf.slice(rank.project(x, ambient), [0, 0], [1, 3]))
    }
  }
]
