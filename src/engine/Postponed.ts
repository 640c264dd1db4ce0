/**
 * Checks of values that cannot be read yet: engines that only wait for values make them at their next read.
 */
import * as tf from "@tensorflow/tfjs-core"

/** Values on an engine, and the error that they are, if any. */
interface Check {
  readonly data: tf.DataId
  readonly verdict: (values: ArrayLike<number>) => Error | undefined
}

const postponed = new WeakMap<tf.KernelBackend, Array<Check>>()

/** Whether the engine in use makes checks at its next read, since nothing can be read at once. */
export const here = (): boolean => postponed.has(tf.backend())

/** Keeps the values, not the tensor, which the caller's region frees. */
export const add = (x: tf.Tensor, verdict: Check["verdict"]): void => {
  tf.backend().incRef(x.dataId)
  postponed.get(tf.backend())!.push({ data: x.dataId, verdict })
}

/**
 * Lets an engine postpone checks; what is given back makes those that are due and gives the first error.
 *
 * Reads at one time share one round of checks, so that each of them fails.
 */
export const on = (
  backend: tf.KernelBackend,
  read: (data: object) => Promise<ArrayLike<number>>
): () => Promise<Error | undefined> => {
  postponed.set(backend, [])
  let round: Promise<Error | undefined> | undefined
  const make = async () => {
    const due = postponed.get(backend)!.splice(0)
    try {
      const found = await Promise.all(due.map(async ({ data, verdict }) => verdict(await read(data))))
      return found.find((error) => error !== undefined)
    } finally {
      for (const { data } of due) {
        if (backend.disposeData(data)) tf.engine().removeDataId(data, backend)
      }
      round = undefined
    }
  }
  return async () => {
    while (round !== undefined || postponed.get(backend)!.length > 0) {
      const error = await (round ??= make())
      if (error !== undefined) return error
    }
    return undefined
  }
}
