/** Digests of large arrays. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"

/**
 * The digest of several arrays one after the other, in pieces, so that the event loop is never blocked for long.
 *
 * @internal
 */
export const digest = Effect.fnUntraced(function*(algorithm: "sha1" | "sha256", parts: ReadonlyArray<Uint8Array>) {
  const hash = createHash(algorithm)
  const piece = 8 << 20
  for (const part of parts) {
    for (let from = 0; from < part.length; from += piece) {
      hash.update(part.subarray(from, from + piece))
      yield* Effect.yieldNow
    }
  }
  return hash.digest("hex")
})
