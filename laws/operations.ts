import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"

/** What operations are given: two points, an ambient vector, and a tangent vector at the first. */
export interface Situation<P extends NestedTensors.NestedTensors = tf.Tensor> {
  readonly x: P
  readonly y: P
  readonly u: P
  readonly v: P
}

/** An operation of a manifold with the arguments that it takes of a situation. */
export interface ManifoldOperation<P extends NestedTensors.NestedTensors = tf.Tensor> {
  readonly name: string
  readonly takes: ReadonlyArray<keyof Situation<P>>
  readonly apply: (s: Situation<P>) => NestedTensors.NestedTensors
}

/**
 * Every operation of a manifold that takes points or vectors, by name: what is a law of all operations goes through
 * this list.
 *
 * @example
 * ```ts
 * import { Euclidean } from "finegrain"
 * import { operationsOf } from "finegrain/laws"
 * operationsOf(Euclidean.make([2, 2])).map(({ name }) => name).includes("dist") // => true
 * ```
 */
export const operationsOf = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>
): ReadonlyArray<ManifoldOperation<P>> => {
  const { dist, exp, log } = M
  return [
    { name: "project", takes: ["x", "u"], apply: ({ x, u }) => M.project(x, u) },
    { name: "gradient", takes: ["x", "u"], apply: ({ x, u }) => M.gradient(x, u) },
    { name: "inner", takes: ["x", "u", "v"], apply: ({ x, u, v }) => M.inner(x, u, v) },
    { name: "norm", takes: ["x", "v"], apply: ({ x, v }) => M.norm(x, v) },
    { name: "nearest", takes: ["u"], apply: ({ u }) => M.nearest(u) },
    { name: "retract", takes: ["x", "v"], apply: ({ x, v }) => M.retract(x, v) },
    { name: "transport", takes: ["x", "y", "v"], apply: ({ x, y, v }) => M.transport(x, y, v) },
    { name: "residual", takes: ["x"], apply: ({ x }) => M.residual(x) },
    ...(exp === undefined ? [] : [{
      name: "exp",
      takes: ["x", "v"] as const,
      apply: ({ x, v }: Situation<P>) => exp(x, v)
    }]),
    ...(log === undefined ? [] : [{
      name: "log",
      takes: ["x", "y"] as const,
      apply: ({ x, y }: Situation<P>) => log(x, y)
    }]),
    ...(dist === undefined ? [] : [{
      name: "dist",
      takes: ["x", "y"] as const,
      apply: ({ x, y }: Situation<P>) => dist(x, y)
    }])
  ]
}

/**
 * How many entries of all leaves are NaN or infinite; a scalar.
 *
 * @internal
 */
export const notFinite = (values: NestedTensors.NestedTensors): tf.Tensor =>
  NestedTensors.leaves(values).map((leaf) => tf.sum(tf.cast(tf.logicalNot(tf.isFinite(leaf)), "float32")))
    .reduce((a, b) => tf.add(a, b), tf.scalar(0) as tf.Tensor)
