import { parentPort, workerData } from "node:worker_threads"
import { closed, looking, type Setup, takeShares, words } from "./protocol.ts"

/** A thread of the pool: waits for a call, makes its shares of it on the shared heap, says that it is done. */
const { control, memory, module, names, thread } = workerData as Setup
const shared = new Int32Array(control, 0, words.count)
const functions = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<
  string,
  (...values: ReadonlyArray<number>) => void
>

/** Whether the present call could be entered; who wakes late finds it closed. */
const entered = (): boolean => {
  let inside = Atomics.load(shared, words.inside)
  while (inside < closed) {
    const found = Atomics.compareExchange(shared, words.inside, inside, inside + 1)
    if (found === inside) return true
    inside = found
  }
  return false
}

let seen = 0
const look = looking(shared, words.generation)
const isCall = (generation: number) => generation !== seen
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has no origin
parentPort!.postMessage("ready")
for (;;) {
  if (!look(isCall)) {
    Atomics.wait(shared, words.generation, seen)
    continue
  }
  seen = Atomics.load(shared, words.generation)
  if (!entered()) continue
  try {
    takeShares(control, functions, names, thread)
  } catch {
    Atomics.store(shared, words.failed, 1)
  }
  if (Atomics.sub(shared, words.inside, 1) === closed + 1) Atomics.notify(shared, words.inside)
}
