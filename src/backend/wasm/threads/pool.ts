import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { controlBytes, type Setup, sharesEach, takeShares, words } from "./protocol.ts"

type Arguments = ReadonlyArray<number>

/** Threads that run one function at a time on a shared heap, share by share. */
export interface Pool {
  /** The calling thread included. */
  readonly threads: number
  /**
   * Calls the function once for each of the given lists of arguments, and returns when all are done; which thread makes which call is not
   * said. With `roomBytes`, the last argument is where the room of the calling thread begins; others have theirs behind it.
   */
  readonly run: (name: string, shares: ReadonlyArray<Arguments>, roomBytes?: number) => void
}

type Functions = Readonly<Record<string, (...values: Arguments) => void>>

/** One thread, which needs no other and no shared heap. */
export const alone = (functions: Functions): Pool => ({
  threads: 1,
  run: (name, shares) => {
    for (const values of shares) functions[name]!(...values)
  }
})

/**
 * A pool of threads on the heap of a module. They never keep the process alive. Rejects where threads do not start.
 *
 * @internal
 */
export const make = async (
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  functions: Functions,
  threads: number
): Promise<Pool> => {
  if (threads === 1) return alone(functions)
  const others = threads - 1
  const names = Object.keys(functions)
  const indices = new Map(names.map((name, i) => [name, i]))
  const control = new SharedArrayBuffer(controlBytes(threads))
  const shared = new Int32Array(control, 0, words.count)
  const call = new Float64Array(control, 4 * words.count)
  // The source runs as TypeScript, the package as JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
  const workers = Array.from({ length: others }, (_, thread) => {
    const workerData: Setup = { module, memory, control, names, thread: thread + 1 }
    return new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData, execArgv: [] })
  })
  try {
    await Promise.all(workers.map((worker) => once(worker, "message")))
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  }
  for (const worker of workers) worker.unref()
  const wait = () => {
    for (let spin = 0; spin < words.spins; spin++) if (Atomics.load(shared, words.pending) === 0) return
    for (let left = Atomics.load(shared, words.pending); left !== 0; left = Atomics.load(shared, words.pending)) {
      Atomics.wait(shared, words.pending, left)
    }
  }
  return {
    threads,
    run: (name, shares, roomBytes = 0) => {
      const [first] = shares
      if (first === undefined) return
      if (shares.length === 1) return functions[name]!(...first)
      if (shares.length > sharesEach * threads) throw new RangeError(`${shares.length} shares for ${threads} threads`)
      call.set([indices.get(name)!, shares.length, first.length, roomBytes])
      for (const [i, values] of shares.entries()) call.set(values, words.callNumbers + words.shareNumbers * i)
      Atomics.store(shared, words.next, 0)
      Atomics.store(shared, words.pending, others)
      Atomics.add(shared, words.generation, 1)
      Atomics.notify(shared, words.generation)
      let cause: unknown
      try {
        takeShares(control, functions, names, 0)
      } catch (error) {
        cause = error
        Atomics.store(shared, words.failed, 1)
      }
      wait()
      if (Atomics.exchange(shared, words.failed, 0) !== 0) {
        throw new Error(`the kernel ${name} failed in a thread`, { cause })
      }
    }
  }
}
