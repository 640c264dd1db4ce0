import * as tf from "@tensorflow/tfjs-core"
import {
  Combinators,
  Convergence,
  Euclidean,
  Grassmann,
  Lorentz,
  type Manifold,
  Matrices,
  Norms,
  Oblique,
  PoincareBall,
  Seed,
  Simplex,
  Spd,
  SpecialOrthogonal,
  Sphere,
  Stiefel
} from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const values = (x: tf.Tensor) => Array.from(x.dataSync())
const largest = (x: tf.Tensor) => Math.max(...values(tf.abs(x)))
const scales = [1e-35, 1e-30, 1e-20, 1e20, 1e30]
const diagonal = (...entries: ReadonlyArray<number>) => tf.diag(tf.tensor1d([...entries]))

const manifolds: ReadonlyArray<Manifold.Manifold> = [
  Sphere.make([3, 2]),
  Oblique.make([3, 2]),
  Stiefel.make([4, 2]),
  Stiefel.make([4, 2], { retraction: Stiefel.cayley }),
  Grassmann.make([4, 2]),
  Euclidean.make([3, 2]),
  PoincareBall.make([3, 2]),
  Lorentz.make([3, 2]),
  Simplex.make([3, 2]),
  Spd.make([3, 3]),
  SpecialOrthogonal.make([3, 3])
]

onEachBackend("vectors and points of every scale", () => {
  it.each(manifolds)("$name: the norm of a tiny and of a huge vector", (manifold) => {
    const x = manifold.random(1)
    const v = manifold.randomTangent(2, x)
    const size = manifold.norm(x, v).dataSync()[0]!
    for (const scale of scales) {
      // Rounding of the scaled entries, and of their sum of squares.
      expect(manifold.norm(x, tf.mul(v, scale)).dataSync()[0]! / scale / size).toBeCloseTo(1, 5)
    }
  })

  it("what is arranged otherwise has the lengths that it had, at points of extreme scales", () => {
    const spd = Spd.make([2, 2])
    const small = tf.mul(1e-25, tf.eye(2))
    // ‖X‖_X = ‖I‖_F at every scale.
    expect(values(Combinators.transposed(spd).norm(small, small))[0]).toBeCloseTo(Math.SQRT2, 5)
    const stack = Combinators.partition([{ indices: [1, 0], manifold: spd }])
    const two = tf.stack([small, small])
    expect(values(stack.norm(two, two))[0]).toBeCloseTo(2, 5)
    expect(
      values(
        Combinators.matricized(stack, Combinators.perKernel, [2, 2, 1, 2]).norm(
          Combinators.kernelArrangement(Combinators.perKernel, [2, 2, 1, 2]).to(two),
          Combinators.kernelArrangement(Combinators.perKernel, [2, 2, 1, 2]).to(two)
        )
      )[0]
    ).toBeCloseTo(2, 5)
    const lorentz = Lorentz.make([3, 1])
    const origin = tf.tensor2d([[1], [0], [0]])
    const far = lorentz.retract(origin, tf.tensor2d([[0], [60], [0]]))
    // Across the way out, where the metric is the Euclidean one.
    const across = tf.tensor2d([[0], [0], [1.5]])
    const pair = Combinators.columns(lorentz, 2)
    expect(values(lorentz.norm(far, across))[0]).toBeCloseTo(1.5, 5)
    expect(values(pair.norm(tf.concat([far, far], 1), tf.concat([across, across], 1)))[0])
      .toBeCloseTo(1.5 * Math.SQRT2, 5)
  })

  it("points of which one part is infinitely far are infinitely far, in powers and products", () => {
    const rotation = tf.eye(3)
    const reflection = tf.mul(rotation, tf.tensor1d([1, 1, -1]))
    const orthogonal = Stiefel.make([3, 3])
    const [x, y] = [tf.stack([rotation, rotation]), tf.stack([rotation, reflection])]
    expect(values(Combinators.power(orthogonal, 2).dist!(x, y))).toEqual([Infinity])
    const product = Combinators.product(Sphere.make([2, 1]), orthogonal)
    const point = tf.tensor2d([[1], [0]])
    expect(values(product.dist!([point, rotation], [point, reflection]))).toEqual([Infinity])
  })

  it("a product: the norm of what only one factor has", () => {
    const product = Combinators.product(Sphere.make([2, 1]), Sphere.make([2, 1]))
    const x = [tf.tensor2d([[1], [0]]), tf.tensor2d([[1], [0]])] as const
    const v = [tf.zeros([2, 1]), tf.tensor2d([[0], [1e-30]])] as const
    expect(product.norm(x, v).dataSync()[0]! / 1e-30).toBeCloseTo(1, 5)
  })

  it.each([Sphere.make([3, 2]), Oblique.make([3, 2]), SpecialOrthogonal.make([3, 3])])(
    "$name: a retraction of a huge tangent ends on the manifold",
    (manifold) => {
      const x = manifold.random(1, [2])
      for (const scale of [1e5, 1e10, 1e20, 1e30]) {
        const y = manifold.retract(x, tf.mul(manifold.randomTangent(2, x), scale))
        expect(largest(manifold.residual(y))).toBeLessThan(1e-5)
      }
    }
  )

  it.each([Lorentz.make([3, 2]), Spd.make([3, 3])])(
    "$name: a retraction ends on it, exp does or says why not",
    (at) => {
      const x = at.random(1, [2])
      for (const scale of [1e5, 1e10, 1e20, 1e30]) {
        const v = tf.mul(at.randomTangent(2, x), scale)
        expect(largest(at.residual(at.retract(x, v)))).toBeLessThan(1e-5)
        expect(() => at.exp!(x, v)).toThrow(Convergence.NotConverged)
      }
    }
  )

  const tiny = ({ shape }: Manifold.Manifold) => tf.mul(Seed.normalTensor(1, shape as ReadonlyArray<number>), 1e-30)

  it.each(manifolds.filter(({ norms }) => norms.frobenius.min > 0))(
    "$name, enlarged so much that a tiny vector is no number there: its nearest point",
    (M) => {
      const found = tf.div(Combinators.scaled(M, 1e20).nearest(tiny(M)), 1e20)
      expect(largest(tf.sub(found, M.nearest(tiny(M))))).toBeLessThan(1e-6)
    }
  )

  it.each(manifolds.filter(({ norms: { frobenius } }) => frobenius.min === 0 && frobenius.max === Infinity))(
    "$name, enlarged so much: a tiny vector is refused, also beside a larger one",
    (M) => {
      const enlarged = Combinators.scaled(M, 1e20)
      const [small, ordinary] = [tiny(M), tf.mul(tiny(M), 1e20)]
      expect(() => enlarged.nearest(tf.stack([small, ordinary]))).toThrow(Convergence.NotConverged)
      expect(() => enlarged.nearest(ordinary)).not.toThrow()
    }
  )

  it.each(manifolds)("$name: an empty batch gives empty batches", (manifold) => {
    const shape = manifold.shape as ReadonlyArray<number>
    const x = manifold.random(1, [0])
    expect(x.shape).toEqual([0, ...shape])
    for (const found of [manifold.nearest(x), manifold.project(x, x), manifold.retract(x, x), manifold.exp?.(x, x)]) {
      expect((found ?? x).shape).toEqual([0, ...shape])
    }
    for (const found of [manifold.residual(x), manifold.norm(x, x), manifold.dist?.(x, x)]) {
      expect((found ?? tf.zeros([0])).shape).toEqual([0])
    }
    expect(Matrices.eigh(tf.zeros([0, 2, 2])).values.shape).toEqual([0, 2])
    expect(Matrices.polar(tf.zeros([0, 3, 2])).shape).toEqual([0, 3, 2])
    expect(Norms.columnSum(tf.zeros([0, 3, 2])).shape).toEqual([0])
  })

  it("the Poincaré ball: exp and log of points on opposite sides of the rim", () => {
    const ball = PoincareBall.make([2, 1])
    for (const t of [0.99, 0.999, 0.9999, 0.99999]) {
      const [x, y] = [tf.tensor2d([[t], [0]]), tf.tensor2d([[-t], [0]])]
      // tanh of half the length is 1 to rounding: the end must not be lost with it. One rounding of it is ε/(1 − t).
      expect(ball.dist!(ball.exp!(x, ball.log!(x, y)), y).dataSync()[0]).toBeLessThan(2 ** -21 / (1 - t))
    }
  })

  it("the Poincaré ball: what is not a number is no point", () => {
    expect(values(PoincareBall.make([2, 1]).residual(tf.tensor2d([[Number.NaN], [0]])))).toEqual([Number.NaN])
  })

  it("covariances 60 powers of ten apart", () => {
    const distance = Spd.make([2, 2]).dist!(diagonal(1e-30, 1e-30), diagonal(1e30, 1e30)).dataSync()[0]!
    expect(distance / (Math.SQRT2 * 60 * Math.LN10)).toBeCloseTo(1, 5)
  })

  it.each(Norms.names)(
    "the norm %s of any scale, and its gradient",
    (name) => {
      const norm = Norms[name]
      const x = Seed.normalTensor(1, [3, 2])
      const gradient = (at: tf.Tensor) => tf.grad((y) => tf.sum(norm(y)))(at)
      for (const scale of scales) {
        expect(norm(tf.mul(x, scale)).dataSync()[0]! / scale / norm(x).dataSync()[0]!).toBeCloseTo(1, 5)
        expect(largest(tf.sub(gradient(tf.mul(x, scale)), gradient(x)))).toBeLessThan(1e-5)
      }
      expect(largest(gradient(tf.zeros([2, 2])))).toBe(0)
      // A row of zeros changes nothing about the others.
      expect(values(gradient(tf.tensor2d([[0, 0], [3, 4]]))).every(Number.isFinite)).toBe(true)
    }
  )
})
