import * as tf from "@tensorflow/tfjs-core"
import { Interval, Manifold, Matrices, Norms, Seed } from "finegrain"
import { Law, manifoldLaws } from "finegrain/laws"
import { describe, expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const bind = Law.bind({ describe, it })
const times = Matrices.multiply
const spread = (b: tf.Tensor, x: tf.Tensor) => tf.add(b, tf.zeros([...x.shape.slice(0, -2), 1, 1]))

/** {X : XᵀBX = I} with the metric tr(UᵀBV): nearest in that metric, not in the Frobenius norm. */
const generalizedStiefel = () => {
  const b = (x: tf.Tensor) => spread(tf.tensor2d([[2, 0.5, 0], [0.5, 1, 0], [0, 0, 1.5]]), x)
  const gram = (x: tf.Tensor, u: tf.Tensor) => times(times(x, b(x), { transposeA: true }), u)
  const nearest = (u: tf.Tensor) => times(u, Matrices.ofEigen(Matrices.eigh(gram(u, u)), tf.rsqrt))
  const project = (x: tf.Tensor, u: tf.Tensor) => tf.sub(u, times(x, Matrices.sym(gram(x, u))))
  const inverse = (x: tf.Tensor) => spread(tf.tensor2d([[4 / 7, -2 / 7, 0], [-2 / 7, 8 / 7, 0], [0, 0, 2 / 3]]), x)
  return Manifold.make<tf.Tensor>({
    name: "GSt(3,2)",
    shape: [3, 2],
    dimension: 3,
    curvature: Interval.everything,
    norms: Norms.unbounded,
    nearestPoint: "projection",
    nearest,
    project,
    inner: (x, u, v) => tf.sum(tf.mul(u, times(b(x), v)), [-2, -1]),
    gradient: (x, e) => project(x, times(inverse(x), e)),
    retract: (x, v) => nearest(tf.add(x, v))
  })
}

/** {X : det X = 1} of 2×2 matrices; nearest divides by a root of the determinant. */
const specialLinear = () => {
  const determinant = (x: tf.Tensor) => {
    const [a, b, c, d] = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([i, j]) =>
      tf.slice(x, [...x.shape.slice(0, -2).map(() => 0), i!, j!], [...x.shape.slice(0, -2), 1, 1])
    ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
    return tf.sub(tf.mul(a, d), tf.mul(b, c))
  }
  // X⁻ᵀ = J X Jᵀ for det X = 1.
  const normal = (x: tf.Tensor) => {
    const j = spread(tf.tensor2d([[0, 1], [-1, 0]]), x)
    return times(times(j, x), j, { transposeB: true })
  }
  const dot = (u: tf.Tensor, v: tf.Tensor) => tf.sum(tf.mul(u, v), [-2, -1], true)
  const nearest = (u: tf.Tensor) => tf.div(u, tf.sqrt(determinant(u)))
  return Manifold.make<tf.Tensor>({
    name: "SL(2)",
    shape: [2, 2],
    dimension: 3,
    curvature: Interval.everything,
    norms: Norms.unbounded,
    nearestPoint: "projection",
    nearest,
    project: (x, u) => tf.sub(u, tf.mul(normal(x), tf.div(dot(normal(x), u), dot(normal(x), normal(x))))),
    retract: (x, v) => nearest(tf.add(x, v)),
    random: (seed, batch) => {
      const shear = (s: Seed.Seed, lower: boolean) => {
        const t = tf.mul(tf.tanh(Seed.normalTensor(s, [...batch, 1, 1])), 0.5)
        const e = tf.tensor2d(lower ? [[0, 0], [1, 0]] : [[0, 1], [0, 0]])
        return tf.add(tf.eye(2), tf.mul(t, e))
      }
      return times(shear(Seed.split(seed, "a"), true), shear(Seed.split(seed, "b"), false))
    }
  })
}

onEachBackend("manifolds with a projection instead of nearest points", () => {
  const made = [[generalizedStiefel(), { metric: "other" as const }], [specialLinear(), { reach: 0.3 }]] as const
  for (const [M, options] of made) {
    const set = manifoldLaws(M, options)
    bind(set, { runs: 4 })
    it(`${M.name}: the nearest law is listed as not applicable`, () => {
      expect(Law.notApplicable(set).find(({ name }) => name === "nearest is nearest")?.reason).toMatch(
        /claims a projection/
      )
      const claimed = Law.notApplicable(manifoldLaws({ ...M, nearestPoint: "exact" as const }, options))
      expect(claimed.map(({ name }) => name)).not.toContain("nearest is nearest")
    })
  }
})
