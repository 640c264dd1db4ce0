/** At most so many calls a thread wait to be made. */
export const sharesEach = 4

/** Where the pool and its threads talk: words of 32 bits, then the call, then the arguments of every share of it. */
export const words = {
  /** Counts calls; threads wait for it to change. */
  generation: 0,
  /** Threads that have not yet finished the call. */
  pending: 1,
  /** Whether a thread's function trapped. */
  failed: 2,
  /** The share that is taken next. */
  next: 3,
  count: 4,
  /**
   * Numbers of double precision that say what is called: a function's index, its shares, their arguments, and the bytes
   * of a thread's room.
   */
  callNumbers: 4,
  /** Numbers of double precision for the arguments of one share. */
  shareNumbers: 32,
  /** How often a word is looked at before a thread sleeps: some tens of microseconds, as long as waking takes. */
  spins: 5000
} as const

/**
 * How long a thread may stay with one share of a call before it counts as lost, in milliseconds: far longer than any
 * share takes.
 */
export const longest = 60_000

/**
 * So many times within that it is looked whether anything moved. A process that was stopped for a while meets one of
 * them at most.
 */
export const looks = 60

/** The memory of a pool of so many threads. */
export const controlBytes = (threads: number): number =>
  4 * words.count + 8 * (words.callNumbers + words.shareNumbers * sharesEach * threads)

/** What a thread starts with. */
export interface Setup {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly control: SharedArrayBuffer
  readonly names: ReadonlyArray<string>
  /** 0 is the thread that calls. */
  readonly thread: number
}

type Functions = Readonly<Record<string, (...values: ReadonlyArray<number>) => void>>

/**
 * Takes shares of the present call one by one until none is left, and makes their calls. The last argument is the room
 * of the first thread where threads have room of their own.
 */
export const takeShares = (
  control: SharedArrayBuffer,
  functions: Functions,
  names: ReadonlyArray<string>,
  thread: number
): void => {
  const shared = new Int32Array(control, 0, words.count)
  const call = new Float64Array(control, 4 * words.count, words.callNumbers)
  const [name, shares, count, roomBytes] = call as unknown as readonly [number, number, number, number]
  const run = functions[names[name]!]!
  for (let share = Atomics.add(shared, words.next, 1); share < shares; share = Atomics.add(shared, words.next, 1)) {
    const at = 4 * words.count + 8 * (words.callNumbers + words.shareNumbers * share)
    const values = Array.from(new Float64Array(control, at, count))
    if (roomBytes > 0) values[count - 1]! += thread * roomBytes
    run(...values)
  }
}
