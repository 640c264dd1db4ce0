import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { type Setup, words } from "./protocol.ts"

type Arguments = ReadonlyArray<number>

/** Threads that run one function at a time on a shared heap, each with arguments of its own. */
export interface Pool {
  /** The calling thread included. */
  readonly threads: number
  /** Calls the function once for each of the given lists of arguments, at most one list a thread, and returns when all are done. */
  readonly run: (name: string, parts: ReadonlyArray<Arguments>) => void
}

type Functions = Readonly<Record<string, (...values: Arguments) => void>>

/** One thread, which needs no other and no shared heap. */
export const alone = (functions: Functions): Pool => ({
  threads: 1,
  run: (name, parts) => {
    for (const part of parts) functions[name]!(...part)
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
  const argumentsAt = 4 * words.count
  const control = new SharedArrayBuffer(argumentsAt + others * words.argumentBytes)
  const shared = new Int32Array(control)
  // The source runs as TypeScript, the package as JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
  const workers = Array.from({ length: others }, (_, thread) => {
    const workerData: Setup = { module, memory, control, argumentsAt, names, thread }
    return new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData, execArgv: [] })
  })
  try {
    await Promise.all(workers.map((worker) => once(worker, "message")))
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  }
  for (const worker of workers) worker.unref()
  const slots = workers.map((_, thread) =>
    new Float64Array(control, argumentsAt + words.argumentBytes * thread, words.argumentBytes / 8)
  )
  const wait = () => {
    for (let spin = 0; spin < words.spins; spin++) if (Atomics.load(shared, words.pending) === 0) return
    for (let left = Atomics.load(shared, words.pending); left !== 0; left = Atomics.load(shared, words.pending)) {
      Atomics.wait(shared, words.pending, left)
    }
  }
  return {
    threads,
    run: (name, parts) => {
      const [own, ...rest] = parts
      if (own === undefined) return
      if (rest.length === 0) return functions[name]!(...own)
      if (rest.length > others) throw new RangeError(`${parts.length} parts for ${threads} threads`)
      for (const [thread, slot] of slots.entries()) {
        const values = rest[thread]
        slot[0] = indices.get(name)!
        slot[1] = values?.length ?? -1
        if (values !== undefined) slot.set(values, 2)
      }
      Atomics.store(shared, words.pending, others)
      Atomics.add(shared, words.generation, 1)
      Atomics.notify(shared, words.generation)
      try {
        functions[name]!(...own)
      } finally {
        wait()
      }
      if (Atomics.exchange(shared, words.failed, 0) !== 0) throw new Error(`the kernel ${name} failed in a thread`)
    }
  }
}
