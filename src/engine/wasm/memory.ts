/** The heap of the wasm engine: how large it is, and an error that says so when it is full. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { EngineFailed } from "../Engine.ts"

interface Allocator {
  _malloc: (bytes: number) => number
  readonly _free: (place: number) => void
}

/**
 * Beyond this kernels of the stock backend fail in ways of their own: they allocate by themselves, and some take
 * addresses for signed.
 */
const nearlyFull = 3.5 * 2 ** 30

/**
 * A trap of WebAssembly on a heap of so many bytes that can hardly grow: out of memory, whatever it calls itself.
 *
 * @internal
 */
export const outOfMemory = (defect: unknown, heapBytes: number): EngineFailed | undefined =>
  defect instanceof Error && defect.name === "RuntimeError" && heapBytes >= nearlyFull
    ? new EngineFailed({
      backend: "wasm",
      kind: "out of memory",
      reason: `${defect.message}, on a heap of ${(heapBytes / 2 ** 30).toFixed(1)} of 4 GiB`
    })
    : undefined

/**
 * Bytes of the heap of the wasm backend in use; 0 for any other.
 *
 * @internal
 */
export const heapBytes = (): number =>
  tf.getBackend() === "wasm"
    ? (tf.backend() as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } }).wasm.HEAPU8.length
    : 0

const guarded = new WeakSet<object>()

/**
 * Lets the heap's allocator say when there is no more memory: the stock backend would take address 0 for the place of a
 * tensor, and overwrite what is there. Doing it twice changes nothing.
 */
export const guardMemory = (backend: BackendWasm): void => {
  const module = backend.wasm as unknown as Allocator
  if (guarded.has(module)) return
  guarded.add(module)
  // Its first call puts another function in its own place.
  module._free(module._malloc(4))
  const allocate = module._malloc
  module._malloc = (bytes) => {
    if (bytes < 0) {
      throw new RangeError(`a tensor of ${bytes} bytes: a length is negative, as where no window fits into an image`)
    }
    const place = allocate(bytes)
    if (place !== 0 || bytes === 0) return place
    throw new EngineFailed({
      backend: "wasm",
      kind: "out of memory",
      reason: `its heap has no room for ${(bytes / 2 ** 20).toFixed(1)} MiB more`
    })
  }
}
