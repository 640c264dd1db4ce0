/** Points as tensors or nested lists of them, with the operations of a vector space leaf by leaf. */
import * as tf from "@tensorflow/tfjs-core"
import * as Shape from "./Shape.ts"

/**
 * A point, tangent vector or ambient vector: a tensor or, on a product manifold, a nested list of tensors.
 *
 * Every leaf may carry leading batch dimensions, the same ones in all leaves.
 */
export type NestedTensors = tf.Tensor | ReadonlyArray<NestedTensors>

/**
 * Whether a value is a single tensor, that is, a leaf.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.isLeaf(tf.scalar(1)) // => true
 * NestedTensors.isLeaf([tf.scalar(1)]) // => false
 * ```
 */
export const isLeaf = (points: NestedTensors): points is tf.Tensor => points instanceof tf.Tensor

const child = (points: NestedTensors, index: number): NestedTensors => {
  const found = isLeaf(points) ? undefined : points[index]
  if (found === undefined) throw new TypeError(`Points of different nesting: there is no factor ${index}`)
  return found
}

/**
 * Applies a function to corresponding leaves of equally nested points.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * const sum = NestedTensors.zipWith([[tf.scalar(1)], tf.scalar(2)], [[tf.scalar(3)], tf.scalar(4)], tf.add)
 * NestedTensors.leaves(sum).map((leaf) => leaf.dataSync()[0]) // => [4, 6]
 * ```
 */
export const zipWith = <P extends NestedTensors>(x: P, y: P, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): P => {
  const go = (a: NestedTensors, b: NestedTensors): NestedTensors =>
    isLeaf(a)
      ? isLeaf(b) ? f(a, b) : mismatch()
      : a.map((factor, i) => go(factor, child(b, i)))
  return go(x, y) as P
}

const mismatch = (): never => {
  throw new TypeError("Points of different nesting: a tensor meets a list of factors")
}

/**
 * Applies a function to every leaf.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.map([tf.scalar(4), tf.scalar(9)], tf.sqrt).map((leaf) => leaf.dataSync()[0]) // => [2, 3]
 * ```
 */
export const map = <P extends NestedTensors>(x: P, f: (leaf: tf.Tensor) => tf.Tensor): P => {
  const go = (points: NestedTensors): NestedTensors => isLeaf(points) ? f(points) : points.map(go)
  return go(x) as P
}

/** A function of what comes, and of how many came before. */
const numbered = <A, B>(f: (a: A, index: number) => B): (a: A) => B => {
  let index = 0
  return (a) => f(a, index++)
}

/**
 * As `map`; the function is also told the number of the leaf, from left to right.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * const numbers = NestedTensors.mapIndexed([tf.scalar(5), [tf.scalar(6)]], (_, index) => tf.scalar(index))
 * NestedTensors.leaves(numbers).map((leaf) => leaf.dataSync()[0]) // => [0, 1]
 * ```
 */
export const mapIndexed = <P extends NestedTensors>(x: P, f: (leaf: tf.Tensor, index: number) => tf.Tensor): P =>
  map(x, numbered(f))

/**
 * Tensors for all shapes of a tree, nested as they are; the function gets a shape and its number, from left to right.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * const nested = NestedTensors.ofShapes([[2], [[3]]], (shape, index) => tf.fill([...shape], index))
 * NestedTensors.leaves(nested).map((leaf) => leaf.dataSync().join()) // => ["0,0", "1,1,1"]
 * ```
 */
export const ofShapes = (
  tree: Shape.ShapeTree,
  f: (shape: Shape.Shape, index: number) => tf.Tensor
): NestedTensors => {
  const leaf = numbered(f)
  const go = (node: Shape.ShapeTree): NestedTensors => Shape.isShape(node) ? leaf(node) : node.map(go)
  return go(tree)
}

/**
 * The leaves, from left to right.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.leaves([[tf.scalar(1), tf.scalar(2)], tf.scalar(3)]).length // => 3
 * ```
 */
export const leaves = (points: NestedTensors): ReadonlyArray<tf.Tensor> => {
  const found: Array<tf.Tensor> = []
  const collect = (node: NestedTensors): void => {
    if (isLeaf(node)) found.push(node)
    else for (const part of node) collect(part)
  }
  collect(points)
  return found
}

/**
 * The sum u + v, leaf by leaf.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.add(tf.scalar(1), tf.scalar(2)).dataSync()[0] // => 3
 * ```
 */
export const add = <P extends NestedTensors>(u: P, v: P): P => zipWith(u, v, tf.add)

/**
 * The difference u − v, leaf by leaf.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.sub(tf.scalar(3), tf.scalar(2)).dataSync()[0] // => 1
 * ```
 */
export const sub = <P extends NestedTensors>(u: P, v: P): P => zipWith(u, v, tf.sub)

/**
 * The multiple s·u of every leaf.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.scale(2, tf.scalar(3)).dataSync()[0] // => 6
 * ```
 */
export const scale = <P extends NestedTensors>(s: number | tf.Scalar, u: P): P => map(u, (leaf) => tf.mul(leaf, s))

/**
 * Multiplies every leaf by one factor per batch item: `factors` has the batch shape and is broadcast over the point
 * axes.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.scaleItems(tf.tensor1d([2, 3]), tf.ones([2, 1, 2])).dataSync().join() // => "2,2,3,3"
 * ```
 */
export const scaleItems = <P extends NestedTensors>(factors: tf.Tensor, u: P): P =>
  map(u, (leaf) => tf.mul(leaf, expandTo(factors, leaf.rank)))

/**
 * Appends axes of length one until the tensor has the given rank.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * NestedTensors.expandTo(tf.ones([5]), 3).shape // => [5, 1, 1]
 * ```
 */
export const expandTo = (x: tf.Tensor, rank: number): tf.Tensor =>
  x.rank >= rank ? x : tf.reshape(x, [...x.shape, ...Array.from({ length: rank - x.rank }, () => 1)])

/**
 * Frees every leaf of a point.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { NestedTensors } from "finegrain"
 * const x = tf.ones([2])
 * NestedTensors.dispose([x, tf.ones([3])])
 * x.isDisposed // => true
 * ```
 */
export const dispose = (points: NestedTensors): void => {
  for (const leaf of leaves(points)) leaf.dispose()
}
