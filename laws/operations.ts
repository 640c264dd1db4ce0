/** The operations of any manifold by name, and the identities between them. */
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
  /** A number for every item of the batch, or a point or vector (the default). */
  readonly gives?: "number"
  /** What is composed of several operations rounds what it hands on, where it is to be seen how much that matters. */
  readonly apply: (s: Situation<P>, round?: (p: P) => P) => NestedTensors.NestedTensors
  /** What it must be, for an identity. */
  readonly value?: (s: Situation<P>) => NestedTensors.NestedTensors
  /** What is as large as its roundings, where the value itself is not. */
  readonly size?: (s: Situation<P>) => NestedTensors.NestedTensors
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
    { name: "inner", takes: ["x", "u", "v"], gives: "number", apply: ({ x, u, v }) => M.inner(x, u, v) },
    { name: "norm", takes: ["x", "v"], gives: "number", apply: ({ x, v }) => M.norm(x, v) },
    { name: "nearest", takes: ["u"], apply: ({ u }) => M.nearest(u) },
    { name: "retract", takes: ["x", "v"], apply: ({ x, v }) => M.retract(x, v) },
    { name: "transport", takes: ["x", "y", "v"], apply: ({ x, y, v }) => M.transport(x, y, v) },
    { name: "residual", takes: ["x"], gives: "number", apply: ({ x }) => M.residual(x) },
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
      gives: "number" as const,
      apply: ({ x, y }: Situation<P>) => dist(x, y)
    }])
  ]
}

/**
 * What operations do to what others give, wherever points and vectors are: what is a tangent vector has no normal part,
 * logarithm and exponential lead to the other point, a logarithm is as long as the distance.
 *
 * @internal
 */
export const identitiesOf = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  representative: (x: P) => NestedTensors.NestedTensors
): ReadonlyArray<ManifoldOperation<P>> => {
  const { dist, exp, log } = M
  type Round = (p: P) => P
  const itself: Round = (p) => p
  /** A tangent vector at x or y less its projection there. */
  const tangent = (
    name: string,
    takes: ReadonlyArray<keyof Situation<P>>,
    vector: (s: Situation<P>) => P,
    at: "x" | "y" = "x"
  ): ManifoldOperation<P> => ({
    name: `normal part of ${name}`,
    takes,
    apply: (s, round = itself) => {
      const w = round(vector(s))
      return NestedTensors.sub(w, M.project(round(s[at]), w))
    },
    value: (s) => NestedTensors.map(s[at], tf.zerosLike),
    size: vector
  })
  const between = ({ x, y }: Situation<P>, round: Round) => round(log!(round(x), round(y)))
  return [
    tangent("project", ["x", "u"], ({ u, x }) => M.project(x, u)),
    tangent("gradient", ["x", "u"], ({ u, x }) => M.gradient(x, u)),
    tangent("transport", ["x", "y", "v"], ({ v, x, y }) => M.transport(x, y, v), "y"),
    ...(log === undefined ? [] : [tangent("log", ["x", "y"], ({ x, y }) => log(x, y))]),
    ...(log === undefined || dist === undefined ? [] : [{
      name: "length of log",
      takes: ["x", "y"] as const,
      apply: (s: Situation<P>, round: Round = itself) => M.norm(s.x, between(s, round)),
      value: ({ x, y }: Situation<P>) => dist(x, y)
    }]),
    ...(log === undefined || exp === undefined ? [] : [{
      name: "exp of log",
      takes: ["x", "y"] as const,
      apply: (s: Situation<P>, round: Round = itself) => representative(exp(s.x, between(s, round))),
      value: ({ y }: Situation<P>) => representative(y)
    }])
  ]
}

/**
 * Whether any entry of a leaf is NaN, by item of the batch.
 *
 * @internal
 */
export const notANumber = (values: NestedTensors.NestedTensors): tf.Tensor =>
  NestedTensors.leaves(values)
    .map((leaf) => tf.max(tf.reshape(tf.cast(tf.isNaN(leaf), "float32"), [leaf.shape[0]!, -1]), -1))
    .reduce((a, b) => tf.maximum(a, b))

/**
 * How many entries of all leaves are NaN or infinite; a scalar.
 *
 * @internal
 */
export const notFinite = (values: NestedTensors.NestedTensors): tf.Tensor =>
  NestedTensors.leaves(values).map((leaf) => tf.sum(tf.cast(tf.logicalNot(tf.isFinite(leaf)), "float32")))
    .reduce((a, b) => tf.add(a, b), tf.scalar(0) as tf.Tensor)
