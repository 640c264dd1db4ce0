/** What runs the kernels of the wasm engine, and the least of it: the thread that calls. */
type Arguments = ReadonlyArray<number>

/** Threads that run one function at a time on a shared heap, share by share. */
export interface Pool {
  /** The calling thread included. */
  readonly threads: number
  /**
   * Calls the function once for each of the given lists of arguments, and returns when all are done; which thread makes
   * which call is not said. With `roomBytes`, the last argument is where the room of the calling thread begins; others
   * have theirs behind it.
   */
  readonly run: (name: string, shares: ReadonlyArray<Arguments>, roomBytes?: number) => void
  /** Wakes threads for a call that comes within some tens of microseconds, as long as waking takes. */
  readonly rouse: () => void
}

export type Functions = Readonly<Record<string, (...values: Arguments) => void>>

/** One thread, which needs no other and no shared heap. */
export const alone = (functions: Functions): Pool => ({
  threads: 1,
  run: (name, shares) => {
    for (const values of shares) functions[name]!(...values)
  },
  rouse: () => {}
})

/**
 * Makes a pool on the heap of a module. Rejects where threads do not start.
 *
 * @internal
 */
export type MakePool = (
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  functions: Functions,
  threads: number
) => Promise<Pool>

/**
 * A pool where there are no other threads, as in browsers.
 *
 * @internal
 */
export const nobodyElse: MakePool = (_module, _memory, functions) => Promise.resolve(alone(functions))
