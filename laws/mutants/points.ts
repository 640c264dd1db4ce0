/** Random and nearest points with defects. */
import * as tf from "@tensorflow/tfjs-core"
import * as NormBall from "../../src/geometry/manifolds/NormBall.ts"
import * as Spd from "../../src/geometry/manifolds/Spd.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const stiefel = Stiefel.make([4, 2])
const rotations = Stiefel.make([3, 3])
const spd = Spd.make([2, 2])
const ball = NormBall.make([3, 3])
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)
let draws = 0

/** @internal */
export const pointMutants: ReadonlyArray<Mutant> = [
  mutant("missing normalization of random points", "random points lie on the manifold", sphere, {
    random: (seed, batch = []) => Seed.normalTensor(seed, [...batch, 3, 3])
  }),
  mutant("hidden state in random", "random is reproducible", sphere, {
    random: (seed, batch) => sphere.random(seed + draws++, batch)
  }),
  mutant("seed ignored", "random depends on the seed", sphere, { random: (_seed, batch) => sphere.random(1, batch) }),
  mutant("nearest point without normalization", "nearest points lie on the manifold", sphere, {
    nearest: (u) => tf.div(u, tf.sum(tf.abs(u), [-2, -1], true))
  }),
  mutant("polar factor of regular matrices only", "degenerate points have nearest ones, too", stiefel, {
    nearest: (u) => Matrices.polar(u, { lower: 1e-4 })
  }),
  mutant("nearest point of −u", "nearest fixes points", sphere, { nearest: (u) => tf.neg(sphere.nearest(u)) }),
  mutant("Q factor as nearest point", "nearest is nearest", rotations, { nearest: Matrices.qf }),
  {
    name: "nearest point mirrored outside of the ball",
    killedBy: "nearest points do not spread",
    laws: manifoldLaws({
      ...ball,
      // Inside as it should be; from outside to the sphere of radius 1, the wrong way round.
      nearest: (u) => tf.where(tf.greater(tf.sqrt(dot(u, u)), 1), tf.neg(ball.nearest(u)), u)
    }, { convex: true })
  },
  mutant("nearest point to a shifted one", "nearest is idempotent", sphere, {
    nearest: (u) => sphere.nearest(tf.add(u, 0.1))
  }),
  {
    name: "open set whose nearest points are farther than claimed",
    killedBy: "nearest is nearest",
    laws: manifoldLaws({
      ...spd,
      nearest: (u) => tf.add(spd.nearest(u), tf.eye(2))
    }, { metric: "other", open: 1e-3 })
  }
]
