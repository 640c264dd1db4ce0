/** A heap of the wasm engine without room for what is asked of it. */
import * as tf from "@tensorflow/tfjs-core"

/** Runs something that finds no room where that is refused. */
export const refusing = (refused: (bytes: number) => boolean, run: () => void): void => {
  const { wasm } = tf.backend() as unknown as { readonly wasm: { _malloc: (bytes: number) => number } }
  const allocate = wasm._malloc
  wasm._malloc = (bytes) => {
    if (refused(bytes)) throw new Error("no room")
    return allocate(bytes)
  }
  try {
    run()
  } finally {
    wasm._malloc = allocate
  }
}

/**
 * Runs something again and again, refused one allocation of those that count each time, the first to the last, until
 * nothing is refused; what it failed with.
 */
export const refusingEach = (run: () => void, after: () => void, counts = () => true): ReadonlyArray<string> => {
  const failures: Array<string> = []
  for (;;) {
    let count = 0
    try {
      refusing(() => counts() && count++ === failures.length, run)
      return failures
    } catch (cause) {
      failures.push(String(cause))
    } finally {
      after()
    }
  }
}

/** So many numbers alike. */
export const alike = (size: number, value: number): tf.Tensor => tf.tensor1d(new Float32Array(size).fill(value))

/** Tensors that lie where there was room, and which of them are no longer what they were. */
export const settled = (size: number) => {
  const tensors = Array.from({ length: 400 }, (_, i) => alike(size, i))
  return {
    tensors,
    overwritten: () =>
      tensors.flatMap((tensor, i) => tensor.dataSync<"float32">().some((value) => value !== i) ? [i] : [])
  }
}
