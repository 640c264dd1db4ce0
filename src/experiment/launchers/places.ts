/** Places of one machine, each for a process at a time; they share the GPUs evenly. */
import * as Effect from "effect/Effect"
import { visibleGpus } from "../../engine/gpus.ts"

/** Runs what asks for a place, with the GPU that the place has, if there are any. There must be a free one. */
export type Places = <A, E, R>(
  use: (gpu: string | undefined) => Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

/**
 * So many places.
 *
 * @internal
 */
export const make = (count: number, gpus: ReadonlyArray<string> = visibleGpus()): Places => {
  const places = Array.from({ length: count }, (_, place) => place)
  return (use) =>
    Effect.acquireUseRelease(
      Effect.sync(() => places.shift()!),
      (place) => use(gpus[place % gpus.length]),
      (place) => Effect.sync(() => places.unshift(place))
    )
}
