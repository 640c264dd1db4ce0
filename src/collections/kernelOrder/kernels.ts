/** How many kernels, channels and outputs a weight holds. */
import { counted } from "../../choices/counted.ts"
import type * as Shape from "../../numerics/Shape.ts"
import type { KernelShape } from "../matricized.ts"
import type { KernelOrder } from "./orders.ts"

/** Kernels of one weight: how many, and the shape of each. */
export interface Kernels {
  readonly blocks: number
  readonly shape: KernelShape
}

/**
 * The kernels that a weight of some shape holds.
 *
 * @throws RangeError for a weight with another number of axes, or whose outputs cannot be shared evenly among groups or
 * gates.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.kernels(KernelOrder.gates(3), [10, 24]) // => { blocks: 3, shape: [1, 1, 10, 8] }
 * ```
 */
export const kernels = ({ axes, name, rank, split }: KernelOrder, weight: Shape.Shape): Kernels => {
  const whole = weight.length === rank ? split(weight) : []
  if (whole.length === 0 || !whole.every(Number.isInteger)) {
    const why = whole.length === 0
      ? `it has ${counted(weight.length, "axis", "axes")}, not ${rank}`
      : "its outputs cannot be shared evenly"
    throw new RangeError(`A [${weight.join(", ")}] weight holds no ${name} kernels: ${why}`)
  }
  const [blocks, a, b, c, d] = axes.map((own) => own.reduce((length, axis) => length * whole[axis]!, 1)) as [
    number,
    number,
    number,
    number,
    number
  ]
  return { blocks, shape: [a, b, c, d] }
}

/**
 * How many input channels a weight has, those of all blocks together: as many as λ has entries.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.channels(KernelOrder.depthwise, [3, 3, 8, 2]) // => 8
 * KernelOrder.channels(KernelOrder.gates(4), [10, 32]) // => 10
 * ```
 */
export const channels = (order: KernelOrder, weight: Shape.Shape): number => channelsOf(order, kernels(order, weight))

/**
 * How many input channels the kernels of one weight have, those of all blocks together.
 *
 * @internal
 */
export const channelsOf = (
  { inputs }: Pick<KernelOrder, "inputs">,
  { blocks, shape: [, , ofEach] }: Kernels
): number => inputs === "own" ? blocks * ofEach : ofEach

/**
 * How many outputs a layer with this weight has, those of all blocks together.
 *
 * @example
 * ```ts
 * import { KernelOrder } from "finegrain"
 * KernelOrder.outputs(KernelOrder.depthwise, [3, 3, 8, 2]) // => 16
 * ```
 */
export const outputs = (order: KernelOrder, weight: Shape.Shape): number => {
  const { blocks, shape: [, , , outputs] } = kernels(order, weight)
  return weight.length === 2 ? weight[1]! : blocks * outputs
}
