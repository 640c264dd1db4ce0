import * as tf from "@tensorflow/tfjs-core"
import {
  Arithmetic,
  CentredSphere,
  Combinators,
  Euclidean,
  Grassmann,
  Manifold,
  NestedTensors,
  NormBall,
  Oblique,
  Sphere
} from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend, use } from "../backends.ts"
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

  it("the logarithm at the antipode is the same on every engine", async () => {
    const pi = Number(Math.PI.toFixed(5))
    const at = async (...x: ReadonlyArray<number>) => {
      const point = tf.tensor2d(x.map((entry) => [entry]))
      return (await read(Sphere.make([3, 1]).log!(point, tf.neg(point)))).map((entry) => Number(entry.toFixed(5)) + 0)
    }
    expect(await at(1, 0, 0)).toEqual([0, pi, 0])
    expect(await at(0, 1, 0)).toEqual([pi, 0, 0])
    expect(await at(0, 0.6, 0.8)).toEqual([pi, 0, 0])
  })

  it("the logarithm of what is opposite but for rounding is tangent, and centred on the centred sphere", async () => {
    for (const sphere of [...spheres, Oblique.make([3, 2])]) {
      const x = sphere.random(1)
      for (const size of [1 + 2 ** -23, 1 - 2 ** -24, 1 + 3e-7]) {
        const y = tf.mul(x, -size)
        const v = sphere.log!(x, y)
        // Of norm π: two roundings of 3.
        expect(await largest(tf.sub(v, sphere.project(x, v))), sphere.name).toBeLessThan(5e-7)
        expect((await read(sphere.norm(x, v)))[0]).toBeCloseTo((await read(sphere.dist!(x, y)))[0]!, 5)
      }
    }
    const centred = CentredSphere.make([3, 3])
    const x = centred.random(1)
    expect(await largest(tf.sum(centred.log!(x, tf.neg(x))))).toBeLessThan(2e-6)
    expect(await largest(tf.sum(centred.exp!(x, tf.mul(centred.randomTangent(2, x), 1e3))))).toBeLessThan(2e-6)
  })

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
      // The velocity at the end is that of the way back, reversed; also at the antipode.
      expect(await largest(tf.add(sphere.transport(x, y, sphere.log!(x, y)), sphere.log!(y, x)))).toBeLessThan(2e-6)
    }
  })

  it("points, nearest points and residuals of every scale", async () => {
    for (const manifold of [...spheres, Oblique.make([3, 2])]) {
      const x = manifold.random(1)
      for (const size of [1e-37, 1e-30, 1e-20, 1e20, 1e30]) {
        const message = `${manifold.name}, ${size}`
        expect(await largest(tf.sub(manifold.nearest(tf.mul(x, size)), x)), message).toBeLessThan(1e-6)
        const radius = (await read(manifold.norm(x, x)))[0]! / Math.sqrt(manifold.name.startsWith("Ob") ? 2 : 1)
        const residual = (await read(manifold.residual(tf.mul(x, size))))[0]!
        expect(residual / Math.max(size, 1) / radius, message).toBeCloseTo(1, 5)
      }
      expect(await largest(manifold.residual(manifold.nearest(tf.zerosLike(x)))), manifold.name).toBeLessThan(1e-6)
    }
    for (const ball of [NormBall.make([3, 1]), NormBall.make([3, 1], { radius: 0.25 })]) {
      const x = tf.tensor2d([[2], [-2], [1]])
      expect(await read(ball.nearest(tf.mul(x, 1e-30)))).toEqual(await read(tf.mul(x, 1e-30)))
      const end = await read(tf.mul(ball.nearest(tf.mul(x, 1e30)), 3 / ball.norms.frobenius.max))
      expect(end.map((entry) => Math.round(1e5 * entry) / 1e5)).toEqual([2, -2, 1])
      expect(await largest(ball.residual(ball.retract(x, tf.mul(x, 1e30))))).toBeLessThan(1e-6)
    }
  })

  it("gradients at points that are zero, and of steps that are huge, are numbers", async () => {
    for (const manifold of [...spheres, Oblique.make([3, 2])]) {
      const x = manifold.random(1)
      const v = tf.mul(manifold.randomTangent(2, x), 1e25)
      const zero = tf.zerosLike(x)
      const gradients = [
        tf.grad((u: tf.Tensor) => tf.sum(manifold.nearest(u)))(zero),
        tf.grad((u: tf.Tensor) => tf.sum(manifold.residual(u)))(zero),
        tf.grad((u: tf.Tensor) => tf.sum(manifold.retract(x, u)))(v),
        tf.grad((y: tf.Tensor) => tf.sum(manifold.log!(x, y)))(tf.neg(x)),
        tf.grad((y: tf.Tensor) => tf.sum(manifold.dist!(x, y)))(tf.neg(x)),
        tf.grad((y: tf.Tensor) => tf.sum(manifold.transport(x, y, manifold.randomTangent(3, x))))(tf.neg(x))
      ]
      for (const [k, gradient] of gradients.entries()) {
        expect((await read(gradient)).every(Number.isFinite), `${manifold.name}, ${k}`).toBe(true)
      }
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

const sphere31 = Sphere.make([3, 1])
const parallel = { transport: Sphere.parallel }

it("parallel transport is asked for by its name, whichever manifold's value says it", async () => {
  await use("cpu")
  const lines = Grassmann.make([3, 1], parallel)
  const [x, y] = [lines.random(1), lines.random(2)]
  const v = lines.randomTangent(3, x)
  const [before, after] = [lines.norm(x, v), lines.norm(y, lines.transport(x, y, v))].map((l) => l.dataSync()[0]!)
  expect(after! / before!).toBeCloseTo(1, 5)
})
const differentiated: ReadonlyArray<Manifold.Manifold<NestedTensors.NestedTensors>> = [
  ...spheres,
  Sphere.make([2, 2], parallel),
  Oblique.make([3, 2]),
  Oblique.make([3, 2], parallel),
  Euclidean.make([2, 2]),
  NormBall.make([2, 2]),
  NormBall.make([2, 2], { radius: 0.25 }),
  Combinators.scaled(Sphere.make([3, 1]), 2.5),
  Combinators.columns(Sphere.make([3, 1]), 2),
  Combinators.power(Sphere.make([3, 1]), 2),
  Combinators.product(Sphere.make([3, 1]), Euclidean.make([2])),
  Combinators.partition([
    { indices: [0, 2], manifold: Sphere.make([2, 2]) },
    { indices: [1], manifold: Euclidean.make([2, 2]) }
  ]),
  // Norm and residual by default.
  Manifold.make<tf.Tensor>({
    name: "own",
    shape: sphere31.shape,
    dimension: sphere31.dimension,
    curvature: sphere31.curvature,
    norms: sphere31.norms,
    project: sphere31.project,
    retract: sphere31.retract,
    nearest: sphere31.nearest
  })
] as unknown as ReadonlyArray<Manifold.Manifold<NestedTensors.NestedTensors>>

/** How far the derivative of f at p along u is from differences. */
const apart = (
  f: (p: NestedTensors.NestedTensors) => NestedTensors.NestedTensors,
  p: NestedTensors.NestedTensors,
  u: NestedTensors.NestedTensors
): number => {
  const entries = (of: NestedTensors.NestedTensors) => NestedTensors.leaves(of).map((leaf) => tf.reshape(leaf, [-1]))
  // Weighted, so that no two entries can make up for each other.
  const value = (q: NestedTensors.NestedTensors): tf.Scalar => {
    const all = tf.concat(entries(f(q)))
    // With every leaf on the tape, also those that f does not depend on.
    return tf.add(tf.sum(tf.mul(all, tf.sin(tf.range(1, all.size + 1)))), tf.mul(0, tf.sum(tf.concat(entries(q)))))
  }
  const rebuilt = (leaves: ReadonlyArray<tf.Tensor>) => {
    let k = 0
    return NestedTensors.map(p, () => leaves[k++]!)
  }
  const gradients = rebuilt(
    tf.grads((...leaves: Array<tf.Tensor>) => value(rebuilt(leaves)))([...NestedTensors.leaves(p)])
  )
  const slope = tf.sum(tf.concat(entries(NestedTensors.zipWith(gradients, u, tf.mul)))).dataSync()[0]!
  const h = 1e-5
  const at = (t: number) => value(NestedTensors.add(p, NestedTensors.scale(t, u))).dataSync()[0]!
  const difference = (at(h) - at(-h)) / (2 * h)
  return Math.abs(slope - difference) / (1 + Math.abs(difference))
}

it.each(differentiated)("$name: derivatives by every argument are those of differences, in float64", async (M) => {
  await use("cpu")
  const found = Arithmetic.within(Arithmetic.float64, () =>
    tf.tidy(() => {
      const x = M.random(1)
      const [v, w, u] = [2, 3, 4].map((seed) => NestedTensors.scale(0.4, M.randomTangent(seed, x))) as [
        never,
        never,
        never
      ]
      const y = M.retract(x, w)
      const still = NestedTensors.map(x, tf.zerosLike)
      const same = NestedTensors.map(x, (leaf) => tf.clone(leaf))
      const off = NestedTensors.scale(1.2, NestedTensors.add(x, u))
      const square = (size: tf.Tensor) => tf.square(size)
      const worst: Record<string, number> = {}
      const check = (
        name: string,
        f: (p: NestedTensors.NestedTensors) => NestedTensors.NestedTensors,
        p: NestedTensors.NestedTensors,
        along: NestedTensors.NestedTensors
      ) => {
        const error = apart(f, p, along)
        if (!(error <= (worst[name] ?? 0))) worst[name] = error
      }
      for (const t of [v, still]) {
        for (const name of ["exp", "retract", "project", "gradient"] as const) {
          const f = M[name]
          if (f === undefined) continue
          check(name, (p) => f(p, t), x, u)
          check(name, (p) => f(x, p), t, u)
        }
        check("transport", (p) => M.transport(x, y, p), t, u)
        check("inner", (p) => M.inner(p, t, w), x, u)
        check("inner", (p) => M.inner(x, p, w), t, u)
        check("squared norm", (p) => square(M.norm(x, p)), t, u)
        check("squared norm", (p) => square(M.norm(p, t)), x, u)
      }
      check("norm", (p) => M.norm(x, p), v, u)
      for (const z of [y, same]) {
        const along = M.project(z, u)
        check("transport", (p) => M.transport(p, z, v), x, u)
        check("transport", (p) => M.transport(x, p, v), z, along)
        const { dist, log } = M
        if (log !== undefined) {
          check("log", (p) => log(p, z), x, u)
          check("log", (p) => log(x, p), z, along)
        }
        if (dist !== undefined) {
          check("squared distance", (p) => square(dist(p, z)), x, u)
          check("squared distance", (p) => square(dist(x, p)), z, along)
        }
      }
      for (const p of [off, NestedTensors.scale(0.9, x)]) {
        check("nearest", M.nearest, p, w)
        check("residual", M.residual, p, w)
      }
      return worst
    }))
  // Differences of step 1e-5 err by 1e-10 and by a rounding unit over the step.
  for (const [operation, error] of Object.entries(found)) expect(error, operation).toBeLessThan(1e-8)
  expect(Object.keys(found).length).toBeGreaterThanOrEqual(9)
})
