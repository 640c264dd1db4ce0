/** Operations on batches of which some items are refused. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import { isRefusal } from "./law/refusal.ts"
import type { Situation } from "./operations.ts"

/** What an operation gives for a batch, and the items that it refuses by a typed error. */
export interface Outcome {
  readonly leaves: ReadonlyArray<tf.Tensor>
  readonly refused: ReadonlyArray<boolean>
}

const orRefused = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/**
 * One item that is refused refuses its batch: then item by item, 0 for those; nothing where all are.
 *
 * @internal
 */
export const outcome = <P extends NestedTensors.NestedTensors>(
  apply: (s: Situation<P>) => NestedTensors.NestedTensors,
  s: Situation<P>,
  items: number
): Outcome | undefined => {
  const indices = Array.from({ length: items }, (_, i) => i)
  const whole = orRefused(() => NestedTensors.leaves(apply(s)))
  if (whole !== undefined) return { leaves: whole, refused: indices.map(() => false) }
  const item = (p: P, i: number) => NestedTensors.map(p, (leaf) => tf.slice(leaf, [i], [1]))
  const each = indices.map((i) =>
    orRefused(() => NestedTensors.leaves(apply({ x: item(s.x, i), y: item(s.y, i), u: item(s.u, i), v: item(s.v, i) })))
  )
  const like = each.find((leaves) => leaves !== undefined)
  return like === undefined
    ? undefined
    : {
      leaves: like.map((leaf, l) => tf.concat(each.map((leaves) => leaves?.[l] ?? tf.zerosLike(leaf)), 0)),
      refused: each.map((leaves) => leaves === undefined)
    }
}
