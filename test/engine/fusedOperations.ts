import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import { type Backend, type Manifold, Oblique, Seed, Sphere, Stiefel } from "finegrain"
import { expect } from "vitest"
import { use } from "../backends.ts"

const manifoldsOf = (m: number, n: number): ReadonlyArray<Manifold.Manifold> => [
  Sphere.make([m, n]),
  ...(m > 1 ? [Oblique.make([m, n])] : []),
  Stiefel.make([m, n])
]

/** Points, vectors, and what the formulas of a manifold make of them, as plain numbers. */
const byFormulas = async (manifold: Manifold.Manifold, batch: ReadonlyArray<number>, seed: number) => {
  const tensors = tf.tidy(() => {
    const x = manifold.random(seed, batch)
    const u = Seed.normalTensor(seed, [...batch, ...(manifold.shape as ReadonlyArray<number>)])
    const v = manifold.project(x, u)
    return [x, u, v, manifold.retract(x, v)]
  })
  const values = await Promise.all(tensors.map((tensor) => tensor.array()))
  tf.dispose(tensors)
  return values as unknown as readonly [tf.TensorLike, tf.TensorLike, tf.TensorLike, tf.TensorLike]
}

/**
 * Projection and retraction of sphere, oblique and Stiefel manifolds on an engine are those of the cpu engine, on
 * random shapes.
 */
export const agreesWithFormulas = (engine: Backend.EngineName) =>
  fc.asyncProperty(
    fc.record({
      seed: fc.nat(),
      m: fc.integer({ min: 1, max: 9 }),
      n: fc.integer({ min: 1, max: 9 }),
      // Seldom a multiple of the four matrices that vectors hold side by side.
      batch: fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 2 })
    }).filter(({ m, n }) => m > 1 || n > 1),
    async ({ batch, m, n, seed }) => {
      for (const manifold of manifoldsOf(m, n)) {
        await use("cpu")
        const [x, u, v, y] = await byFormulas(manifold, batch, seed)
        await use(engine)
        const gaps = tf.tidy(() => {
          const point = tf.tensor(x)
          const found = [
            tf.sub(manifold.project(point, tf.tensor(u)), tf.tensor(v)),
            tf.sub(manifold.retract(point, tf.tensor(v)), tf.tensor(y))
          ]
          return tf.stack(found.map((gap) => tf.max(tf.abs(gap))))
        })
        // Sums of at most 81 products of numbers up to about 5.
        for (const gap of await gaps.data()) expect(gap, manifold.name).toBeLessThan(2e-5)
        gaps.dispose()
      }
    }
  )
