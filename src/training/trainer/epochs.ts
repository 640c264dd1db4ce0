/** What runs on datasets and loops of a user's own do alike: count steps, tell of epochs, take one after the other. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Network from "../../network/Network.ts"
import type * as Checkpoint from "../Checkpoint.ts"
import { turnedShare } from "../hardlyMoves.ts"
import { added, means } from "../measures/steps.ts"
import type { EpochDone, TrainingEvent } from "../TrainingEvent.ts"
import { afterEpoch, type Standing, type State } from "./Session.ts"
import { progress, stopped } from "./standing.ts"
import type { StepTaken } from "./step.ts"
import * as turns from "./turns.ts"

/** How a step counts: over so many examples, its measures so often, the tensors that it left, and the time so far. */
interface Counting {
  readonly examples: number
  readonly weight: number
  readonly left: number
  readonly seconds?: number
}

/** Moves the position behind a step. */
export const stepped = (
  { position }: Standing,
  { correct, loss, readings, turned, waiting }: StepTaken,
  { examples, left, seconds, weight }: Counting
): Effect.Effect<Checkpoint.Position> =>
  Ref.updateAndGet(position, (at) => ({
    ...at,
    step: at.step + 1,
    from: at.from + examples,
    lossSum: at.lossSum + loss * examples,
    correctSum: at.correctSum + correct,
    ...added(at, readings, weight),
    ...turns.counted(at.turns, turned),
    waiting,
    leaked: at.leaked + Math.abs(left),
    tensorsLeaked: at.tensorsLeaked + Math.abs(left),
    seconds: seconds ?? at.seconds
  }))

/** A norm may exceed its bound by the rounding of a sum of up to a few hundred squares in float32. */
const normTolerance = 1e-5

/** The largest norms of a network's weights, and how many of them exceed their bounds. */
const measureNorms = Effect.fnUntraced(function*(network: Network.Network, state: State) {
  const norms = yield* Network.largestNorms(network, state)
  // Written so that NaN counts as a violation.
  const violations = norms.filter(({ bound, largest }) => bound !== undefined && !(largest <= bound + normTolerance))
  return { norms, normBoundViolations: violations.length }
})

/** What an epoch of so many examples, and measures of so much weight, records without a test. */
export const untested = Effect.fnUntraced(function*(
  { options: { network }, position }: Standing,
  epoch: number,
  { examples, seconds, weight }: Readonly<Record<"examples" | "seconds" | "weight", number>>,
  state: State
) {
  const at = yield* Ref.get(position)
  return {
    _tag: "EpochDone",
    epoch,
    step: at.step,
    trainLoss: at.lossSum / examples,
    trainAccuracy: at.correctSum / examples,
    ...means(at, weight),
    testLoss: Number.NaN,
    testAccuracy: Number.NaN,
    ...(yield* measureNorms(network, state)),
    ...turnedShare(network, turns.rootMeans(at.turns)),
    tensorsLeaked: at.leaked,
    seconds,
    imagesPerSecond: examples / seconds
  } satisfies EpochDone
})

/** Takes epochs until all are done, or a control ends the run; each is recorded, then reported. */
export const epochs = Effect.fnUntraced(function*<E, R, E2, R2>(
  run: Standing,
  take: (epoch: number) => Effect.Effect<EpochDone, E, R>,
  report: (event: TrainingEvent) => Effect.Effect<void, E2, R2>
) {
  const { epochsDone, options, position } = run
  for (let { epoch } = yield* Ref.get(position); epoch <= options.epochs; epoch++) {
    if ((yield* stopped(run)) !== undefined) break
    const event = yield* take(epoch)
    yield* Ref.update(epochsDone, (all) => [...all, event])
    yield* Ref.update(position, afterEpoch)
    yield* report(event)
  }
  return yield* progress(run)
})
