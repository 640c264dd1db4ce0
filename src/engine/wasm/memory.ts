import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { EngineFailed } from "../Engine.ts"

interface Allocator {
  _malloc: (bytes: number) => number
  readonly _free: (place: number) => void
}

const guarded = new WeakSet<object>()

/**
 * Lets the heap's allocator say when there is no more memory: the stock backend would take address 0 for the place of a tensor, and
 * overwrite what is there. Doing it twice changes nothing.
 */
export const guardMemory = (backend: BackendWasm): void => {
  const module = backend.wasm as unknown as Allocator
  if (guarded.has(module)) return
  guarded.add(module)
  // Its first call puts another function in its own place.
  module._free(module._malloc(4))
  const allocate = module._malloc
  module._malloc = (bytes) => {
    const place = allocate(bytes)
    if (place !== 0 || bytes === 0) return place
    throw new EngineFailed({
      backend: "wasm",
      kind: "out of memory",
      reason: `its heap has no room for ${(bytes / 2 ** 20).toFixed(1)} MiB more`
    })
  }
}
