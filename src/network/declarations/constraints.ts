import * as tf from "@tensorflow/tfjs-core"
import * as Manifold from "../../geometry/Manifold.ts"
import * as Euclidean from "../../geometry/manifolds/Euclidean.ts"
import * as Interval from "../../numerics/Interval.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Shape from "../../numerics/Shape.ts"
import type { Constraint } from "./private.ts"

const shown = (constraint: Constraint) => {
  const settings = Object.entries(constraint.getConfig()).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return settings.length === 0 ? constraint.getClassName() : `${constraint.getClassName()} (${settings.join(", ")})`
}

/**
 * Euclidean space whose steps end with a constraint of TensorFlow.js: X + V, then what `maxNorm`, `minMaxNorm`,
 * `nonNeg`, `unitNorm` or the user's own makes of it, along the axes that it names. As in Keras, weights are as they
 * were given until the first step.
 */
export const held = (shape: Shape.Shape, constraint: Constraint): Manifold.Manifold => {
  const { dimension, dist, name, residual, transport } = Euclidean.make(shape)
  return Manifold.make<tf.Tensor>({
    name: `${name} held by ${shown(constraint)}`,
    shape,
    dimension,
    curvature: Interval.point(0),
    norms: Norms.unbounded,
    project: (_x, u) => u,
    nearest: (u) => u,
    retract: (x, v) => constraint.apply(tf.add(x, v)),
    transport,
    residual,
    ...(dist === undefined ? {} : { dist })
  })
}
