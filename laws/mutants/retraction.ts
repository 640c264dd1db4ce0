/** Retractions with defects, and wrong claims of their order and reach. */
import * as tf from "@tensorflow/tfjs-core"
import * as NormBall from "../../src/geometry/manifolds/NormBall.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const stiefel = Stiefel.make([4, 2])
const rotations = Stiefel.make([3, 3])
const times = (x: tf.Tensor, y: tf.Tensor, transposeA = false) => Matrices.multiply(x, y, { transposeA })

/** @internal */
export const retractionMutants: ReadonlyArray<Mutant> = [
  mutant("retraction that always renormalizes a shifted point", "retraction of zero stays", sphere, {
    retract: (x, v) => sphere.nearest(tf.add(tf.add(x, v), 0.01))
  }),
  mutant("missing normalization in the retraction", "retraction stays on the manifold", sphere, {
    retract: (x, v) => tf.add(x, v)
  }),
  mutant("wrong sign in the retraction", "retraction is of first order", sphere, {
    retract: (x, v) => sphere.retract(x, tf.neg(v))
  }),
  mutant(
    "published: canonical retraction that moves twice the step on O(n)",
    "retraction is of first order",
    rotations,
    {
      retract: (x, v) => rotations.retract(x, tf.add(v, times(x, times(x, v, true))))
    }
  ),
  mutant("QR retraction declared to be of second order", "retraction is of second order", stiefel, {
    retractionOrder: 2
  }),
  mutant("polar retraction declared to be exponential", "retraction is the exponential map", sphere, {
    retractionOrder: Infinity
  }),
  {
    name: "ball claimed to reach beyond its boundary",
    killedBy: "retraction is smooth within the reach",
    laws: manifoldLaws(NormBall.make([3, 3]), { reach: 3 })
  }
]
