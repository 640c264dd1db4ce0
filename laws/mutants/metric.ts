/** Metrics and gradients with defects. */
import * as tf from "@tensorflow/tfjs-core"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { columnPermutation, conjugation, leftRotations, properRotations, rightRotations } from "../invariances.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const stiefel = Stiefel.make([4, 2])
const rotations = Stiefel.make([3, 3])
const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })
const times = (x: tf.Tensor, y: tf.Tensor, transposeA = false) => Matrices.multiply(x, y, { transposeA })

/** @internal */
export const metricMutants: ReadonlyArray<Mutant> = [
  ...[leftRotations, rightRotations, properRotations, conjugation, columnPermutation].map((invariance) => ({
    name: `weighted metric claimed invariant under ${invariance.name}`,
    killedBy: `invariance: ${invariance.name}`,
    laws: manifoldLaws({
      ...sphere,
      inner: (_x, u, v) => tf.sum(tf.mul(tf.mul(u, v), tf.tensor2d([[1, 2, 3], [2, 3, 4], [3, 4, 5]])), [-2, -1])
    }, { metric: "other", invariances: [invariance] })
  })),
  mutant("canonical metric declared to be embedded", "metric is the embedded one", canonical, {}),
  mutant("gradient that forgets the linear part", "gradient predicts the change of a function", sphere, {
    gradient: (x, e) => tf.mul(0.5, sphere.gradient(x, e))
  }),
  mutant("metric with a transposed factor", "metric is symmetric", rotations, {
    inner: (x, u, v) => tf.sum(tf.mul(tf.add(u, tf.mul(0.5, times(x, v))), v), [-2, -1])
  }),
  mutant("metric of absolute values", "metric is bilinear", sphere, {
    inner: (_x, u, v) => tf.sum(tf.abs(tf.mul(u, v)), [-2, -1])
  }),
  mutant("indefinite metric", "metric is positive", sphere, {
    inner: (x, u, v) => tf.neg(sphere.inner(x, u, v))
  }),
  mutant("norm without the root", "norm is the root of the metric", sphere, { norm: (x, u) => sphere.inner(x, u, u) }),
  mutant("Euclidean gradient", "gradient is tangent", sphere, { gradient: (_x, e) => e }),
  mutant("embedded gradient under the canonical metric", "gradient represents the differential", canonical, {
    gradient: stiefel.gradient
  }, "other")
]
