/**
 * Stacks of matrices whose entries lie side by side for every four of them, as vectors hold them: between one step and
 * the next a state stays so, and is a stack again as soon as anything else asks for it.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import type * as tf from "@tensorflow/tfjs-core"
import type { Pointer, WithStorage } from "./functions.ts"
import type { Simd } from "./module.ts"

/** A stack of so many matrices of so many entries. */
export interface Stack {
  readonly count: number
  readonly size: number
}

/** The stacks on a backend that are interleaved. */
export interface Interleaved {
  /** The place of a tensor whose matrices lie side by side from now on, until something else asks for it. */
  readonly placeOf: (info: tf.TensorInfo, stack: Stack) => Pointer
  /** Says that a tensor's matrices have been written side by side. */
  readonly written: (info: tf.TensorInfo, stack: Stack) => void
}

const onBackends = new WeakMap<BackendWasm, Interleaved>()

/** What only counts references must not bring a stack back that nobody reads. */
const counting = ["disposeData", "incRef", "refCount"] as const

const watch = (backend: BackendWasm, simd: Simd): Interleaved => {
  const stacks = new WeakMap<object, Stack>()
  const storage = (backend as unknown as WithStorage).dataIdMap
  const recordOf = storage.get.bind(storage)
  let counts = false
  // Room for four matrices, made before it is needed: what reads a tensor may hold views that growth would detach.
  let [room, roomSize] = [0, 0]
  const provide = (size: number) => {
    if (size <= roomSize) return
    if (roomSize > 0) simd.free(room)
    room = simd.keep(new Int32Array(4 * size))
    roomSize = size
  }
  storage.get = (dataId) => {
    const record = recordOf(dataId)
    const stack = counts ? undefined : stacks.get(dataId)
    if (stack !== undefined) {
      stacks.delete(dataId)
      simd.functions.separate(record.memoryOffset, stack.count, stack.size, room)
    }
    return record
  }
  for (const name of counting) {
    const original = backend[name].bind(backend) as (...given: ReadonlyArray<unknown>) => unknown
    const quietly = (...given: ReadonlyArray<unknown>) => {
      counts = true
      try {
        return original(...given)
      } finally {
        counts = false
      }
    }
    Object.assign(backend, { [name]: quietly })
  }
  const written = ({ dataId }: tf.TensorInfo, stack: Stack) => {
    provide(stack.size)
    stacks.set(dataId, stack)
  }
  return {
    written,
    placeOf: (info, stack) => {
      const known = stacks.get(info.dataId)
      if (known?.count === stack.count && known.size === stack.size) return recordOf(info.dataId).memoryOffset
      const { memoryOffset } = storage.get(info.dataId)
      written(info, stack)
      simd.functions.interleave(memoryOffset, stack.count, stack.size, room)
      return memoryOffset
    }
  }
}

/** Those of a backend, watched from the first call on. */
export const interleavedOn = (backend: BackendWasm, simd: Simd): Interleaved => {
  const found = onBackends.get(backend) ?? watch(backend, simd)
  onBackends.set(backend, found)
  return found
}
