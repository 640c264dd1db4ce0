/** Where the pool and its threads talk: words of 32 bits, then for every thread a function's index, the number of its arguments and these. */
export const words = {
  /** Counts calls; threads wait for it to change. */
  generation: 0,
  /** Threads that have not yet finished the call. */
  pending: 1,
  /** Whether a thread's function trapped. */
  failed: 2,
  count: 4,
  argumentBytes: 32 * 8,
  /** How often a word is looked at before a thread sleeps: some tens of microseconds, as long as waking takes. */
  spins: 5000
} as const

/** What a thread starts with. */
export interface Setup {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly control: SharedArrayBuffer
  readonly argumentsAt: number
  readonly names: ReadonlyArray<string>
  readonly thread: number
}
