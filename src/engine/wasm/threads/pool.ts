import { Worker } from "node:worker_threads"
import { EngineFailed } from "../../Engine.ts"
import { alone, type Functions, type Pool } from "./alone.ts"
import { closed, controlBytes, longest, looking, looks, type Setup, sharesEach, takeShares, words } from "./protocol.ts"

/** Is told at once when a thread ends, and why. */
const onEnd = (worker: Worker, told: (reason: string) => void) => {
  worker.on("error", (error) => told(`a thread ended: ${error instanceof Error ? error.message : String(error)}`))
  worker.on("exit", (code) => told(`a thread ended with code ${code}`))
}

/** Waits until all threads run; one that ends, now or later, is told. They never keep the process alive. */
const started = async (workers: ReadonlyArray<Worker>, lose: (reason: string) => void) => {
  try {
    await Promise.all(workers.map((worker) =>
      new Promise((resolve, reject) => {
        worker.once("message", resolve)
        onEnd(worker, (reason) => {
          lose(reason)
          reject(new Error(reason))
        })
      })
    ))
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  }
  for (const worker of workers) worker.unref()
}

/** Waits until all threads have left a closed call; false where for so many milliseconds none took or left a share. */
const answered = (shared: Int32Array<SharedArrayBuffer>, patience: number): boolean => {
  let unmoved = 0
  for (let left = Atomics.load(shared, words.inside); left !== closed;) {
    const next = Atomics.load(shared, words.next)
    const outcome = Atomics.wait(shared, words.inside, left, patience / looks)
    const now = Atomics.load(shared, words.inside)
    const moved = outcome !== "timed-out" || now !== left || Atomics.load(shared, words.next) !== next
    unmoved = moved ? 0 : unmoved + 1
    if (unmoved >= looks) return false
    left = now
  }
  return true
}

/**
 * A pool of threads on the heap of a module. They never keep the process alive. Rejects where threads do not start.
 *
 * A thread that ends, or stays with one share for longer than `patience` milliseconds, is lost, and the pool with it:
 * that call and all later ones throw EngineFailed. It may still have been writing, so the heap cannot be trusted.
 *
 * @internal
 */
export const make = async (
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  functions: Functions,
  threads: number,
  patience: number = longest
): Promise<Pool> => {
  if (threads === 1) return alone(functions)
  const others = threads - 1
  const names = Object.keys(functions)
  const indices = new Map(names.map((name, i) => [name, i]))
  const control = new SharedArrayBuffer(controlBytes(threads))
  const shared = new Int32Array(control, 0, words.count)
  Atomics.store(shared, words.inside, closed)
  const call = new Float64Array(control, 4 * words.count)
  // The source runs as TypeScript, the package as JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
  const workers = Array.from({ length: others }, (_, thread) => {
    const workerData: Setup = { module, memory, control, names, thread: thread + 1 }
    return new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData, execArgv: [] })
  })
  let lost: string | undefined
  const lose = (reason: string) => {
    lost ??= reason
    for (const worker of workers) void worker.terminate()
  }
  await started(workers, lose)
  const look = looking(shared, words.inside)
  const haveLeft = (inside: number) => inside === closed
  const refuseLost = () => {
    if (lost !== undefined) throw new EngineFailed({ backend: "wasm", kind: "thread lost", reason: lost })
  }
  return {
    threads,
    // They find no new call, and look for one for a while before they sleep again.
    rouse: () => {
      Atomics.notify(shared, words.generation)
    },
    run: (name, shares, roomBytes = 0) => {
      refuseLost()
      const [first] = shares
      if (first === undefined) return
      if (shares.length === 1) return functions[name]!(...first)
      if (shares.length > sharesEach * threads) throw new RangeError(`${shares.length} shares for ${threads} threads`)
      call.set([indices.get(name)!, shares.length, first.length, roomBytes])
      for (const [i, values] of shares.entries()) call.set(values, words.callNumbers + words.shareNumbers * i)
      Atomics.store(shared, words.next, 0)
      Atomics.store(shared, words.inside, 0)
      Atomics.add(shared, words.generation, 1)
      Atomics.notify(shared, words.generation)
      let cause: unknown
      try {
        takeShares(control, functions, names, 0)
      } catch (error) {
        cause = error
        Atomics.store(shared, words.failed, 1)
      }
      Atomics.or(shared, words.inside, closed)
      if (!look(haveLeft) && !answered(shared, patience)) {
        lose(`a thread does not answer since ${patience / 1000} s, in the kernel ${name}`)
      }
      refuseLost()
      if (Atomics.exchange(shared, words.failed, 0) !== 0) {
        throw new Error(`the kernel ${name} failed in a thread`, { cause })
      }
    }
  }
}
