/** The kind of SIMD that the wasm engine runs. */
import { variable } from "../variable.ts"

/** A setting that cannot be meant: never a reason to try the next engine. */
export class Mistaken extends RangeError {}

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
  const text = variable("FINEGRAIN_SIMD") ?? ""
  const found = flavours.find((flavour) => flavour === text)
  if (found === undefined && text !== "") throw new Mistaken(`FINEGRAIN_SIMD must be plain or relaxed, not "${text}"`)
  return found
}
