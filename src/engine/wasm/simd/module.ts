/** The engine's own kernels, compiled from AssemblyScript, on the heap of the stock backend. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { flavourWanted } from "../flavour.ts"
import { type MakePool, nobodyElse } from "../threads/alone.ts"
import { sharesEach } from "../threads/protocol.ts"
import * as binaries from "./binaries.ts"
import type { Functions, Pointer } from "./functions.ts"

/** What the backend does not declare: its module, heap and allocator. */
interface Emscripten {
  readonly asm?: { readonly memory?: WebAssembly.Memory }
  readonly wasmMemory?: WebAssembly.Memory
  readonly _malloc: (bytes: number) => Pointer
  readonly _free: (pointer: Pointer) => void
}

type AllButLast<A extends ReadonlyArray<unknown>> = A extends readonly [...infer Rest, unknown] ? Rest : never

/** Room that every thread has for itself. */
interface Room {
  readonly at: Pointer
  readonly bytes: number
}

/** How work is cut into shares. */
interface Cut {
  /** Shares are multiples of so many units. */
  readonly grain?: number
  /** Shares a thread, at most `sharesEach`: several, so that a thread that is held up leaves the rest to others. */
  readonly each?: number
}

/** Own kernels beside the stock ones, on one heap. */
export interface Simd {
  /** `relaxed` multiplies and adds in one instruction where the processor can, which rounds once instead of twice. */
  readonly flavour: "plain" | "relaxed"
  readonly functions: Functions
  readonly threads: number
  /** Runs a function on all threads, call by call for a share [begin, end) of so many units. */
  readonly share: <Name extends keyof Functions>(
    name: Name,
    units: number,
    arguments_: (begin: number, end: number) => Parameters<Functions[Name]>,
    cut?: Cut
  ) => void
  /**
   * Runs a function on all threads whose last argument is room of its own for every thread: so many bytes each, from
   * `at` on.
   */
  readonly shareWithRoom: <Name extends keyof Functions>(
    name: Name,
    room: Room,
    units: number,
    arguments_: (begin: number, end: number) => AllButLast<Parameters<Functions[Name]>>,
    cut?: Cut
  ) => void
  /** Wakes threads for a call that is being prepared. */
  readonly rouse: () => void
  /** Copies integers onto the heap, for good. */
  readonly keep: (values: Int32Array) => Pointer
  readonly free: (pointer: Pointer) => void
  /** Float64 numbers on the heap, to be read before anything is allocated. */
  readonly doubles: (pointer: Pointer, count: number) => Float64Array
  /** Float32 numbers on the heap, to be read before anything is allocated. */
  readonly floats: (pointer: Pointer, count: number) => Float32Array
  /** 32-bit words on the heap, to be written before anything is allocated. */
  readonly words: (pointer: Pointer, count: number) => Int32Array
  /**
   * A place of at least so many bytes, the same one again in every call: nothing in it outlives the kernel that asked.
   */
  readonly scratch: (bytes: number) => Pointer
}

const decode = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))

/** The variable FINEGRAIN_SIMD=plain keeps to SIMD that rounds alike on every processor. */
const chosen = (shared: boolean): { readonly flavour: Simd["flavour"]; readonly bytes: Uint8Array } => {
  const texts = shared
    ? { plain: binaries.sharedPlain, relaxed: binaries.sharedRelaxed }
    : { plain: binaries.plain, relaxed: binaries.relaxed }
  const asked = flavourWanted()
  const flavours = asked === undefined ? ["relaxed", "plain"] as const : [asked]
  for (const flavour of flavours) {
    const bytes = decode(texts[flavour])
    if (WebAssembly.validate(bytes)) return { flavour, bytes }
  }
  throw new Error(`this runtime has no WebAssembly ${asked === "relaxed" ? "relaxed " : ""}SIMD`)
}

/** At most so many shares of at least one grain each, as equal as may be. */
const shares = (units: number, most: number, grain: number): ReadonlyArray<readonly [number, number]> => {
  const grains = Math.ceil(units / grain)
  const parts = Math.max(1, Math.min(most, grains))
  const at = (part: number) => Math.min(units, grain * Math.floor(part * grains / parts))
  return Array.from({ length: parts }, (_, part) => [at(part), at(part + 1)])
}

/**
 * The own kernels on the heap of a backend, run by so many threads where that heap is shared, by one elsewhere.
 *
 * Rejects where the runtime has no SIMD, the backend hides its heap, or threads do not start.
 *
 * @internal
 */
export const simdOn = async (
  backend: BackendWasm,
  threads = 1,
  makePool: MakePool = nobodyElse
): Promise<Simd> => {
  const wasm = backend.wasm as unknown as Emscripten
  const memory = wasm.wasmMemory ?? wasm.asm?.memory
  if (memory === undefined) throw new Error("the wasm backend shows no heap to put kernels on")
  // Pages that are not isolated from others do not have the class.
  const shared = typeof SharedArrayBuffer === "function" && memory.buffer instanceof SharedArrayBuffer
  const found = chosen(shared)
  // Browsers compile so much only while they are waited for.
  const module = await WebAssembly.compile(found.bytes)
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  const functions = instance.exports as unknown as Functions
  const callable = { ...functions } as Readonly<Record<keyof Functions, (...values: ReadonlyArray<number>) => void>>
  const pool = await makePool(module, memory, callable, shared ? threads : 1)
  const cutUp = (units: number, { each = sharesEach, grain = 1 }: Cut = {}) =>
    shares(units, pool.threads === 1 ? 1 : pool.threads * each, grain)
  let [place, size] = [0, 0]
  return {
    flavour: found.flavour,
    functions,
    threads: pool.threads,
    share: (name, units, arguments_, cut) => pool.run(name, cutUp(units, cut).map((share) => arguments_(...share))),
    shareWithRoom: (name, room, units, arguments_, cut) =>
      pool.run(
        name,
        cutUp(units, cut).map((share) => (arguments_(...share) as ReadonlyArray<number>).concat(room.at)),
        room.bytes
      ),
    rouse: pool.rouse,
    keep: (values) => {
      const pointer = wasm._malloc(Math.max(values.byteLength, 4)) >>> 0
      new Int32Array(memory.buffer, pointer, values.length).set(values)
      return pointer
    },
    free: wasm._free,
    doubles: (pointer, count) => new Float64Array(memory.buffer, pointer, count),
    floats: (pointer, count) => new Float32Array(memory.buffer, pointer, count),
    words: (pointer, count) => new Int32Array(memory.buffer, pointer, count),
    scratch: (bytes) => {
      if (bytes > size) {
        if (size > 0) wasm._free(place)
        // Where there is no more memory, what is free must not be handed out, nor freed again.
        size = 0
        place = wasm._malloc(bytes) >>> 0
        size = bytes
      }
      return place
    }
  }
}
