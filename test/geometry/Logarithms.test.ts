import * as tf from "@tensorflow/tfjs-core"
import { Arithmetic, Grassmann, type Manifold, SpecialOrthogonal, Stiefel } from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { longWebgpu } from "../webgpu.ts"

const read = async (f: () => tf.Tensor): Promise<ReadonlyArray<number>> => {
  const found = tf.tidy(f)
  const values = Array.from(await found.data())
  found.dispose()
  return values
}

/** Two planes of ℝ⁴ with these principal angles; the rotation of ℝ⁴ by them. */
const plane = (a: number, b: number) =>
  tf.tensor2d([[Math.cos(a), 0], [0, Math.cos(b)], [Math.sin(a), 0], [0, Math.sin(b)]])
const turn = (a: number, b: number) => {
  const [c, s, d, t] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)]
  return tf.tensor2d([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, d, -t], [0, 0, t, d]])
}

const angles = [[1e-6, 0], [1e-4, 2e-4], [0.5, 1], [1.57, 1.5], [Math.PI / 2, Math.PI / 2], [Math.PI / 2, 0.1]] as const
const turns = [...angles, [3, 2], [Math.PI - 1e-3, 0], [Math.PI, 0], [Math.PI, 1], [Math.PI, Math.PI]] as const

for (
  const [title, name, options] of [
    ["cpu", "cpu", {}],
    ["wasm, 1 thread", "wasm", { threads: 1 }],
    ["wasm, 2 threads", "wasm", { threads: 2 }],
    ...longWebgpu.map((name) => [name, name, {}] as const)
  ] as const
) {
  describe(`logarithms on ${title}`, { timeout: 120_000 }, () => {
    beforeAll(() => use(name, options))

    it("Gr(4,2): planes are as far apart as the angles between them are long", async () => {
      const grassmann = Grassmann.make([4, 2])
      const [x, y] = [
        () => tf.stack(angles.map(() => plane(0, 0))),
        () => tf.stack(angles.map(([a, b]) => plane(a, b)))
      ]
      const distances = await read(() => grassmann.dist!(x(), y()))
      // A few rounding units, relative to the distance: small angles keep their digits.
      const errors = distances.map((distance, i) => Math.abs(distance / Math.hypot(...angles[i]!) - 1))
      expect(errors.filter((error) => !(error < 1e-5)), String(errors)).toEqual([])
      const gaps = await read(() => grassmann.dist!(grassmann.exp!(x(), grassmann.log!(x(), y())), y()))
      expect(gaps.filter((gap) => !(gap < 2e-6)), String(gaps)).toEqual([])
    })

    it.each(
      [
        ["SO(4)", SpecialOrthogonal.make([4, 4]), turn, Math.PI, Math.SQRT2],
        ["Gr(4,2)", Grassmann.make([4, 2]), plane, Math.PI / 2, 1]
      ] as const
    )("%s: at the cut locus the squared distance falls along one of the logarithms", async (...of) => {
      const [, manifold, at, cut, length] = of
      const found = await read(() => {
        const [x, y] = [tf.stack([at(0, 0), at(0, 0)]), tf.stack([at(cut, 0.1), at(cut, cut)])]
        const squared = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.square(manifold.dist!(x, y)))
        const gradients = tf.grads((x, y) => squared(x!, y!))([x, y])
        return tf.stack(gradients.map((gradient, i) => manifold.norm([x, y][i]!, gradient)))
      })
      const right = [0.1, cut, 0.1, cut].map((angle) => 2 * length * Math.hypot(cut, angle))
      found.forEach((value, i) => expect(value).toBeCloseTo(right[i]!, 3))
    })

    it("SO(4): rotations by two angles have logarithms of that length, at π too", async () => {
      const rotations = SpecialOrthogonal.make([4, 4])
      const found = await read(() => {
        const [x, y] = [tf.stack(turns.map(() => turn(0, 0))), tf.stack(turns.map(([a, b]) => turn(a, b)))]
        const log = rotations.log!(x, y)
        // It is tangent, and leads there.
        const gaps = [tf.sub(rotations.project(x, log), log), tf.sub(rotations.exp!(x, log), y)]
        return tf.stack([rotations.norm(x, log), ...gaps.map((gap) => tf.max(tf.abs(gap), [-2, -1]))])
      })
      expect(found).toHaveLength(3 * turns.length)
      const lengths = turns.map(([a, b], i) => found[i]! / (Math.SQRT2 * Math.hypot(a, b)) - 1)
      const errors = [...lengths, ...found.slice(turns.length)].map(Math.abs)
      expect(errors.filter((error) => !(error < 1e-5)), String(errors)).toEqual([])
    })

    const metrics = [Stiefel.embedded, Stiefel.canonical]
    it.each(metrics)(
      "St(4,2), $name: logarithms of 0.01 to 0.9 of the injectivity radius, as one batch",
      async (metric) => {
        const M = Stiefel.make([4, 2], { metric })
        const lengths = () => tf.mul(tf.tensor3d([0.01, 0.3, 0.6, 0.9], [4, 1, 1]), M.injectivityRadius)
        const gaps = await read(() => {
          const x = M.random(1, [4])
          const u = M.randomTangent(2, x)
          const v = tf.mul(lengths(), tf.div(u, tf.reshape(M.norm(x, u), [4, 1, 1])))
          return tf.max(tf.abs(tf.sub(M.log!(x, M.exp!(x, v)), v)), [-2, -1])
        })
        // A few roundings of numbers up to 3, over the slope of the exponential map: sin(0.9π)/(0.9π) is a ninth.
        expect(Math.max(...gaps)).toBeLessThan(2e-4)
      }
    )

    it.each(metrics)("St(4,2), $name: the squared distance falls along the logarithm", async (metric) => {
      const M = Stiefel.make([4, 2], { metric })
      const gaps = await read(() => {
        const x = M.random(1)
        const y = M.exp!(x, tf.mul(0.3, M.randomTangent(2, x)))
        const slope = tf.grad((z: tf.Tensor) => tf.square(M.dist!(x, z)))(y)
        return tf.abs(tf.add(M.gradient(y, slope), tf.mul(2, M.log!(y, x))))
      })
      expect(Math.max(...gaps)).toBeLessThan(1e-5)
    })

    it.each(metrics)(
      "St(4,2), $name: the gradient of a logarithm is that of its first order near by",
      async (metric) => {
        const M = Stiefel.make([4, 2], { metric })
        const gaps = await read(() => {
          const x = M.random(1)
          const w = M.randomTangent(3, x)
          const slope = tf.grad((y: tf.Tensor) => tf.sum(tf.mul(w, M.log!(x, y))))(M.exp!(x, tf.mul(1e-3, w)))
          return tf.abs(tf.sub(M.project(x, slope), w))
        })
        // The second order of a step of length 1e-3·‖W‖.
        expect(Math.max(...gaps)).toBeLessThan(2e-2)
      }
    )

    it("St(4,2): opposite points are farther apart than the injectivity radius, and refused", async () => {
      const M = Stiefel.make([4, 2])
      const opposite = async () => read(() => M.dist!(M.random(1), tf.neg(M.random(1))))
      await expect(opposite()).rejects.toThrow(
        "No logarithm on St(4,2): no geodesic below the injectivity radius 3.142"
      )
    })

    it("O(3): a rotation and a reflection are infinitely far apart, and have no logarithm", async () => {
      const orthogonal = Stiefel.make([3, 3])
      const reflection = () => tf.tensor2d([[1, 0, 0], [0, 1, 0], [0, 0, -1]])
      expect(await read(() => orthogonal.dist!(tf.eye(3), reflection()))).toEqual([Infinity])
      await expect((async () => read(() => orthogonal.log!(tf.eye(3), reflection())))()).rejects.toThrow(
        "No geodesic joins matrices whose determinants differ in sign"
      )
    })
  })
}

describe("gradients in float64", { timeout: 120_000 }, () => {
  beforeAll(() => use("cpu"))

  type Operation = readonly [name: string, f: (M: Manifold.Manifold, a: tf.Tensor, b: tf.Tensor) => tf.Tensor]
  const fromTangent: ReadonlyArray<Operation> = [
    ["retract", (M, x, v) => M.retract(x, v)],
    ["exp", (M, x, v) => M.exp!(x, v)]
  ]
  const fromPoints: ReadonlyArray<Operation> = [
    ["log", (M, x, y) => M.log!(x, y)],
    ["dist", (M, x, y) => M.dist!(x, y)],
    ["nearest", (M, x) => M.nearest(x)],
    ["transport", (M, x, y) => M.transport(x, y, M.project(x, y))]
  ]
  const weights = (u: tf.Tensor) => tf.reshape(tf.sin(tf.range(1, u.size + 1)), u.shape)

  /** The largest gap between gradients and central differences along tangent vectors, for both arguments. */
  const gap = (M: Manifold.Manifold, [, f]: Operation, fromVector: boolean): number =>
    Arithmetic.within(Arithmetic.float64, () =>
      tf.tidy(() => {
        const x = M.random(1)
        const along = tf.mul(M.randomTangent(2, x), 0.3)
        const second = fromVector ? along : M.exp!(x, along)
        const value = (a: tf.Tensor, b: tf.Tensor) => {
          const found = f(M, a, b)
          return tf.sum(tf.mul(found, weights(found))) as tf.Scalar
        }
        const [ga, gb] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
          tf.add(value(a, b), tf.mul(0, tf.add(tf.sum(a), tf.sum(b)))) as tf.Scalar
        )([x, second]) as [tf.Tensor, tf.Tensor]
        const h = 2e-5
        const check = (gradient: tf.Tensor, move: (t: number) => tf.Tensor, u: tf.Tensor) => {
          const difference = tf.div(tf.sub(move(h), move(-h)), 2 * h)
          return Math.abs(tf.sub(difference, tf.sum(tf.mul(gradient, u))).dataSync()[0]!)
        }
        const u = M.randomTangent(3, x)
        const w = fromVector ? u : M.randomTangent(4, second)
        const shifted = (p: tf.Tensor, d: tf.Tensor) => (t: number) => M.exp!(p, tf.mul(t, d))
        return Math.max(
          check(ga, (t) => value(shifted(x, u)(t), second), u),
          check(gb, (t) => value(x, fromVector ? tf.add(second, tf.mul(t, w)) : shifted(second, w)(t)), w)
        )
      }))

  const retractions = [Stiefel.qr, Stiefel.polar, Stiefel.cayley, Stiefel.exponential]
  const stiefel = [[5, 2], [3, 3], [40, 3]].flatMap((shape) =>
    [Stiefel.embedded, Stiefel.canonical].flatMap((metric) =>
      retractions.map((retraction) => Stiefel.make(shape, { metric, retraction }))
    )
  )
  it.each(fromTangent)("%s of St, Gr and SO are those of finite differences", (...operation) => {
    for (const M of [...stiefel, Grassmann.make([5, 2]), SpecialOrthogonal.make([3, 3])]) {
      // Central differences of step 2e-5: 1e-10 times third derivatives.
      expect(gap(M, operation, true), M.name).toBeLessThan(1e-6)
    }
  })

  it.each(fromPoints)("%s of St, Gr and SO are those of finite differences", (...operation) => {
    for (
      const M of [
        Grassmann.make([5, 2]),
        Grassmann.make([5, 2], { transport: Grassmann.parallel }),
        SpecialOrthogonal.make([3, 3]),
        SpecialOrthogonal.make([4, 4], { transport: SpecialOrthogonal.parallel }),
        Stiefel.make([3, 3], { metric: Stiefel.canonical }),
        // Q has n columns, m − n, and fewer than n; rows instead of columns.
        ...[[5, 2], [5, 3], [4, 3], [2, 3]].flatMap((shape) =>
          [Stiefel.embedded, Stiefel.canonical].map((metric) => Stiefel.make(shape, { metric }))
        )
      ]
    ) {
      expect(gap(M, operation, false), M.name).toBeLessThan(1e-6)
    }
  })

  it("squared distances have gradient 0 at coinciding points", () => {
    for (const M of [Grassmann.make([5, 2]), SpecialOrthogonal.make([3, 3]), Stiefel.make([3, 3])]) {
      const largest = tf.tidy(() => {
        const x = M.random(1)
        const gradient = tf.grad((y: tf.Tensor) => tf.square(M.dist!(x, y)))(tf.clone(x))
        return tf.max(tf.abs(gradient)).dataSync()[0]!
      })
      expect(largest, M.name).toBeLessThan(1e-6)
    }
  })
})
