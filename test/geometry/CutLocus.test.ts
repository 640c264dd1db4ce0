import * as tf from "@tensorflow/tfjs-core"
import {
  Arithmetic,
  CentredSphere,
  Combinators,
  Grassmann,
  Lorentz,
  type Manifold,
  Oblique,
  PoincareBall,
  Simplex,
  Spd,
  SpecialOrthogonal,
  Sphere,
  Stiefel
} from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { onEachBackend, use } from "../backends.ts"

type Matrix = ReadonlyArray<ReadonlyArray<number>>

/** Exactly 0 where the sine of half a turn is. */
const sin = (angle: number) => angle === Math.PI ? 0 : Math.sin(angle)
const cos = (angle: number) => angle === Math.PI / 2 ? 0 : Math.cos(angle)

/** The rotation by these angles, each in a plane of its own. */
const turn = (n: number, angles: ReadonlyArray<number>): Matrix =>
  Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      const angle = angles[Math.floor(i / 2)] ?? 0
      if (i === j) return cos(angle)
      return Math.floor(i / 2) === Math.floor(j / 2) ? Math.sign(i - j) * sin(angle) : 0
    }))

/** A basis of the subspace at these angles from the first unit vectors. */
const basis = (m: number, n: number, angles: ReadonlyArray<number>): Matrix =>
  Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      const angle = angles[j] ?? 0
      return i === j ? cos(angle) : i === n + j ? sin(angle) : 0
    }))

/** A manifold with points by the angle between them. */
interface Case {
  readonly name: string
  readonly manifold: Manifold.Manifold
  readonly at: (angle: number) => Matrix
  readonly cut: number
}

const rotations = (n: number, others: (angle: number) => ReadonlyArray<number>, options = {}): Case => ({
  name: `SO(${n}) by ${others(Math.PI)}`,
  manifold: SpecialOrthogonal.make([n, n], options),
  at: (angle) => turn(n, angle === 0 ? [] : [angle, ...others(angle)]),
  cut: Math.PI
})
const subspaces = (m: number, n: number, others: (angle: number) => ReadonlyArray<number>): Case => ({
  name: `Gr(${m},${n}) by ${others(Math.PI / 2)}`,
  manifold: Grassmann.make([m, n]),
  at: (angle) => basis(m, n, angle === 0 ? [] : [angle, ...others(angle)]),
  cut: Math.PI / 2
})
const none = () => []

/** Where logarithms are smooth on either side. */
const single: ReadonlyArray<Case> = [
  rotations(2, none),
  rotations(3, none),
  rotations(3, none, { metric: Stiefel.canonical }),
  rotations(4, none),
  rotations(5, () => [0.5]),
  subspaces(2, 1, none),
  subspaces(4, 1, none),
  subspaces(4, 2, none),
  subspaces(5, 2, () => [0.5])
]
/** Where they turn infinitely fast beside it. */
const several: ReadonlyArray<Case> = [rotations(4, (angle) => [angle]), subspaces(4, 2, (angle) => [angle])]

const sphere = (manifold: Manifold.Manifold, x: Matrix): Case => ({
  name: manifold.name,
  manifold,
  at: (angle) => x.map((row) => row.map((entry) => (angle === 0 ? entry : -entry))),
  cut: Math.PI
})
const spheres: ReadonlyArray<Case> = [
  sphere(Sphere.make([3, 1]), [[0], [0.6], [0.8]]),
  sphere(Oblique.make([3, 2]), [[1, 0], [0, 0.6], [0, 0.8]]),
  sphere(CentredSphere.make([3, 1]), [[Math.SQRT1_2], [-Math.SQRT1_2], [0]]),
  sphere(Combinators.scaled(Sphere.make([3, 1]), 2), [[2], [0], [0]]),
  sphere(Stiefel.make([3, 1]), [[1], [0], [0]])
]

type Points = readonly [x: tf.Tensor, y: tf.Tensor]
const pair = ({ at }: Case, angle: number): Points => {
  const matrix = (x: Matrix) => tf.tensor2d(x.map((row) => [...row]))
  return [matrix(at(0)), matrix(at(angle))]
}
const number = (x: tf.Tensor) => x.dataSync()[0]!
const unusual = (tensors: ReadonlyArray<tf.Tensor>) =>
  tensors.flatMap((x) => Array.from(x.dataSync())).filter((entry) => !Number.isFinite(entry))
const weights = (u: tf.Tensor) => tf.reshape(tf.sin(tf.range(1, u.size + 1)), u.shape)
const logarithm = (M: Manifold.Manifold) => (x: tf.Tensor, y: tf.Tensor) => {
  const v = M.log!(x, y)
  return tf.sum(tf.mul(v, weights(v)))
}
const squared = (M: Manifold.Manifold) => (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.square(M.dist!(x, y)))
const gradients = (f: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor, points: Points) =>
  tf.grads((x, y) => f(x!, y!))([...points]) as [tf.Tensor, tf.Tensor]

/** The velocity at y of the geodesic along v, in the basis that y is. */
const arrival = (M: Manifold.Manifold, [x, y]: Points, v: tf.Tensor) => {
  const at = (t: number) => M.exp!(x, tf.mul(v, t))
  const velocity = tf.div(tf.sub(at(1 + 1e-3), at(1 - 1e-3)), 2e-3)
  return tf.matMul(velocity, tf.matMul(at(1), y, true))
}

onEachBackend("gradients at the cut locus", () => {
  it.each([...single, ...several])("$name: along its geodesic a logarithm grows by itself", (of) => {
    const { cut, manifold: M } = of
    tf.tidy(() => {
      const points = pair(of, cut)
      const v = M.log!(...points)
      const [, gradient] = gradients(logarithm(M), points)
      const slope = number(tf.sum(tf.mul(gradient, arrival(M, points, v))))
      expect(slope).toBeCloseTo(number(tf.sum(tf.mul(v, weights(v)))), 2)
    })
  })

  it.each([...single, ...several])("$name: other points of a batch do not spoil it", (of) => {
    const { cut, manifold: M } = of
    tf.tidy(() => {
      const all = [0, cut / 2, cut].map((angle) => pair(of, angle))
      const batch = [tf.stack(all.map(([x]) => x)), tf.stack(all.map(([, y]) => y))] as const
      const f = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(M.log!(x, y), weights(all[0]![0])))
      const together = gradients(f, batch)
      all.forEach((points, i) =>
        gradients(f, points).forEach((alone, k) => {
          const gap = tf.max(tf.abs(tf.sub(tf.unstack(together[k]!)[i]!, alone)))
          expect(number(gap), `${i}`).toBeLessThan(1e-3)
        })
      )
    })
  })

  it.each([...single, ...several, ...spheres])("$name: logarithms and distances have numbers as gradients", (of) => {
    const { manifold: M, cut } = of
    tf.tidy(() => {
      for (const f of [logarithm(M), squared(M)]) expect(unusual(gradients(f, pair(of, cut)))).toEqual([])
    })
  })

  it.each(
    [
      ...[...single, ...spheres].map(({ manifold }) => manifold),
      PoincareBall.make([3, 2]),
      Lorentz.make([3, 1]),
      Spd.make([3, 3]),
      Simplex.make([3, 1]),
      ...[Stiefel.embedded, Stiefel.canonical].map((metric) => Stiefel.make([4, 2], { metric }))
    ]
  )("$name: numbers at coincident points and near them", (M) => {
    tf.tidy(() => {
      const x = M.random(1)
      for (const step of [0, 1e-7, 1e-4]) {
        const y = step === 0 ? tf.clone(x) : M.retract(x, tf.mul(M.randomTangent(2, x), step))
        for (const f of [logarithm(M), squared(M)]) expect(unusual(gradients(f, [x, y])), `${step}`).toEqual([])
      }
    })
  })
})

onEachBackend("half turns", () => {
  it.each([4, 5, 6, 8])("SO(%i): in every plane of two axes the logarithm is half a turn long", (n) => {
    const M = SpecialOrthogonal.make([n, n])
    tf.tidy(() => {
      const planes = Array.from({ length: n }, (_, a) => Array.from({ length: a }, (_, b) => [a, b])).flat()
      const turns = planes.map((plane) => tf.diag(tf.tensor1d(turn(n, []).map((_, i) => plane.includes(i) ? -1 : 1))))
      const lengths = tf.norm(M.log!(tf.stack(turns.map(() => tf.eye(n))), tf.stack(turns)), "euclidean", [-2, -1])
      // What chooses the plane stands 64n roundings out of it.
      expect(number(tf.max(tf.abs(tf.sub(lengths, Math.SQRT2 * Math.PI))))).toBeLessThan(64 * n * 2 ** -23)
    })
  })
})

describe("gradients near the cut locus in float64", () => {
  beforeAll(() => use("cpu"))

  it.each(single)("$name: are those of differences on the side of the logarithm that is chosen", (of) => {
    const { cut, manifold: M } = of
    const h = 1e-5
    Arithmetic.within(Arithmetic.float64, () =>
      tf.tidy(() => {
        for (const angle of [cut - 1e-3, cut - 1e-6, cut]) {
          for (const swapped of [false, true]) {
            const [x, y] = pair(of, angle)
            const f = (z: tf.Tensor) => (swapped ? M.log!(z, y) : M.log!(x, z))
            const [point, v] = swapped ? [x, f(x)] : [y, f(y)]
            const value = (z: tf.Tensor) => tf.sum(tf.mul(f(z), weights(v)))
            const gradient = tf.grad(value)(point)
            for (const seed of [2, 3, 4]) {
              const u = M.randomTangent(seed, point)
              const moved = (t: number) => M.exp!(point, tf.mul(u, t))
              // On the other side it is another logarithm, about twice its length away.
              const side = number(tf.norm(tf.sub(f(moved(2 * h)), v))) < 1 ? h : -h
              const difference =
                (4 * number(value(moved(side))) - number(value(moved(2 * side))) - 3 * number(value(point))) /
                (2 * side)
              expect(number(tf.sum(tf.mul(gradient, u))), `${angle}, ${seed}`).toBeCloseTo(difference, 5)
            }
          }
        }
      }))
  })
})
