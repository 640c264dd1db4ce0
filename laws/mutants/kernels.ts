import * as tf from "@tensorflow/tfjs-core"
import * as KernelOrder from "../../src/collections/KernelOrder.ts"
import * as Renormalization from "../../src/collections/Renormalization.ts"
import type { Arrangement } from "../../src/geometry/combinators/rearranged.ts"
import { scaled } from "../../src/geometry/combinators/scaled.ts"
import { type KernelDefinitions, kernelLaws } from "../kernelLaws.ts"
import type { Mutant } from "./Mutant.ts"

type Arranged = Arrangement<tf.Tensor, tf.Tensor>

const axes = ["blocks", "rows", "columns", "inputs", "outputs"] as const
type Axis = typeof axes[number]

const broken = (name: string, killedBy: string, defect: Partial<KernelDefinitions>): Mutant => ({
  name,
  killedBy,
  laws: kernelLaws(defect)
})

/** One order with a defect on the way between weights and kernels. */
const arranged = (
  wrong: KernelOrder.KernelOrder,
  defect: (right: Arranged) => Arranged
): Partial<KernelDefinitions> => ({
  arrangement: (order, weight) => {
    const right = KernelOrder.arrangement(order, weight)
    return order.name === wrong.name ? defect(right) : right
  }
})

/** Two axes of equal length exchanged, both ways. */
const exchanged = (a: Axis, b: Axis) => ({ from, shape, to }: Arranged): Arranged => {
  const swap = (kernels: tf.Tensor) => {
    const batch = kernels.rank - axes.length
    const order = Array.from({ length: kernels.rank }, (_, i) => i)
    const [i, j] = [batch + axes.indexOf(a), batch + axes.indexOf(b)]
    ;[order[i], order[j]] = [j, i]
    return tf.transpose(kernels, order)
  }
  return { shape, from: (w) => swap(from(w)), to: (k) => to(swap(k)) }
}

/** An axis backwards, both ways. */
const reversed = (axis: Axis) => ({ from, shape, to }: Arranged): Arranged => {
  const turn = (kernels: tf.Tensor) => tf.reverse(kernels, axes.indexOf(axis) - axes.length + kernels.rank)
  return { shape, from: (w) => turn(from(w)), to: (k) => to(turn(k)) }
}

/** Where the input channels of an order are, and an axis as long as that. */
const confused = (order: KernelOrder.KernelOrder): readonly [Axis, Axis] =>
  order.name === "embedding"
    ? ["inputs", "rows"]
    : order.inputs === "own"
    ? ["blocks", "outputs"]
    : ["inputs", "outputs"]

/** Defects of kernel orders, each with the law that must find it. */
export const kernelMutants: ReadonlyArray<Mutant> = [
  ...KernelOrder.orders.flatMap((order) => [
    broken(
      `${order.name} kernels with ${confused(order).join(" and ")} exchanged`,
      "input channels are where the layer has them",
      arranged(order, exchanged(...confused(order)))
    ),
    ...(order.name === "embedding" ? [] : [
      broken(
        `${order.name} kernels with the outputs backwards`,
        "output channels are where the layer has them",
        arranged(order, reversed("outputs"))
      )
    ])
  ]),
  ...[3, 4].map((count) =>
    broken(
      `gates(${count}) in another order`,
      "output channels are where the layer has them",
      arranged(KernelOrder.gates(count), reversed("blocks"))
    )
  ),
  broken(
    "kernels that find another way back",
    "a kernel order moves entries",
    arranged(KernelOrder.depthwise, (right) => ({ ...right, to: (k) => right.to(tf.reverse(k, k.rank - 1)) }))
  ),
  broken("λ of the next channel", "λ of a matrix is that of its channel", {
    perMatrix: (matricization, shape, lambdas, blocks) =>
      Renormalization.perMatrix(
        matricization,
        shape,
        Array.from(lambdas, (_, i) => lambdas[(i + 1) % lambdas.length]!),
        blocks
      )
  }),
  broken("λ of the first block for all", "λ of a matrix is that of its channel", {
    perMatrix: (matricization, shape, lambdas, { blocks, inputs } = { blocks: 1, inputs: "shared" }) => {
      const first = Array.from(lambdas).slice(0, inputs === "own" ? shape[2] : lambdas.length)
      return Array.from({ length: blocks }, () => Renormalization.perMatrix(matricization, shape, first)).flat()
    }
  }),
  broken("kernels on spheres twice as large as they say", "norms of kernels are those of the direct sum", {
    matricized: (stack, order, matricization, weight) => ({
      ...KernelOrder.matricized(scaled(stack, 2), order, matricization, weight),
      norms: stack.norms
    })
  })
]
