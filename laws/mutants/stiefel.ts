import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { longSteps } from "../extremes/lengths.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import type { Mutant } from "./Mutant.ts"

const embedded = Stiefel.make([5, 3])
const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical })

const mutant = (
  name: string,
  killedBy: string,
  original: Manifold.Manifold,
  defect: Partial<Manifold.Manifold>
): Mutant => ({
  name,
  killedBy,
  laws: manifoldLaws({ ...original, ...defect }, {
    metric: original === embedded ? "embedded" : "other",
    edges: [longSteps(1000)]
  })
})

/** P V Xᵀ − X Vᵀ P with P = I − XXᵀ/2, for which W X = V. */
const generator = (x: tf.Tensor, v: tf.Tensor) => {
  const half = Matrices.multiply(x, Matrices.multiply(x, v, { transposeA: true }))
  const outer = Matrices.multiply(tf.sub(v, tf.mul(0.5, half)), x, { transposeB: true })
  return tf.sub(outer, Matrices.transpose(outer))
}

const byDistance = (M: Manifold.Manifold, log: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) => ({
  log,
  dist: (x: tf.Tensor, y: tf.Tensor) => M.norm(x, log(x, y))
})

/**
 * Defects of logarithms and of long retractions on Stiefel manifolds.
 *
 * @internal
 */
export const stiefelMutants: ReadonlyArray<Mutant> = [
  mutant(
    "logarithm on St by the difference of the points alone",
    "logarithm inverts the exponential",
    canonical,
    byDistance(canonical, (x, y) => canonical.project(x, tf.sub(y, x)))
  ),
  mutant(
    "logarithm on St of the other metric",
    "logarithm leads to the other point",
    canonical,
    byDistance(canonical, Stiefel.make([4, 2]).log!)
  ),
  mutant("distance on St as long as its projection", "distance is the length of the geodesic", embedded, {
    dist: (x, y) => tf.sqrt(tf.sum(tf.square(embedded.project(x, tf.sub(y, x))), [-2, -1]))
  }),
  mutant(
    "distance on St by the root of a sum of squares, with its derivative",
    "the squared distance falls along the logarithm",
    embedded,
    { dist: (x, y) => tf.sqrt(tf.sum(tf.square(tf.sub(y, x)), [-2, -1])) }
  ),
  mutant(
    "logarithm on St that gives its start where none is found",
    "logarithms of far points are right or refused",
    embedded,
    byDistance(embedded, (x, y) => {
      try {
        return embedded.log!(x, y)
      } catch {
        return embedded.project(x, tf.sub(y, x))
      }
    })
  ),
  mutant(
    "distance on St that depends on the end from which far points are looked at",
    "distances of far points are right or refused",
    embedded,
    {
      dist: (x, y) => {
        const chord = tf.sqrt(tf.sum(tf.square(tf.sub(y, x)), [-2, -1]))
        const seen = tf.abs(tf.sum(tf.mul(x, y), [-2, -1]))
        return tf.add(chord, tf.mul(tf.sum(tf.abs(x), [-2, -1]), tf.relu(tf.sub(1, seen))))
      }
    }
  ),
  mutant(
    "Cayley retraction by eight rounds of its equation that nobody checks",
    "points reached at the edges lie on the manifold",
    canonical,
    {
      retract: (x, v) => {
        const w = generator(x, v)
        let y = x
        for (let k = 0; k < 8; k++) y = tf.add(x, Matrices.multiply(w, tf.mul(0.5, tf.add(x, y))))
        return y
      }
    }
  ),
  mutant(
    "exponential by four squarings, however long the vector is",
    "points reached at the edges lie on the manifold",
    canonical,
    {
      retract: (x, v) => {
        const w = tf.div(generator(x, v), 16)
        let power: tf.Tensor = tf.eye(4)
        for (let k = 8; k >= 1; k--) power = tf.add(tf.div(Matrices.multiply(w, power), k), tf.eye(4))
        for (let k = 0; k < 4; k++) power = Matrices.multiply(power, power)
        return Matrices.multiply(power, x)
      }
    }
  )
]
