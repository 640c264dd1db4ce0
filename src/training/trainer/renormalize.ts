/** ℜ at the start of an epoch. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Batches from "../../data/Batches.ts"
import * as Network from "../../network/Network.ts"
import { scalingRefusal } from "../../network/scalingRefusal.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import { atOnce, batchTensors } from "./batchTensors.ts"
import { assignWeights } from "./evaluated.ts"
import { disposeScaling, type Session, type Standing } from "./Session.ts"

/** λ of every layer, from features of training images. */
const measuredLambdas = Effect.fnUntraced(function*({ options, prepare }: Session, epoch: number) {
  const { dataset, network, renormalizationImages = atOnce(dataset, 512), seed } = options
  const { train } = dataset
  const count = Math.min(renormalizationImages, train.count)
  const order = Batches.epochOrder(train.count, Seed.split(seed, "renormalization"), epoch)
  return yield* Effect.scoped(Effect.gen(function*() {
    const batch = prepare(yield* Batches.read(train, dataset, order, 0, count))
    const images = yield* Tensors.scoped(() => batchTensors(dataset, batch).images)
    return yield* Network.deviations(network, images)
  }))
})

/**
 * Gives state and model the ℜ that follows from λ, by default 1, at the start of an epoch; as a whole, since what an
 * interruption left would hold tensors that were freed, or an ℜ that the model does not have.
 */
export const renormalizeBy = Effect.fnUntraced(
  function*(standing: Standing, measured: ReadonlyArray<ArrayLike<number>> | undefined, epoch: number) {
    const { options: { network }, position, state } = standing
    const before = yield* Ref.get(state)
    const refusal = measured === undefined ? undefined : scalingRefusal(network, measured, before.step)
    if (refusal !== undefined) return yield* refusal
    const after = { ...before, scaling: Network.scaling(network, measured) }
    disposeScaling(before.scaling)
    yield* Ref.set(state, after)
    assignWeights(standing, after)
    yield* Ref.update(position, (at) => ({ ...at, measuredIn: epoch }))
  },
  Effect.uninterruptible
)

/** Measures λ, and gives state and model the ℜ that follows from it. */
export const renormalize = Effect.fnUntraced(function*(session: Session, epoch: number) {
  const { options: { measureLambda = true } } = session
  yield* renormalizeBy(session, measureLambda ? yield* measuredLambdas(session, epoch) : undefined, epoch)
}, Effect.uninterruptible)
