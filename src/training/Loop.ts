/**
 * Training by a loop of the user's own: it chooses batches, losses and tests; steps, ℜ, checkpoints and measures are
 * those of every run.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Manifold from "../geometry/Manifold.ts"
import * as Network from "../network/Network.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as Optimizer from "../optimizer/Optimizer.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import { chainRefusal, countRefusal, type OptionRefused, testsRefusal, type TrainerOptions } from "./options.ts"
import { begin } from "./trainer/begin.ts"
import { epochs, stepped, untested } from "./trainer/epochs.ts"
import { withEvaluated } from "./trainer/evaluated.ts"
import { epochIsFinite, weightsAreFinite } from "./trainer/finite.ts"
import { renormalizeBy } from "./trainer/renormalize.ts"
import { optimizerOf, type OptimizerOptions, type Standing, start } from "./trainer/Session.ts"
import { isDue, standing } from "./trainer/standing.ts"
import { type Learned, takeStep } from "./trainer/step.ts"
import type { Training } from "./Training.ts"
import type { EpochDone, StepDone, TrainingEvent } from "./TrainingEvent.ts"

export type { Learned } from "./trainer/step.ts"

/** What a test found. */
export interface Tested {
  readonly loss: number
  /** Share of right answers; NaN where there are none. */
  readonly accuracy?: number
}

/** A step of a loop: over so many examples, down the gradient of a loss of the network's variables. */
export interface LoopStep {
  readonly examples: number
  readonly loss: (step: number) => Learned
}

/** What a loop and the trainer have in common. */
type LoopOption = "controls" | "epochs" | "evaluate" | "from" | "keepBest" | "testEvery"

/** What a loop does. */
export interface LoopOptions<E, R> extends OptimizerOptions, Pick<TrainerOptions, LoopOption> {
  /** Examples in an epoch. */
  readonly examples: number
  /** The steps of an epoch, from 1: a function of its number, if a later run is to go on to the same bits. */
  readonly steps: (epoch: number) => Stream.Stream<LoopStep, E, R>
  /** Tests the model, which holds the weights to be tested. */
  readonly test: Effect.Effect<Tested, E, R>
  /** Inputs of the network from which λ is measured at the start of an epoch; without them ℜ = γ. */
  readonly features?: (epoch: number) => tf.Tensor
}

/** A loop in progress. */
interface Looping<E, R> extends Standing {
  readonly options: LoopOptions<E, R>
}

/** ℜ at the start of an epoch, from features where they are given. */
const renormalize = Effect.fnUntraced(function*<E, R>(loop: Looping<E, R>, epoch: number) {
  const { features, network } = loop.options
  const lambdas = features === undefined
    ? undefined
    : yield* Effect.scoped(
      Effect.flatMap(Tensors.scoped(() => tf.clone(features(epoch))), (inputs) => Network.deviations(network, inputs))
    )
  yield* renormalizeBy(loop, lambdas, epoch)
})

/** A step, counted; the first of an epoch tells of every POM. */
const take = Effect.fnUntraced(function*<E, R>(loop: Looping<E, R>, { examples, loss }: LoopStep, epoch: number) {
  const { from } = yield* Ref.get(loop.position)
  const [taken, left] = yield* Tensors.counted(
    takeStep(loop, (step) => () => loss(step), () => ({ poms: from === 0, turns: false }))
  )
  const { loss: value, perPom, rate, readings } = taken
  const now = yield* stepped(loop, taken, { examples, left, weight: examples })
  const images = (epoch - 1) * loop.options.examples + now.from
  return {
    _tag: "StepDone",
    step: now.step,
    epoch,
    images,
    loss: value,
    rate,
    ...readings,
    ...perPom
  } satisfies StepDone
})

/** What is measured at the end of an epoch, of the weights that are tested. */
const measured = <E, R>(loop: Looping<E, R>, epoch: number, seconds: number) =>
  withEvaluated(loop, (state) =>
    Effect.gen(function*() {
      const { options: { network, test, testEvery }, position } = loop
      const { from } = yield* Ref.get(position)
      const event = yield* untested(loop, epoch, { examples: from, seconds, weight: from }, state)
      const tested = (yield* isDue(loop, event, testEvery)) ? yield* test : undefined
      yield* epochIsFinite(network, event.step, tested?.loss)
      return tested === undefined
        ? event
        : { ...event, testLoss: tested.loss, testAccuracy: tested.accuracy ?? Number.NaN }
    }))

const train = <E, R, E2, R2>(loop: Looping<E, R>, report: (event: TrainingEvent) => Effect.Effect<void, E2, R2>) => {
  const trainEpoch = Effect.fnUntraced(function*(epoch: number) {
    const began = yield* Clock.currentTimeMillis
    yield* renormalize(loop, epoch)
    // A step blocks the event loop: let signals in before the next one.
    yield* Stream.runForEach(
      loop.options.steps(epoch),
      (step) => take(loop, step, epoch).pipe(Effect.flatMap(report), Effect.andThen(Effect.yieldNow))
    )
    return yield* measured(loop, epoch, ((yield* Clock.currentTimeMillis) - began) / 1000)
  })
  return epochs(loop, trainEpoch, report)
}

/**
 * Prepares a run by a loop of the user's own, as `Trainer.make` does one of classification; `Run.record` records
 * either.
 *
 * A later run goes on from ends of epochs, where only the network, the optimizer and the number of the epoch matter.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Loop, Network, Schedule } from "finegrain"
 * // The first of two inputs, by a linear network.
 * const layer = tfl.layers.dense({ inputShape: [2], units: 1, useBias: false })
 * const model = tfl.sequential({ layers: [layer] })
 * const x = tf.tensor2d([[1, 0], [0, 1], [1, 1]])
 * const loss = () => tf.mean(tf.square(tf.sub(model.apply(x) as tf.Tensor, tf.slice(x, 0, [3, 1])))) as tf.Scalar
 * const program = Effect.gen(function*() {
 *   const network = yield* Network.make(model, { specification: "Euc" })
 *   const run = yield* Loop.make({
 *     network,
 *     schedule: Schedule.constant(0.5),
 *     momentum: 0,
 *     epochs: 40,
 *     examples: 3,
 *     steps: () => Stream.make({ examples: 3, loss: () => ({ loss: loss() }) }),
 *     test: Effect.sync(() => ({ loss: loss().dataSync()[0]! }))
 *   })
 *   return yield* run.train(() => Effect.void)
 * })
 * const { epochs } = await Effect.runPromise(Effect.scoped(program))
 * epochs.at(-1)!.testLoss < 1e-3 // => true
 * ```
 */
export const make = Effect.fnUntraced(function*<E = never, R = never>(
  options: LoopOptions<E, R>
): Effect.fn.Return<
  Training<E, R>,
  | Checkpoint.CheckpointMismatch
  | Manifold.OffManifold
  | OptionRefused
  | Optimizer.OptimizerError
  | Tensors.ReadFailed,
  Scope.Scope
> {
  const { from, network } = options
  const refusal = countRefusal("epochs", options.epochs) ?? countRefusal("examples", options.examples) ??
    testsRefusal(options) ?? chainRefusal(options)
  if (refusal !== undefined) return yield* refusal
  const optimizer = yield* optimizerOf(options)
  yield* weightsAreFinite(network)
  const loop: Looping<E, R> = {
    options,
    optimizer,
    state: yield* Ref.make(Optimizer.init(optimizer, network.variables)),
    position: yield* Ref.make(from?.position ?? start),
    epochsDone: yield* Ref.make<ReadonlyArray<EpochDone>>(from?.epochs ?? [])
  }
  yield* begin(loop, from)
  return {
    ...standing(loop, options.epochs),
    train: (report) => train(loop, report),
    resumes: "epochs"
  }
})
