/** Several manifolds inside one stack of matrices: the paper's mixtures within a layer. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../Manifold.ts"
import { power } from "./power.ts"
import { product } from "./product.ts"
import { type Arrangement, rearranged } from "./rearranged.ts"

/** The members of a stack, by index, that live on one manifold. */
export interface StackPart {
  readonly indices: ReadonlyArray<number>
  readonly manifold: Manifold.Manifold
}

/**
 * The bijection between a stack `[…, count, m, n]` and one contiguous stack per part: one gather either way.
 *
 * @throws RangeError unless the parts are disjoint and cover 0 … count − 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Combinators } from "finegrain"
 * const { from } = Combinators.partArrangement([[2, 0], [1]], [1, 1])
 * from(tf.tensor3d([[[10]], [[11]], [[12]]])).map((stack) => [...stack.dataSync()]) // => [[12, 10], [11]]
 * ```
 */
export const partArrangement = (
  parts: ReadonlyArray<ReadonlyArray<number>>,
  matrix: ReadonlyArray<number>
): Arrangement<ReadonlyArray<tf.Tensor>, tf.Tensor> => {
  const order = Int32Array.from(parts.flat())
  const inverse = new Int32Array(order.length).fill(-1)
  for (const [position, index] of order.entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= order.length || inverse[index] !== -1) {
      throw new RangeError(
        `The parts must name each of 0 … ${order.length - 1} exactly once, but ${index} is out of range or named twice`
      )
    }
    inverse[index] = position
  }
  const sorted = order.every((index, position) => index === position)
  const permute = (stack: tf.Tensor, indices: Int32Array) =>
    sorted ? stack : tf.gather(stack, tf.tensor1d(indices, "int32"), stack.rank - 3)
  return {
    shape: [order.length, ...matrix],
    from: (stack) =>
      parts.length === 1
        ? [permute(stack, order)]
        : tf.split(permute(stack, order), parts.map((part) => part.length), stack.rank - 3),
    to: (stacks) => permute(stacks.length === 1 ? stacks[0]! : tf.concat([...stacks], stacks[0]!.rank - 3), inverse)
  }
}

/**
 * Different manifolds inside one stack of matrices: member i lives on the manifold of the part that names i.
 *
 * Isometric to the product of the parts' powers, from which every metadatum is derived; each operation handles all
 * members of one part at once. Source: Ozay 2019, definition 1.
 *
 * @throws RangeError unless the parts are disjoint, cover the stack and have manifolds of one shape.
 *
 * @example
 * ```ts
 * import { Combinators, Sphere, Stiefel } from "finegrain"
 * const M = Combinators.partition([
 *   { indices: [0, 2], manifold: Sphere.make([3, 3]) },
 *   { indices: [1], manifold: Stiefel.make([3, 3]) }
 * ])
 * M.shape // => [3, 3, 3]
 * M.dimension // => 19
 * ```
 */
export const partition = (parts: ReadonlyArray<StackPart>): Manifold.Manifold => {
  const matrix = parts[0]?.manifold.shape ?? []
  const other = parts.find(({ manifold }) => manifold.shape.join() !== matrix.join())
  if (parts.length === 0 || other !== undefined) {
    throw new RangeError(
      other === undefined
        ? "partition needs at least one part"
        : `partition needs manifolds of one shape, but ${parts[0]!.manifold.name} and ${other.manifold.name} differ`
    )
  }
  const whole = product<ReadonlyArray<tf.Tensor>>(
    ...parts.map(({ indices, manifold }) => power(manifold, indices.length))
  )
  return rearranged(
    whole,
    `{${parts.map(({ indices, manifold }) => `${manifold.name}^${indices.length}`).join(", ")}}`,
    partArrangement(parts.map(({ indices }) => indices), matrix),
    whole.norms
  )
}
