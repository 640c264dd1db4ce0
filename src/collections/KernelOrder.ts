/** The orders in which weights of layers hold their kernels, and the way from each of them to matrices and back. */
import { rearranged } from "../geometry/combinators/rearranged.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Shape from "../numerics/Shape.ts"
import { matrices } from "./kernelOrder/arrangement.ts"
import { kernels } from "./kernelOrder/kernels.ts"
import type { KernelOrder } from "./kernelOrder/orders.ts"
import type { Matricization } from "./matricized.ts"

export { arrangement, matrices, whole } from "./kernelOrder/arrangement.ts"
export { channels, type Kernels, kernels, outputs } from "./kernelOrder/kernels.ts"
export {
  convolution,
  convolution1d,
  convolution3d,
  convolutionGates,
  dense,
  depthwise,
  embedding,
  gates,
  grouped,
  type KernelOrder,
  orders,
  transposed,
  transposed3d
} from "./kernelOrder/orders.ts"

/**
 * A manifold of stacks of matrices as one of a layer's weights, in the layer's own order.
 *
 * Norms are those of the direct sum of the component weights.
 *
 * @throws RangeError where the stack's shape is not that of the weight's matrices.
 *
 * @example
 * ```ts
 * import { Combinators, KernelOrder, Sphere } from "finegrain"
 * const rows = Combinators.power(Sphere.make([16, 1]), 1000)
 * const M = KernelOrder.matricized(rows, KernelOrder.embedding, Combinators.perKernel, [1000, 16])
 * M.shape // => [1000, 16]
 * ```
 */
export const matricized = (
  stack: Manifold.Manifold,
  order: KernelOrder,
  matricization: Matricization,
  weight: Shape.Shape
): Manifold.Manifold => {
  const { blocks, shape } = kernels(order, weight)
  const [inputs, outputs] = matricization.grid(shape)
  const expected: Shape.Shape = [blocks * inputs * outputs, ...matricization.matrix(shape)]
  if (expected.join() !== stack.shape.join()) {
    throw new RangeError(
      `${matricization.name} sees ${order.name} kernels of a [${weight.join(", ")}] weight as ` +
        `[${expected.join(", ")}], but ${stack.name} has shape [${stack.shape.join(", ")}]`
    )
  }
  return rearranged(
    stack,
    `${order.name} ${matricization.name}[${weight.join(",")}](${stack.name})`,
    matrices(order, matricization, weight),
    stack.norms
  )
}
