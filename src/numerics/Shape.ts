/** Shapes of tensors, and trees of them. */
import type * as tf from "@tensorflow/tfjs-core"

/** The shape of one tensor, without batch dimensions. */
export type Shape = ReadonlyArray<number>

/** The shapes of all leaves, nested as the tensors are. */
export type ShapeTree = Shape | ReadonlyArray<ShapeTree>

/** The shape of a tensor, or the list of the factors' shapes. */
export type Shapes<P> = P extends tf.Tensor ? Shape : ReadonlyArray<ShapeTree>

/**
 * How many entries a tensor of a shape has: the product of its lengths.
 *
 * @example
 * ```ts
 * import { Shape } from "finegrain"
 * Shape.size([3, 3, 2]) // => 18
 * Shape.size([]) // => 1
 * ```
 */
export const size = (shape: Shape): number => shape.reduce((product, length) => product * length, 1)

/**
 * Whether a tree is the shape of a single tensor.
 *
 * @example
 * ```ts
 * import { Shape } from "finegrain"
 * Shape.isShape([3, 3]) // => true
 * Shape.isShape([[3, 3], [2]]) // => false
 * ```
 */
export const isShape = (tree: ShapeTree): tree is Shape => tree.every((length) => typeof length === "number")

/**
 * The shapes of all leaves, from left to right.
 *
 * @example
 * ```ts
 * import { Shape } from "finegrain"
 * Shape.leaves([[3, 3], [[2], [4]]]) // => [[3, 3], [2], [4]]
 * ```
 */
export const leaves = (tree: ShapeTree): ReadonlyArray<Shape> => isShape(tree) ? [tree] : tree.flatMap(leaves)
