/** Shapes of tensors, and trees of them. */
import type * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../engine/sizeOf.ts"

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
export const size: (shape: Shape) => number = sizeOf

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
export const isShape = (tree: unknown): tree is Shape =>
  Array.isArray(tree) && tree.every((length) => typeof length === "number")

/**
 * The shapes of all leaves, from left to right.
 *
 * @example
 * ```ts
 * import { Shape } from "finegrain"
 * Shape.leaves([[3, 3], [[2], [4]]]) // => [[3, 3], [2], [4]]
 * ```
 */
export const leaves = (tree: ShapeTree): ReadonlyArray<Shape> =>
  isShape(tree) ? [tree] : (tree as ReadonlyArray<ShapeTree>).flatMap(leaves)

/**
 * How many entries all leaves have together.
 *
 * @example
 * ```ts
 * import { Shape } from "finegrain"
 * Shape.entries([[3, 3], [[2], [4]]]) // => 15
 * ```
 */
export const entries = (tree: ShapeTree): number => leaves(tree).reduce((sum, leaf) => sum + size(leaf), 0)
