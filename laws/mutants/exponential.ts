/** Exponential maps and logarithms with defects, and wrong claims of where they are inverse. */
import * as tf from "@tensorflow/tfjs-core"
import * as Simplex from "../../src/geometry/manifolds/Simplex.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const simplex = Simplex.make([3, 1])
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)

/** @internal */
export const exponentialMutants: ReadonlyArray<Mutant> = [
  mutant("exponential of a shifted vector", "exponential of zero stays", sphere, {
    exp: (x, v) => sphere.nearest(tf.add(tf.add(x, v), 0.01))
  }),
  mutant("exponential without normalization", "exponential stays on the manifold", sphere, {
    exp: (x, v) => tf.add(x, v)
  }),
  mutant("exponential with cosine and sine exchanged in sign", "exponential is of first order", sphere, {
    exp: (x, v) => sphere.exp!(x, tf.neg(v))
  }),
  mutant("retraction as exponential", "geodesics have constant speed", sphere, { exp: sphere.retract }),
  mutant("logarithm along the chord", "logarithm leads to the other point", sphere, {
    log: (x, y) => sphere.project(x, tf.sub(y, x))
  }),
  {
    name: "logarithm of 0 at the antipode",
    killedBy: "logarithm leads to the cut locus",
    laws: manifoldLaws({
      ...sphere,
      log: (x, y) => {
        const direction = sphere.project(x, tf.sub(y, x))
        const size = tf.sqrt(dot(direction, direction))
        return tf.mul(direction, tf.div(tf.reshape(sphere.dist!(x, y), size.shape), tf.maximum(size, 1e-12)))
      }
    }, { cut: tf.neg })
  },
  mutant("logarithm without the angle", "logarithm inverts the exponential", sphere, {
    log: (x, y) => sphere.project(x, tf.sub(y, x))
  }),
  mutant("logarithm of half the length", "the squared distance falls along the logarithm", sphere, {
    log: (x, y) => tf.mul(0.5, sphere.log!(x, y))
  }),
  mutant("injectivity radius of twice the distance to the cut", "logarithm inverts the exponential", sphere, {
    injectivityRadius: 2 * Math.PI
  }),
  mutant("geodesics claimed to meet after 2π", "geodesics do not meet again below the injectivity radius", sphere, {
    injectivityRadius: 2 * Math.PI
  }),
  {
    name: "injectivity radius of the sphere claimed for the simplex, an orthant of it",
    killedBy: "logarithm inverts the exponential",
    laws: manifoldLaws({ ...simplex, injectivityRadius: Math.PI }, { metric: "other", reach: 0.5 })
  },
  {
    name: "simplex claimed to reach beyond its boundary",
    killedBy: "logarithm inverts the exponential",
    laws: manifoldLaws(simplex, { metric: "other", reach: 3 })
  }
]
