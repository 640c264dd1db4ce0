import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Shape from "./Shape.ts"
import * as Tensors from "./Tensors.ts"

/**
 * The values of several tensors by name, in one read: what an engine has to wait for, it waits for once.
 *
 * @internal
 */
export const readTogether = <K extends string>(
  tensors: Readonly<Record<K, tf.Tensor>>
): Effect.Effect<Readonly<Record<K, Float32Array>>, Tensors.ReadFailed> =>
  Effect.scoped(Effect.gen(function*() {
    const all = Object.entries<tf.Tensor>(tensors)
    const packed = yield* Tensors.scoped(() => tf.concat1d(all.map(([, tensor]) => tf.reshape(tensor, [-1]))))
    const values = yield* Tensors.read(packed)
    let from = 0
    const parts = all.map(([name, tensor]) => [name, values.subarray(from, from += Shape.size(tensor.shape))] as const)
    return Object.fromEntries(parts) as Record<K, Float32Array>
  }))
