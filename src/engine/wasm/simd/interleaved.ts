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

/** What a backend knows of a tensor, and what is known here. */
interface Entry {
  readonly memoryOffset: Pointer
  /** The stack as which it is interleaved. */
  interleaved?: Stack | undefined
  /** The last call that read it as a stack, and that read it interleaved. */
  asStack?: number
  asLanes?: number
}

/** What one call of a kernel reads and writes. */
export interface Places {
  /** The place of a tensor as everything else knows it; to be asked for before those of `interleaved`. */
  readonly stacked: (info: tf.TensorInfo) => Pointer
  /**
   * The place of a tensor whose matrices lie side by side from now on, until something else asks for it; that of a copy
   * where the same call reads it otherwise as well, for points may be the very gradient.
   */
  readonly interleaved: (info: tf.TensorInfo, stack: Stack) => Pointer
  /** The place of a tensor whose matrices the kernel will write side by side. */
  readonly written: (info: tf.TensorInfo, stack: Stack) => Pointer
  /** Frees copies. */
  readonly done: () => void
}

/** Starts a call. */
type Begin = () => Places

const onBackends = new WeakMap<BackendWasm, Begin>()

/** What only counts references must not bring a stack back that nobody reads. */
const counting = ["disposeData", "incRef", "refCount"] as const

const watch = (backend: BackendWasm, simd: Simd): Begin => {
  const storage = (backend as unknown as WithStorage).dataIdMap
  const entryOf = storage.get.bind(storage) as (dataId: object) => Entry
  let counts = false
  let calls = 0
  // Room for four matrices, made before it is needed: what reads a tensor may hold views that growth would detach.
  let [room, roomSize] = [0, 0]
  const provide = (size: number) => {
    if (size <= roomSize) return
    // Where there is no more memory, what is interleaved already still needs the room that it has.
    const larger = simd.keep(new Int32Array(4 * size))
    if (roomSize > 0) simd.free(room)
    room = larger
    roomSize = size
  }
  storage.get = (dataId) => {
    const entry = entryOf(dataId)
    if (entry?.interleaved === undefined || counts) return entry
    const { count, size } = entry.interleaved
    entry.interleaved = undefined
    simd.functions.separate(entry.memoryOffset, count, size, room)
    return entry
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
  const written = ({ dataId }: tf.TensorInfo, stack: Stack): Pointer => {
    provide(stack.size)
    const entry = entryOf(dataId)
    entry.interleaved = stack
    return entry.memoryOffset
  }
  return () => {
    const call = ++calls
    const copies: Array<tf.TensorInfo> = []
    const copied = (info: tf.TensorInfo) => {
      const copy = backend.makeOutput([...info.shape], info.dtype)
      copies.push(copy)
      backend.typedArrayFromHeap(copy).set(backend.typedArrayFromHeap(info))
      return copy
    }
    const interleave = (info: tf.TensorInfo, stack: Stack): Pointer => {
      const place = written(info, stack)
      simd.functions.interleave(place, stack.count, stack.size, room)
      return place
    }
    const interleaved = (info: tf.TensorInfo, stack: Stack): Pointer => {
      const entry = entryOf(info.dataId)
      const { asLanes, asStack, interleaved: known } = entry
      if (known?.count === stack.count && known.size === stack.size) {
        entry.asLanes = call
        return entry.memoryOffset
      }
      if (asStack === call) return interleaved(copied(info), stack)
      if (asLanes === call && known !== undefined) {
        const copy = copied(info)
        interleave(info, known)
        return interleaved(copy, stack)
      }
      storage.get(info.dataId)
      entry.asLanes = call
      return interleave(info, stack)
    }
    return {
      stacked: ({ dataId }) => {
        const entry = storage.get(dataId) as Entry
        entry.asStack = call
        return entry.memoryOffset
      },
      interleaved,
      written,
      done: () => {
        for (const { dataId } of copies) backend.disposeData(dataId)
      }
    }
  }
}

/** What starts a call on a backend, which is watched from the first one on. */
export const interleavedOn = (backend: BackendWasm, simd: Simd): Begin => {
  const found = onBackends.get(backend) ?? watch(backend, simd)
  onBackends.set(backend, found)
  return found
}
