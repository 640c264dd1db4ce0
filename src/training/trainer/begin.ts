/** Where a run begins: with the points nearest to the model's weights, or where an earlier one stood. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Manifold from "../../geometry/Manifold.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"
import type * as Checkpoint from "../Checkpoint.ts"
import * as Snapshot from "../Snapshot.ts"
import { disposeScaling, type Stepping } from "./Session.ts"

/** Frees what the run holds. */
const release = ({ state }: Stepping) =>
  Effect.map(Ref.get(state), (last) => {
    Optimizer.dispose(last)
    disposeScaling(last.scaling)
  })

/** Puts the state of an earlier run in the place of the first one, as a whole, so that either is freed. */
const goOn = Effect.fnUntraced(
  function*({ options: { network }, state }: Stepping, from: Checkpoint.Snapshot, course?: Snapshot.Course) {
    const initial = yield* Ref.get(state)
    const restored = yield* Snapshot.restore(network, initial, from, course)
    yield* Ref.set(state, restored)
    Optimizer.dispose(initial)
    return restored
  },
  Effect.uninterruptible
)

/** Gram–Schmidt and polar factors of ordinary random weights end far below this. */
const startTolerance = 1e-4

/**
 * Looks at the points that the run begins with, and puts those of an earlier one in their place; they are freed with
 * the scope.
 */
export const begin = Effect.fnUntraced(
  function*(stepping: Stepping, from: Checkpoint.Snapshot | undefined, course?: Snapshot.Course) {
    yield* Effect.addFinalizer(() => release(stepping))
    const { options: { network }, state } = stepping
    const { manifold } = network.problem.collection
    const initial = yield* Ref.get(state)
    yield* Manifold.checkPoint(manifold, initial.x, startTolerance)
    if (from === undefined) return
    const restored = yield* goOn(stepping, from, course)
    yield* Manifold.checkPoint(manifold, restored.x, startTolerance)
  }
)
