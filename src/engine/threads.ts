/** What a user may say of the wasm engine by variables and options: threads, and the kind of SIMD. */
import { availableParallelism } from "node:os"

/** Threads of the wasm engine, at most. */
export const mostThreads = 64

/** A setting that cannot be meant: never a reason to try the next engine. */
export class Mistaken extends RangeError {}

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

/**
 * Kinds of SIMD: that which rounds alike on every processor, and that which multiplies and adds at once where the
 * processor can.
 */
export const flavours = ["plain", "relaxed"] as const

/**
 * The kind of SIMD that the variable FINEGRAIN_SIMD asks for; undefined where any will do.
 *
 * @throws Mistaken where it names none.
 *
 * @internal
 */
export const flavourWanted = (): (typeof flavours)[number] | undefined => {
  const text = process.env["FINEGRAIN_SIMD"] ?? ""
  const found = flavours.find((flavour) => flavour === text)
  if (found === undefined && text !== "") throw new Mistaken(`FINEGRAIN_SIMD must be plain or relaxed, not "${text}"`)
  return found
}
