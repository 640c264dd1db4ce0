import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import { pointer } from "../simd/functions.ts"
import type { Address } from "./dialect.ts"
import type { Library } from "./library.ts"

/** The place of a tensor's values in this process. */
export const addresses = (library: Library, backend: BackendWasm): (info: tf.TensorInfo) => Address => {
  // A heap that is not shared moves when it grows.
  const start = library.address((backend.wasm as unknown as { readonly HEAPU8: Uint8Array }).HEAPU8)
  return (info: tf.TensorInfo) => start + BigInt(pointer(backend, info))
}
