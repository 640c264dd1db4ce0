import * as tf from "@tensorflow/tfjs-core"
import {
  Arithmetic,
  type Backend,
  CentredSphere,
  Combinators,
  DoublyStochastic,
  Euclidean,
  FixedRank,
  FixedSpectrum,
  Grassmann,
  Lorentz,
  type Manifold,
  NormBall,
  Norms,
  Oblique,
  PoincareBall,
  Simplex,
  Spd,
  SpecialOrthogonal,
  SpectralBall,
  Sphere,
  Stiefel
} from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { longWebgpu } from "../webgpu.ts"

const powers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
/** From the smallest to the largest; close together where columns begin to depend on each other. */
const sizes = [
  ...powers(-30, -20).filter((_, i) => i % 5 === 0),
  ...powers(-4, 9),
  1e12,
  1e18,
  1e19,
  1e20,
  1e25,
  1e30,
  1e35,
  3e38
]

/** Every other manifold, and some seen through combinators whose arithmetic comes before theirs. */
const others: ReadonlyArray<Manifold.Manifold> = [
  ...[Euclidean, CentredSphere, FixedSpectrum, FixedRank, PoincareBall, Lorentz, Simplex, NormBall, SpectralBall]
    .map(({ make }) => make([3, 2])),
  ...[SpecialOrthogonal, Spd, DoublyStochastic].map(({ make }) => make([3, 3])),
  Combinators.scaled(Sphere.make([3, 2]), 1e-3),
  Combinators.scaled(Combinators.transposed(PoincareBall.make([3, 2])), 1 / 3),
  Combinators.scaled(Combinators.scaled(PoincareBall.make([3, 2]), 1.3), 1.1),
  Combinators.scaled(Simplex.make([3, 1]), 0.1)
]
/** Those whose exponential goes on for ever; others leave their manifold, or the range of numbers, and say so. */
const exponentials = new Set(["Cen(3,2)", "SO(3)", "Hyp(3,2)", "0.001·Sp(3,2)"])

const retractions = [Stiefel.qr, Stiefel.polar, Stiefel.cayley, Stiefel.exponential]
const metrics = [Stiefel.embedded, Stiefel.canonical]
const choices = metrics.flatMap((metric) => retractions.map((retraction) => ({ metric, retraction })))

/** Every size of v, whose largest entry counts, at x as one batch. */
const every = (x: tf.Tensor, v: tf.Tensor) => {
  const t = tf.reshape(tf.tensor1d([...sizes]), [-1, ...v.shape.map(() => 1)])
  const vs = tf.mul(t, tf.div(v, tf.max(tf.abs(v))))
  return [tf.add(tf.zerosLike(vs), x), vs] as const
}
const atEverySize = (manifold: Manifold.Manifold, x: tf.Tensor, v: tf.Tensor) =>
  manifold.residual(manifold.retract(...every(x, v)))

const worst = async (residuals: () => tf.Tensor) => {
  const found = tf.tidy(residuals)
  const values = Array.from(await found.data())
  found.dispose()
  return values.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), 0)
}

const x = () => tf.tensor2d([[1, 0], [0, 1], [0, 0]])
const v = (t = 1) => tf.tensor2d([[0, 0], [0, 0], [1.1 * t, 0.7 * t]])

/** For V = s·e₃wᵀ, ‖w‖ = 1, the plane of Xw and e₃ is turned by an angle φ(s). */
const turned = (t: number, angle: (s: number) => number) => {
  const length = Math.hypot(1.1, 0.7)
  const [a, b] = [1.1 / length, 0.7 / length]
  const [c, s] = [Math.cos(angle(t * length)) - 1, Math.sin(angle(t * length))]
  return [[1 + a * a * c, a * b * c], [a * b * c, 1 + b * b * c], [a * s, b * s]]
}

const gramSchmidt = (t: number) => {
  const [a, b] = [1.1 * t, 0.7 * t]
  const first = [1, 0, a].map((entry) => entry / Math.hypot(1, a))
  // (0, 1, b) without its part along the first, without cancellation.
  const rest = [-a * b / (1 + a * a), 1, b / (1 + a * a)]
  return first.map((entry, i) => [entry, rest[i]! / Math.hypot(...rest)])
}

const right = {
  qr: gramSchmidt,
  polar: (t: number) => turned(t, Math.atan),
  cayley: (t: number) => turned(t, (s) => 2 * Math.atan(s / 2)),
  exponential: (t: number) => turned(t, (s) => s)
}

const engines: ReadonlyArray<
  readonly [title: string, name: Backend.EngineName, options: Backend.EngineOptions]
> = [
  ["cpu", "cpu", {}],
  ["wasm, 1 thread", "wasm", { threads: 1 }],
  ["wasm, 2 threads", "wasm", { threads: 2 }],
  ...longWebgpu.map((name) => [name, name, {}] as const)
]

for (const [title, name, options] of engines) {
  describe(`huge and tiny tangents on ${title}`, { timeout: 240_000 }, () => {
    beforeAll(() => use(name, options))

    it.each(choices)("St(3,2), $metric.name, $retraction.name: every one ends on the manifold", async (choice) => {
      const manifold = Stiefel.make([3, 2], choice)
      // A dozen roundings of numbers up to 1.
      expect(await worst(() => atEverySize(manifold, x(), v()))).toBeLessThanOrEqual(1e-6)
      const across = Stiefel.make([2, 3], choice)
      expect(await worst(() => atEverySize(across, tf.transpose(x()), tf.transpose(v())))).toBeLessThanOrEqual(1e-6)
    })

    it.each(choices)("$metric.name, $retraction.name: where t is 0.01, 1 or 100 in closed form", async (choice) => {
      const manifold = Stiefel.make([3, 2], choice)
      for (const t of [0.01, 1, 100]) {
        const expected = right[choice.retraction.name as keyof typeof right](t)
        const gap = await worst(() => tf.abs(tf.sub(manifold.retract(x(), v(t)), tf.tensor2d(expected))))
        // Eight rounding units of the tangent vector.
        expect(gap).toBeLessThan(8 * Arithmetic.float32.epsilon * (1 + t))
      }
    })

    it.each([[3, 3], [2, 2], [4, 1], [1, 4], [7, 3], [40, 3]])(
      "St(%i,%i): others, of columns of many sizes",
      async (m, n) => {
        for (const retraction of retractions) {
          const manifold = Stiefel.make([m, n], { retraction })
          const many = () => tf.tensor2d([Array.from({ length: n }, (_, j) => 10 ** (-4 * j))])
          const found = await worst(() => {
            const point = manifold.random(1)
            const tangent = manifold.randomTangent(2, point)
            const mixed = manifold.project(point, tf.mul(tangent, many()))
            return tf.stack([tangent, mixed].map((direction) => tf.max(atEverySize(manifold, point, direction))))
          })
          expect(found, retraction.name).toBeLessThanOrEqual(1e-6)
        }
      }
    )

    it("Gr(5,2): likewise", async () => {
      const grassmann = Grassmann.make([5, 2])
      const found = await worst(() => {
        const point = grassmann.random(1)
        return atEverySize(grassmann, point, grassmann.randomTangent(2, point))
      })
      expect(found).toBeLessThanOrEqual(1e-6)
    })

    const spheres = [Sphere.make([3, 3]), Sphere.make([5, 1]), Oblique.make([3, 3]), Oblique.make([2, 5])]

    it.each(spheres)("$name: likewise", async (manifold) => {
      const found = await worst(() => {
        const point = manifold.random(1)
        return atEverySize(manifold, point, manifold.randomTangent(2, point))
      })
      expect(found).toBeLessThanOrEqual(1e-6)
    })

    // Compositions, which are all that cpu has, give it no direction: −X is no tangent vector.
    it.runIf(name !== "cpu").each(spheres)("$name: kernels give X + V = 0 a nearest point, too", async (manifold) => {
      const found = await worst(() => {
        const point = manifold.random(1)
        return manifold.residual(manifold.retract(point, tf.neg(point)))
      })
      expect(found).toBeLessThanOrEqual(1e-6)
    })

    it.each(others)("$name: retractions, exponentials and nearest points likewise", async (manifold) => {
      const found = await worst(() => {
        const x = manifold.random(1)
        const [points, vectors] = every(x, manifold.randomTangent(2, x))
        const [, ambient] = every(x, tf.randomNormal(x.shape, 0, 1, "float32", 3))
        const reached = [
          manifold.retract(points, vectors),
          manifold.nearest(ambient),
          ...(exponentials.has(manifold.name) ? [manifold.exp!(points, vectors)] : [])
        ]
        // Points of cones may be as large as numbers are, and round as much.
        return tf.stack(reached.map((y) => tf.div(manifold.residual(y), tf.maximum(1, tf.max(tf.abs(y), [-2, -1])))))
      })
      // Sums of nine numbers of up to 1, and of Sinkhorn's rounds.
      expect(found).toBeLessThanOrEqual(4e-6)
    })

    it("balls: nearest points of every size are as long as they may be", async () => {
      for (const manifold of [NormBall.make([3, 2]), NormBall.make([3, 2], { radius: 4 }), SpectralBall.make([3, 2])]) {
        const found = await worst(() => {
          const huge = manifold.nearest(tf.mul(tf.ones([3, 2]), tf.tensor3d([1e10, 1e20, 1e38, 3e38], [4, 1, 1])))
          return tf.abs(tf.sub(Norms.spectral(huge), manifold.norms.spectral.max))
        })
        expect(found, manifold.name).toBeLessThanOrEqual(4e-6)
      }
    })

    it.runIf(name !== "cpu")("kernels: ordinary points beside others in a batch keep their bits", async () => {
      for (const manifold of [Stiefel.make([3, 3]), Stiefel.make([5, 2]), Sphere.make([3, 3]), Oblique.make([3, 3])]) {
        const found = await worst(() => {
          const point = manifold.random(1, [8])
          const tangent = tf.mul(manifold.randomTangent(2, point), 0.3)
          const huge = tf.mul(tangent, tf.reshape(tf.tensor1d([1, 1e9, 1, 1, 1e25, 1, 1, 1e-25]), [8, 1, 1]))
          const alone = manifold.retract(point, tangent)
          const kept = tf.tensor1d([0, 2, 3, 5, 6], "int32")
          return tf.abs(tf.sub(tf.gather(manifold.retract(point, huge), kept), tf.gather(alone, kept)))
        })
        expect(found, manifold.name).toBe(0)
      }
    })
  })
}
