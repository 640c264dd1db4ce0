/** At most so many calls a thread wait to be made. */
export const sharesEach = 4

/** Where the pool and its threads talk: words of 32 bits, then the call, then the arguments of every share of it. */
export const words = {
  /** Counts calls; threads wait for it to change. */
  generation: 0,
  /** Threads in the call, beside the one that calls; from `closed` on none may enter it any more. */
  inside: 1,
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
  shareNumbers: 32
} as const

/**
 * How often a word is looked at before a thread sleeps. Sleeping and waking take some tens of microseconds, a hundred
 * on virtual machines; the time between two calls of a step is of that order.
 */
const spins = { fewest: 5000, most: 80_000 } as const

/**
 * Looks at a word for a while until it is as it is waited for; false where it is not. Twice as long after it paid, up
 * to half a millisecond, and shortly again after it did not: on a machine that is taken otherwise, a thread that looks
 * is in the way of those that it waits for.
 */
export const looking = (
  shared: Int32Array<SharedArrayBuffer>,
  word: number
): (as: (value: number) => boolean) => boolean => {
  let limit: number = spins.fewest
  return (as) => {
    for (let spin = 0; spin < limit; spin++) {
      if (as(Atomics.load(shared, word))) {
        limit = Math.min(spins.most, 2 * limit)
        return true
      }
    }
    limit = spins.fewest
    return false
  }
}

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

/**
 * A call closes when all of its shares are taken, so that nobody waits for a thread that has not woken by then; a
 * thread reads what is called only inside, and the next call begins when all have left.
 */
export const closed = 1 << 30

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
