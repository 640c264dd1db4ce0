import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Arithmetic, DoublyStochastic, Manifold, Seed, Simplex } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend, use } from "../backends.ts"
import { longWebgpu } from "../webgpu.ts"

const value = async (x: tf.Tensor) => (await x.data())[0]!
const largest = (x: tf.Tensor) => value(tf.max(tf.abs(x)))

/** The nearest doubly stochastic matrix in plain numbers: Dykstra's projections, until nothing moves. */
const reference = (u: ReadonlyArray<ReadonlyArray<number>>): Array<Array<number>> => {
  const n = u.length
  let x = u.map((row) => [...row])
  let owed = u.map((row) => row.map(() => 0))
  for (let k = 0; k < 20_000; k++) {
    const inRows = x.map((row) => (row.reduce((a, b) => a + b) - 1) / n)
    const inColumns = u.map((_, j) => (x.reduce((a, row) => a + row[j]!, 0) - 1) / n)
    const mean = inRows.reduce((a, b) => a + b) / n
    const summed = x.map((row, i) => row.map((entry, j) => entry - inRows[i]! - inColumns[j]! + mean + owed[i]![j]!))
    x = summed.map((row) => row.map((entry) => Math.max(entry, 0)))
    owed = summed.map((row, i) => row.map((entry, j) => entry - x[i]![j]!))
  }
  return x
}

onEachBackend("sets of positive matrices", () => {
  it("refuse their boundary, at which operations are finite all the same", async () => {
    const cases: ReadonlyArray<readonly [Manifold.Manifold, tf.Tensor, tf.Tensor]> = [
      [DoublyStochastic.make([3, 3]), tf.eye(3), tf.tensor2d([[-0.1, 0.1, 0], [0.1, -0.1, 0], [0, 0, 0]])],
      [Simplex.make([3, 1]), tf.tensor2d([[1], [0], [0]]), tf.tensor2d([[-0.1], [0.1], [0]])]
    ]
    for (const [M, x, v] of cases) {
      const error = await Effect.runPromise(Effect.flip(Manifold.checkPoint(M, x, 1e-3)))
      expect(error).toMatchObject({ _tag: "OffManifold", residual: 1 })
      const moved = M.retract(x, v)
      expect(await value(tf.max(M.residual(moved)))).toBeLessThan(1e-5)
      expect(Number.isFinite(await value(M.inner(x, v, v)))).toBe(true)
    }
  })

  it("balance rows and columns after steps of every length", async () => {
    for (const n of [3, 8]) {
      const M = DoublyStochastic.make([n, n])
      const x = M.random(1, [4])
      const v = M.randomTangent(2, x)
      for (const length of [1e-30, 0.1, 1, 10, 1e3, 1e30]) {
        expect(await largest(M.residual(M.retract(x, tf.mul(v, length))))).toBeLessThan(4e-6)
      }
    }
  })

  it.each([5, 8])("have the nearest doubly stochastic matrix, of %i rows", async (n) => {
    const u = Seed.normalTensor(n, [n, n])
    const right = tf.tensor2d(reference((await u.array()) as Array<Array<number>>))
    // The reference ends at 0, the nearest point a few rounding units above it.
    expect(await largest(tf.sub(DoublyStochastic.make([n, n]).nearest(u), right))).toBeLessThan(1e-5)
  })

  it("have nearest points of matrices of every size", async () => {
    for (const size of [1e-30, 1, 1e3]) {
      const u = tf.mul(Seed.normalTensor(3, [5, 1]), size)
      expect(await largest(Simplex.make([5, 1]).residual(Simplex.make([5, 1]).nearest(u)))).toBeLessThan(1e-5)
    }
  })
}, longWebgpu)

onEachBackend("sets of large matrices", () => {
  it("are the best assignment for large matrices, doubly stochastic ones", async () => {
    const u = tf.tensor2d([[0.9, 0.8, 0.1], [0.8, 0.2, 0.3], [0.1, 0.7, 0.4]])
    // Not 0.9 + 0.7 + 0.3: 0.8 + 0.8 + 0.4 is more.
    const best = tf.tensor2d([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    const large = tf.stack([1e3, 1e6, 1e30].map((size) => tf.mul(u, size)))
    expect(await largest(tf.sub(DoublyStochastic.make([3, 3]).nearest(large), best))).toBeLessThan(1e-5)
  })
}, longWebgpu)

it("have operations whose derivatives are those of differences, in float64", async () => {
  await use("cpu")
  const worst = Arithmetic.within(Arithmetic.float64, () =>
    tf.tidy(() => {
      const errors: Array<number> = []
      const h = 1e-5
      const compare = (
        f: (x: tf.Tensor) => tf.Tensor,
        x: tf.Tensor,
        seed: number,
        u: tf.Tensor = Seed.normalTensor(seed, x.shape)
      ) => {
        // Not the plain sum, which is constant on these sets.
        const of = (z: tf.Tensor) => tf.sum(tf.mul(f(z), Seed.normalTensor(9, f(x).shape)))
        const slope = tf.sum(tf.mul(tf.grad(of)(x), u)).dataSync()[0]!
        const difference = (of(tf.add(x, tf.mul(u, h))).dataSync()[0]! - of(tf.sub(x, tf.mul(u, h))).dataSync()[0]!) /
          (2 * h)
        errors.push(Math.abs(slope - difference) / (1 + Math.abs(difference)))
      }
      for (const M of [DoublyStochastic.make([3, 3]), Simplex.make([4, 1])]) {
        const x = M.random(1)
        const v = tf.mul(M.randomTangent(2, x), 0.3)
        for (const w of [v, tf.zerosLike(v)]) {
          compare((z) => M.retract(z, w), x, 3)
          compare((z) => M.retract(x, z), w, 4)
        }
        compare((z) => M.inner(z, v, v), x, 5)
        compare((z) => M.project(z, v), x, 6)
        compare((z) => M.nearest(z), Seed.normalTensor(7, x.shape), 8)
      }
      const S = Simplex.make([4, 1])
      const [x, y] = [S.random(1), S.random(2)]
      // On the set alone the formula is one of x.
      const tangent = S.project(x, Seed.normalTensor(3, x.shape))
      compare((z) => S.log!(z, y), x, 3, tangent)
      const w = S.log!(x, y)
      compare((z) => S.exp!(z, w), x, 4, tangent)
      compare((z) => S.exp!(x, z), tf.zerosLike(x), 5, tangent)
      errors.push(tf.max(tf.abs(tf.grad((z) => tf.sum(tf.square(S.dist!(z, x))))(x))).dataSync()[0]!)
      return errors.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), 0)
    }))
  // Differences of step 1e-5 err by 1e-10 and by a rounding unit over the step.
  expect(worst).toBeLessThan(1e-8)
})

it("the gradient of the nearest doubly stochastic matrix: entries at 0 have no part in it", async () => {
  await use("cpu")
  const M = DoublyStochastic.make([4, 4])
  // What is made good at the end lifts some of these from the floor, by less than rounding.
  const u = tf.tensor2d([
    [0.579211, 0.432388, -1.48515, -0.135171],
    [1.53807, -0.462702, 0.324776, -0.23803],
    [-0.264487, -1.06263, 0.90614, 0.536264],
    [-1.09083, -0.612203, -0.0348937, 0.132122]
  ])
  const [weights, along] = [Seed.normalTensor(1, [4, 4]), Seed.normalTensor(2, [4, 4])]
  const f = (y: tf.Tensor) => tf.sum(tf.mul(M.nearest(y), weights))
  const at = (t: number) => f(tf.add(u, tf.mul(along, t)))
  const found = await value(tf.sum(tf.mul(tf.grad(f)(u), along)))
  // On a face it is an affine map: differences of any step are right, but for rounding divided by the step.
  expect(found).toBeCloseTo(await value(tf.div(tf.sub(at(0.01), at(-0.01)), 0.02)), 3)
})
