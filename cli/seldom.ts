/** Work that is worth doing now and then, and not more than its share of the time. */
import * as Effect from "effect/Effect"

/**
 * Work that is left out for so many milliseconds after it was done, and twenty times as long as it took.
 *
 * @internal
 */
export const seldom = <A, E, R>(every: number, work: Effect.Effect<A, E, R>): Effect.Effect<void, E, R> => {
  let next = Number.NEGATIVE_INFINITY
  return Effect.suspend(() => {
    const began = performance.now()
    if (began < next) return Effect.void
    return Effect.map(work, () => {
      const now = performance.now()
      next = now + Math.max(every, 20 * (now - began))
    })
  })
}
