import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as binaries from "./binaries.ts"

type Pointer = number

/** The functions of kernels/, on the heap of the backend. */
export interface Functions {
  readonly packWeights: (
    filter: Pointer,
    packed: Pointer,
    taps: Pointer,
    tapCount: number,
    inner: number,
    outer: number,
    transposed: number
  ) => void
  readonly convolve: (
    input: Pointer,
    imageBytes: number,
    table: Pointer,
    places: Pointer,
    pixels: number,
    tapCount: number,
    inner: number,
    weights: Pointer,
    outer: number,
    output: Pointer,
    outputImageBytes: number,
    images: number,
    bias: Pointer,
    relu: number,
    scratch: Pointer,
    tilesAtOnce: number
  ) => void
  readonly filterGradient: (
    input: Pointer,
    imageBytes: number,
    table: Pointer,
    pixels: number,
    tapCount: number,
    inner: number,
    dy: Pointer,
    outer: number,
    filter: Pointer,
    images: number,
    scratch: Pointer,
    atOnce: number
  ) => void
  readonly unitProject: Operation
  readonly unitRetract: Operation
  readonly stiefelProject: Operation
  readonly stiefelRetract: Operation
  readonly relu: (x: Pointer, out: Pointer, size: number) => void
  readonly maxPoolGradient: (
    x: Pointer,
    dy: Pointer,
    out: Pointer,
    images: number,
    channels: number,
    inHeight: number,
    inWidth: number,
    outHeight: number,
    outWidth: number,
    filterHeight: number,
    filterWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number
  ) => void
  readonly channelSums: (
    a: Pointer,
    b: Pointer,
    pivot: Pointer,
    rows: number,
    channels: number,
    moments: number,
    sums: Pointer
  ) => void
  readonly channelScale: (
    x: Pointer,
    k: Pointer,
    d: Pointer,
    rows: number,
    channels: number,
    out: Pointer
  ) => void
  readonly channelAffine: (
    a: Pointer,
    ka: Pointer,
    b: Pointer,
    kb: Pointer,
    kc: Pointer,
    rows: number,
    channels: number,
    out: Pointer
  ) => void
}

/** A manifold's operation on stacks of matrices. */
type Operation = (
  x: Pointer,
  u: Pointer,
  out: Pointer,
  count: number,
  rows: number,
  columns: number,
  scratch: Pointer
) => void

/** The place of a tensor's values on the backend's heap. */
export const pointer = (backend: BackendWasm, { dataId }: { readonly dataId: object }): Pointer =>
  (backend as unknown as {
    readonly dataIdMap: { readonly get: (id: object) => { readonly memoryOffset: Pointer } }
  }).dataIdMap.get(dataId).memoryOffset

/** What the backend does not declare: its module, heap and allocator. */
interface Emscripten {
  readonly asm?: { readonly memory?: WebAssembly.Memory }
  readonly wasmMemory?: WebAssembly.Memory
  readonly _malloc: (bytes: number) => Pointer
  readonly _free: (pointer: Pointer) => void
}

/** Own kernels beside the stock ones, on one heap. */
export interface Simd {
  /** `relaxed` multiplies and adds in one instruction where the processor can, which rounds once instead of twice. */
  readonly flavour: "plain" | "relaxed"
  readonly functions: Functions
  /** Copies integers onto the heap, for good. */
  readonly keep: (values: Int32Array) => Pointer
  readonly free: (pointer: Pointer) => void
  /** Float64 numbers on the heap, to be read before anything is allocated. */
  readonly doubles: (pointer: Pointer, count: number) => Float64Array
  /** A place of at least so many bytes, the same one again in every call: nothing in it outlives the kernel that asked. */
  readonly scratch: (bytes: number) => Pointer
}

const decode = (text: string) => Uint8Array.from(Buffer.from(text, "base64"))

/** The variable FINEGRAIN_SIMD=plain keeps to SIMD that rounds alike on every processor. */
const chosen = (): { readonly flavour: Simd["flavour"]; readonly bytes: Uint8Array } => {
  const flavours = process.env["FINEGRAIN_SIMD"] === "plain" ? ["plain" as const] : ["relaxed", "plain"] as const
  for (const flavour of flavours) {
    const bytes = decode(flavour === "plain" ? binaries.plain : binaries.relaxed)
    if (WebAssembly.validate(bytes)) return { flavour, bytes }
  }
  throw new Error("this runtime has no WebAssembly SIMD")
}

/**
 * The own kernels on the heap of a backend.
 *
 * @throws Error where the runtime has no SIMD, or the backend hides its heap.
 */
export const simdOn = (backend: BackendWasm): Simd => {
  const found = chosen()
  const wasm = backend.wasm as unknown as Emscripten
  const memory = wasm.asm?.memory ?? wasm.wasmMemory
  if (memory === undefined) throw new Error("the wasm backend shows no heap to put kernels on")
  const instance = new WebAssembly.Instance(new WebAssembly.Module(found.bytes), { env: { memory } })
  let [place, size] = [0, 0]
  return {
    flavour: found.flavour,
    functions: instance.exports as unknown as Functions,
    keep: (values) => {
      const pointer = wasm._malloc(Math.max(values.byteLength, 4))
      new Int32Array(memory.buffer, pointer, values.length).set(values)
      return pointer
    },
    free: wasm._free,
    doubles: (pointer, count) => new Float64Array(memory.buffer, pointer, count),
    scratch: (bytes) => {
      if (bytes > size) {
        if (size > 0) wasm._free(place)
        place = wasm._malloc(bytes)
        size = bytes
      }
      return place
    }
  }
}
