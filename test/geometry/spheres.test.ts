import * as tf from "@tensorflow/tfjs-core"
import { CentredSphere, Combinators, Euclidean, type Manifold, NormBall, Oblique, Sphere } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const read = async (x: tf.Tensor) => [...await x.data()]
const largest = async (x: tf.Tensor) => (await read(tf.max(tf.abs(x))))[0]!

const spheres: ReadonlyArray<Manifold.Manifold> = [
  Sphere.make([3, 1]),
  Sphere.make([3, 3]),
  CentredSphere.make([3, 3]),
  Combinators.scaled(Sphere.make([4, 1]), 1)
]

onEachBackend("spheres at their edges", () => {
  for (const sphere of spheres) {
    it(`${sphere.name}: the logarithm at the antipode and near it is tangent, of norm π`, async () => {
      const x = sphere.random(1)
      for (const step of [0, 1e-6, 1e-3]) {
        const y = step === 0 ? tf.neg(x) : sphere.retract(tf.neg(x), tf.mul(sphere.randomTangent(2, x), step))
        const v = sphere.log!(x, y)
        expect((await read(sphere.norm(x, v)))[0]).toBeCloseTo((await read(sphere.dist!(x, y)))[0]!, 5)
        expect(await largest(tf.sub(v, sphere.project(x, v)))).toBeLessThan(2e-6)
        expect(await largest(tf.sub(sphere.exp!(x, v), y))).toBeLessThan(2e-6)
      }
    })
  }

  it("every column of an oblique matrix has its antipode", async () => {
    const oblique = Oblique.make([3, 2])
    const x = oblique.random(1)
    const v = oblique.log!(x, tf.neg(x))
    expect((await read(oblique.norm(x, v)))[0]).toBeCloseTo(Math.PI * Math.SQRT2, 5)
    expect(await largest(tf.sub(v, oblique.project(x, v)))).toBeLessThan(2e-6)
  })

  it("parallel transport keeps norms to the antipode", async () => {
    const sphere = Sphere.make([3, 1], { transport: Sphere.parallel })
    const x = sphere.random(1)
    const v = sphere.randomTangent(3, x)
    for (const step of [0, 1e-6, 1e-3]) {
      const y = step === 0 ? tf.neg(x) : sphere.retract(tf.neg(x), tf.mul(sphere.randomTangent(2, x), step))
      const moved = sphere.transport(x, y, v)
      expect((await read(tf.div(sphere.norm(y, moved), sphere.norm(x, v))))[0]).toBeCloseTo(1, 5)
    }
  })

  it("the exponential of every size ends on the sphere, and small ones keep their digits", async () => {
    const sphere = Sphere.make([3, 1])
    const x = tf.tensor2d([[1], [0], [0]])
    const to = (size: number) => sphere.exp!(x, tf.tensor2d([[0], [size], [0]]))
    expect(await read(to(0))).toEqual([1, 0, 0])
    expect((await read(tf.mul(to(1e-30), 1e30)))[1]).toBeCloseTo(1, 5)
    for (const size of [1e3, 1e20, 1e30]) {
      expect((await read(sphere.residual(to(size))))[0]).toBeLessThan(1e-6)
    }
    expect((await read(tf.mul(sphere.log!(x, to(1e-30)), 1e30)))[1]).toBeCloseTo(1, 5)
  })

  it("squared distances have gradient 0 at coinciding points, −2 log elsewhere", async () => {
    for (const manifold of [...spheres, Oblique.make([3, 2]), Euclidean.make([2, 2])]) {
      const x = manifold.random(1)
      const near = manifold.retract(x, tf.mul(manifold.randomTangent(2, x), 0.3))
      const squared = (y: tf.Tensor) => (p: tf.Tensor) => tf.square(manifold.dist!(p, y))
      const gradientAt = (y: tf.Tensor) => manifold.project(x, tf.grad(squared(y))(x))
      expect(await largest(tf.grad(squared(tf.clone(x)))(x)), manifold.name).toBeLessThan(1e-6)
      expect(await largest(tf.add(gradientAt(near), tf.mul(manifold.log!(x, near), 2))), manifold.name).toBeLessThan(
        2e-5
      )
    }
  })

  it("derivatives at zero are those of the formulas", async () => {
    const sphere = Sphere.make([3, 1])
    const x = sphere.random(1)
    const v = sphere.randomTangent(2, x)
    const of = (f: (u: tf.Tensor) => tf.Tensor, at: tf.Tensor) => tf.grad((u: tf.Tensor) => tf.sum(tf.mul(f(u), v)))(at)
    expect(await largest(tf.sub(sphere.project(x, of((u) => sphere.exp!(x, u), tf.zerosLike(x))), v))).toBeLessThan(
      1e-6
    )
    expect(await largest(tf.sub(of((y) => sphere.log!(x, y), tf.clone(x)), v))).toBeLessThan(1e-6)
    expect(await largest(tf.sub(sphere.project(x, of(sphere.nearest, x)), v))).toBeLessThan(1e-6)
    expect(await largest(tf.grad((u: tf.Tensor) => sphere.norm(x, u))(tf.zerosLike(x)))).toBe(0)
    const ball = NormBall.make([3, 1])
    expect(await largest(tf.sub(of(ball.nearest, tf.zerosLike(x)), v))).toBe(0)
  })
}, runsWebgpu ? ["webgpu"] : [])
