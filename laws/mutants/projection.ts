/** Projections and tangent vectors with defects. */
import * as tf from "@tensorflow/tfjs-core"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const stiefel = Stiefel.make([4, 2])
const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })
const times = (x: tf.Tensor, y: tf.Tensor, transposeA = false) => Matrices.multiply(x, y, { transposeA })
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)

/** @internal */
export const projectionMutants: ReadonlyArray<Mutant> = [
  mutant("projection with twice the normal part", "projection is idempotent", sphere, {
    project: (x, u) => tf.sub(u, tf.mul(x, tf.mul(1.5, dot(x, u))))
  }),
  mutant("published: canonical gradient as projection, U − X UᵀX", "projection is idempotent", canonical, {
    project: (x, u) => tf.sub(u, times(x, times(u, x, true)))
  }, "other"),
  mutant("projection with absolute values", "projection is linear", sphere, {
    project: (x, u) => tf.sub(u, tf.mul(x, tf.abs(dot(x, u))))
  }),
  mutant("oblique instead of orthogonal projection", "projection is self-adjoint", sphere, {
    // Onto the right tangent space, along the first column instead of along x.
    project: (x, u) => {
      const e = tf.add(x, tf.tensor2d([[0.5, 0, 0], [0, 0, 0], [0, 0, 0]]))
      return tf.sub(u, tf.mul(e, tf.div(dot(x, u), dot(x, e))))
    }
  }),
  mutant("missing symmetrization", "projections are tangent", stiefel, {
    project: (x, u) => tf.sub(u, tf.mul(times(x, times(x, u, true)), 0.5))
  }),
  mutant("tangents that are not projected", "random tangents are tangent", sphere, {
    randomTangent: (seed, x) => Seed.normalTensor(seed, x.shape)
  }),
  mutant("wrong dimension", "dimension is the rank of the projection", sphere, { dimension: 9 })
]
