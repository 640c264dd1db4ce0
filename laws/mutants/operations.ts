/** Operations that are not finite, differentiable, of the right shape or batched. */
import * as tf from "@tensorflow/tfjs-core"
import * as FusedKernels from "../../src/engine/FusedKernels.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import { constant } from "../../src/numerics/Constant.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const stiefel = Stiefel.make([4, 2])
const times = (x: tf.Tensor, y: tf.Tensor, transposeA = false) => Matrices.multiply(x, y, { transposeA })
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)

/** @internal */
export const operationMutants: ReadonlyArray<Mutant> = [
  mutant("exponential of 0/0", "operations are finite", sphere, { exp: (x, v) => tf.div(sphere.exp!(x, v), 0) }),
  mutant("polar factor by three steps of Newton and Schulz", "float32 is within its error budget", stiefel, {
    nearest: (u) => {
      // Float64, as the library did, goes on until it holds.
      const steps = Arithmetic.current() === Arithmetic.float64 ? 40 : 3
      let x = tf.div(u, tf.sqrt(dot(u, u))) as tf.Tensor
      for (let k = 0; k < steps; k++) x = tf.sub(tf.mul(1.5, x), tf.mul(0.5, times(x, times(x, x, true))))
      return x
    }
  }),
  mutant("comparison on the tape, through which no gradient flows", "operations are differentiable", sphere, {
    retract: (x, v) => tf.mul(sphere.retract(x, v), tf.cast(tf.less(dot(v, v), 1e9), "float32"))
  }),
  mutant("nearest point with twice its derivative", "operations are differentiable", sphere, {
    nearest: (u) => tf.sub(tf.mul(sphere.nearest(u), 2), constant(sphere.nearest(u)))
  }),
  mutant("kernel that forgets the sign of the step", "kernels of the engine agree with compositions", sphere, {
    retract: (x, v) => sphere.retract(x, FusedKernels.allowed() ? tf.neg(v) : v)
  }),
  mutant("points without their columns", "operations give points of the right shape", sphere, {
    retract: (x, v) => tf.reshape(sphere.retract(x, v), [...x.shape.slice(0, -2), 9])
  }),
  mutant("logarithms of a batch in another order", "a batch is its items", sphere, {
    log: (x, y) => x.rank === 2 ? sphere.log!(x, y) : sphere.log!(x, tf.reverse(y, 0))
  }),
  mutant("distances without their batch", "operations give points of the right shape", sphere, {
    dist: (x, y) => tf.expandDims(sphere.dist!(x, y), -1)
  }),
  mutant("exponential that keeps an intermediate tensor", "operations keep nothing but their result", sphere, {
    exp: (x, v) => sphere.exp!(x, tf.mul(v, tf.onesLike(v)))
  }),
  mutant("items of a batch mixed", "a batch is its items", sphere, {
    project: (x, u) => x.rank === 2 ? sphere.project(x, u) : sphere.project(x, tf.reverse(u, 0))
  }),
  mutant("intermediate tensors kept", "operations keep nothing but their result", sphere, {
    retract: (x, v) => tf.div(tf.add(x, v), tf.sqrt(dot(tf.add(x, v), tf.add(x, v))))
  })
]
