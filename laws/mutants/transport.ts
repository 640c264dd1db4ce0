/** Transports with defects, and wrong claims of them. */
import * as tf from "@tensorflow/tfjs-core"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)

/** @internal */
export const transportMutants: ReadonlyArray<Mutant> = [
  mutant("transport that does nothing", "transported vectors are tangent", sphere, { transport: (_x, _y, v) => v }),
  mutant("transport that normalizes", "transport is linear", sphere, {
    transport: (x, y, v) => tf.div(sphere.transport(x, y, v), tf.add(1, tf.sqrt(dot(v, v))))
  }),
  mutant("transport that halves", "transport to the same point is the identity", sphere, {
    transport: (x, y, v) => tf.mul(sphere.transport(x, y, v), 0.5)
  }),
  {
    name: "projection declared to be reversible",
    killedBy: "transport there and back is the identity",
    laws: manifoldLaws(sphere, { transport: "isometric" })
  },
  {
    name: "transport that stretches",
    killedBy: "transport does not lengthen",
    laws: manifoldLaws({ ...sphere, transport: (x, y, v) => tf.mul(1.5, sphere.transport(x, y, v)) }, {
      transport: "bounded"
    })
  },
  {
    name: "projection declared to be parallel transport",
    killedBy: "transport is an isometry",
    laws: manifoldLaws(sphere, { transport: "isometric" })
  }
]
