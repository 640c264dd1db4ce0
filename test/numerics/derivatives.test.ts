import * as tf from "@tensorflow/tfjs-core"
import { Arithmetic, FixedRank, Matrices, Norms, Seed, Spd, SpecialOrthogonal, SpectralBall, Stiefel } from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"

beforeAll(() => use("cpu"))

type Operation = (x: tf.Tensor) => tf.Tensor

/** The derivative of ⟨w, f⟩ along v by the gradient and by central differences, in double precision. */
const both = (f: Operation, at: () => tf.Tensor) =>
  Arithmetic.within(Arithmetic.float64, () =>
    tf.tidy(() => {
      const x = at()
      const [w, v] = [Seed.normalTensor(99, f(x).shape), Seed.normalTensor(98, x.shape)]
      const value = (z: tf.Tensor) => tf.sum(tf.mul(w, f(z)))
      const along = (t: number) => value(tf.add(x, tf.mul(v, t))).dataSync()[0]!
      const h = 1e-5
      const gradient = tf.sum(tf.mul(tf.grad(value)(x), v)).dataSync()[0]!
      return { gradient, difference: (along(h) - along(-h)) / (2 * h) }
    }))

const tall = () => Seed.normalTensor(1, [2, 5, 3])
const square = () => Seed.normalTensor(2, [2, 4, 4])
const definite = () => tf.add(Matrices.multiply(square(), square(), { transposeB: true }), tf.eye(4))
const identities = () => tf.add(tf.zeros([2, 1, 1]), tf.eye(4))
const singular = () => tf.tensor2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
const diagonal = (...entries: ReadonlyArray<number>) => () => tf.diag(tf.tensor1d([...entries]))
const ofSingular = (f: Matrices.SingularFunction) => (x: tf.Tensor) => Matrices.ofSingular(x, f)
const ofSymmetric = (f: Matrices.SymmetricFunction) => (x: tf.Tensor) => Matrices.ofSymmetric(x, f)
/** The gradient of a sum of squares, whose own derivative is the second one. */
const twice = (f: Operation): Operation => (x) => tf.grad((z) => tf.sum(tf.square(f(z))))(x)

const spd = Spd.make([4, 4])
const tangent = () => spd.randomTangent(4, definite())
const ranked = FixedRank.make([5, 3], { rank: 2 })
const stiefel = Stiefel.make([5, 3])
const start = () => stiefel.random(4, [2])
const rotations = SpecialOrthogonal.make([4, 4])

const symmetric = {
  exponential: Matrices.exponential,
  logarithm: Matrices.logarithm,
  logarithmOfOnePlus: Matrices.logarithmOfOnePlus,
  squareRoot: Matrices.squareRoot,
  inverseSquareRoot: Matrices.inverseSquareRoot,
  positivePart: Matrices.positivePart
}

const cases: Readonly<Record<string, readonly [Operation, () => tf.Tensor]>> = {
  "qf": [Matrices.qf, tall],
  "qf, second": [twice((x) => tf.mul(Matrices.qf(x), x)), tall],
  "polar": [(x) => Matrices.polar(x), tall],
  "polar at equal singular values": [(x) => Matrices.polar(x), diagonal(2, 2, 2)],
  "polar, second": [twice((x) => tf.mul(Matrices.polar(x), x)), tall],
  "determinant": [Matrices.determinant, square],
  "determinant of a singular matrix": [Matrices.determinant, singular],
  "determinant, second": [twice(Matrices.determinant), square],
  "inverse": [Matrices.inverse, definite],
  "solve, matrix": [(a) => Matrices.solve(a, tf.ones([4, 2])), definite],
  "solve, right-hand side": [(b) => Matrices.solve(definite(), b), () => tf.ones([4, 2])],
  "multiply, broadcast": [(x) => Matrices.multiply(x, tf.ones([1, 3, 3, 4])), () => Seed.normalTensor(3, [2, 1, 2, 3])],
  "singular values": [(x) => Matrices.svd(x).values, tall],
  "left singular vectors": [(x) => Matrices.svd(x).left, tall],
  "right singular vectors of wide matrices": [(x) => Matrices.svd(Matrices.transpose(x)).right, tall],
  "eigenvalues": [(x) => Matrices.eigh(x).values, square],
  "eigenvectors": [(x) => Matrices.eigh(x).vectors, square],
  "expm": [Matrices.expm, square],
  "expSkew": [(x) => Matrices.expSkew(Matrices.skew(x)), square],
  "cayley": [(x) => Matrices.cayley(Matrices.skew(x)), square],
  "spectral norm": [Norms.spectral, tall],
  "spectral ball": [SpectralBall.make([5, 3]).nearest, tall],
  "spectral ball, wide": [(x) => SpectralBall.make([3, 5]).nearest(Matrices.transpose(x)), tall],
  "spectral ball at equal singular values": [ofSingular(Matrices.atMost(1)), diagonal(2, 2, 0.5)],
  "spectral ball at 0": [ofSingular(Matrices.atMost(1)), () => tf.zeros([3, 2])],
  "isometry": [ofSingular(Matrices.isometry(2)), tall],
  "isometry at equal singular values": [ofSingular(Matrices.isometry(2)), diagonal(2, 2, 1)],
  "isometry, second": [twice((x) => tf.mul(Matrices.ofSingular(x, Matrices.isometry(2)), x)), tall],
  "fixed rank, nearest": [ranked.nearest, tall],
  "fixed rank, project": [(x) => ranked.project(x, tall()), () => ranked.random(1, [2])],
  "fixed rank, residual": [ranked.residual, tall],
  "rotations, nearest": [rotations.nearest, square],
  "rotations, nearest at the identity": [rotations.nearest, identities],
  "rotations, nearest of a reflection": [ofSingular(Matrices.rotation), diagonal(1, 1, -0.5)],
  ...Object.fromEntries(
    Object.entries(symmetric).flatMap(([name, f]) => [
      [name, [ofSymmetric(f), definite]],
      [`${name} at equal eigenvalues`, [ofSymmetric(f), diagonal(2, 2, 2)]],
      [`${name}, second`, [twice(ofSymmetric(f)), definite]]
    ])
  ),
  "stiefel, nearest": [stiefel.nearest, tall],
  "stiefel, nearest at orthogonal columns of one length": [stiefel.nearest, () => tf.mul(tf.eye(5, 3), 2)],
  "stiefel, nearest, wide": [(x) => Stiefel.make([3, 5]).nearest(Matrices.transpose(x)), tall],
  "stiefel, transport by the target": [(y) => stiefel.transport(start(), y, tall()), () => stiefel.random(5, [2])],
  "stiefel, transport of the vector": [(v) => stiefel.transport(start(), stiefel.random(5, [2]), v), tall],
  "stiefel, transport, wide": [
    (y) => Stiefel.make([3, 5]).transport(Matrices.transpose(start()), y, Matrices.transpose(tall())),
    () => Stiefel.make([3, 5]).random(5, [2])
  ],
  "spd, exp at the point": [(x) => spd.exp!(x, tangent()), definite],
  "spd, exp at the identity": [(x) => spd.exp!(x, tangent()), identities],
  "spd, exp of the tangent": [(v) => spd.exp!(definite(), v), tangent],
  "spd, log at the point": [(x) => spd.log!(x, definite()), () => spd.random(3, [2])],
  "spd, log at the identity": [(x) => spd.log!(x, definite()), identities],
  "spd, log near by": [(x) => spd.log!(x, tf.mul(definite(), 1.01)), definite],
  "spd, squared distance": [(x) => tf.square(spd.dist!(x, definite())), () => spd.random(3, [2])],
  "spd, squared distance to itself": [(x) => tf.square(spd.dist!(x, definite())), definite],
  "spd, inner": [(x) => spd.inner(x, tangent(), tangent()), definite],
  "spd, nearest": [spd.nearest, square],
  "spd, residual": [spd.residual, square],
  "spd, transport": [(x) => spd.transport(x, definite(), tangent()), () => spd.random(3, [2])]
}

describe("derivatives are those of finite differences", () => {
  it.each(Object.entries(cases))("%s", (_, [f, at]) => {
    const { difference, gradient } = both(f, at)
    // Central differences at h = 1e-5 err by h² and by rounding/h.
    expect(Math.abs(gradient - difference)).toBeLessThan(2e-7 * Math.max(1, Math.abs(difference)))
  })
})

describe("derivatives that do not exist", () => {
  it("are NaN, not something: eigenvectors at equal eigenvalues", () => {
    const gradient = tf.grad((x) => tf.sum(tf.mul(Matrices.eigh(x).vectors, Seed.normalTensor(1, [3, 3]))))(tf.eye(3))
    expect(gradient.dataSync().some(Number.isNaN)).toBe(true)
  })
})
