/** Distances with defects. */
import * as tf from "@tensorflow/tfjs-core"
import * as Euclidean from "../../src/geometry/manifolds/Euclidean.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])

/** @internal */
export const distanceMutants: ReadonlyArray<Mutant> = [
  mutant("one-sided distance", "distance is symmetric", sphere, {
    dist: (x, y) => tf.mul(sphere.dist!(x, y), tf.add(1, tf.abs(tf.sum(x, [-2, -1]))))
  }),
  mutant("distance with an offset", "distance to itself is zero", sphere, {
    dist: (x, y) => tf.add(sphere.dist!(x, y), 0.01)
  }),
  mutant("squared distance", "distance obeys the triangle inequality", Euclidean.make([3, 3]), {
    dist: (x, y) => tf.square(Euclidean.make([3, 3]).dist!(x, y))
  }),
  mutant("chordal distance", "distance is the length of the geodesic", sphere, {
    dist: (x, y) => tf.sqrt(tf.sum(tf.square(tf.sub(x, y)), [-2, -1]))
  }),
  mutant(
    "distance whose gradient is NaN where points coincide",
    "the squared distance falls along the logarithm",
    sphere,
    {
      // √Σ(x − y)² has the derivative 0/0.
      dist: (x, y) => tf.mul(2, tf.asin(tf.div(tf.sqrt(tf.sum(tf.square(tf.sub(x, y)), [-2, -1])), 2)))
    }
  )
]
