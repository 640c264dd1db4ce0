/** How many threads a user may ask of the wasm engine, by a variable or an option. */
import { availableParallelism } from "node:os"
import { Mistaken } from "./wasm/flavour.ts"

/** Threads of the wasm engine, at most. */
export const mostThreads = 64

const isNumber = (wanted: number) => Number.isInteger(wanted) && wanted >= 1 && wanted <= mostThreads

/**
 * The number of threads: as asked, or as the variable FINEGRAIN_THREADS says, or as many as the machine runs at once.
 *
 * @throws Mistaken where that is no number of threads.
 *
 * @internal
 */
export const threadsWanted = (asked: number | undefined): number => {
  const text = process.env["FINEGRAIN_THREADS"]
  const known = `a whole number from 1 to ${mostThreads}`
  if (asked !== undefined) {
    if (isNumber(asked)) return asked
    throw new Mistaken(`threads must be ${known}, not ${asked}`)
  }
  if (text === undefined || text === "") return Math.min(availableParallelism(), mostThreads)
  if (isNumber(Number(text))) return Number(text)
  throw new Mistaken(`FINEGRAIN_THREADS must be ${known}, not "${text}"`)
}
