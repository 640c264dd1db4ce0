import { parentPort, workerData } from "node:worker_threads"
import { type Setup, takeShares, words } from "./protocol.ts"

/** A thread of the pool: waits for a call, makes its shares of it on the shared heap, says that it is done. */
const { control, memory, module, names, thread } = workerData as Setup
const shared = new Int32Array(control, 0, words.count)
const functions = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<
  string,
  (...values: ReadonlyArray<number>) => void
>

let seen = 0
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has no origin
parentPort!.postMessage("ready")
for (;;) {
  for (let spin = 0; spin < words.spins && Atomics.load(shared, words.generation) === seen; spin++);
  if (Atomics.load(shared, words.generation) === seen) {
    Atomics.wait(shared, words.generation, seen)
    continue
  }
  seen = Atomics.load(shared, words.generation)
  try {
    takeShares(control, functions, names, thread)
  } catch {
    Atomics.store(shared, words.failed, 1)
  }
  if (Atomics.sub(shared, words.pending, 1) === 1) Atomics.notify(shared, words.pending)
}
