/** Training as events: epochs of steps, what is measured between them, and a state to go on from. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type { DatasetInvalid } from "../data/DataError.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type { DeclarationRefused } from "../network/declarations/Refused.ts"
import type { PlanError } from "../network/PlanError.ts"
import * as Seed from "../numerics/Seed.ts"
import type * as Tensors from "../numerics/Tensors.ts"
import * as Optimizer from "../optimizer/Optimizer.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import { type BatchError, feasible } from "./feasible.ts"
import { fits } from "./fits.ts"
import { check as checkOptions, type OptionRefused, type TrainerOptions } from "./options.ts"
import * as Tracing from "./Tracing.ts"
import { begin } from "./trainer/begin.ts"
import { evaluationOf, measureEpoch, runSteps } from "./trainer/epoch.ts"
import { epochs } from "./trainer/epochs.ts"
import { classifierOf, type Evaluated, tellsClasses } from "./trainer/evaluate.ts"
import { weightsAreFinite } from "./trainer/finite.ts"
import { renormalize } from "./trainer/renormalize.ts"
import { optimizerOf, preparation, preprocessing, type Session, start } from "./trainer/Session.ts"
import { standing } from "./trainer/standing.ts"
import type { Training } from "./Training.ts"
import type { EpochDone, TrainingEvent } from "./TrainingEvent.ts"

export { OptionRefused, type TrainerOptions } from "./options.ts"
export { evaluate, type Evaluated, type EvaluationError, type Outputs } from "./trainer/evaluate.ts"
export type { Training, TrainingProgress } from "./Training.ts"
export type { EpochDone, StepDone, TrainingEvent } from "./TrainingEvent.ts"

const trainEpoch = Effect.fnUntraced(function*<E, R>(
  session: Session,
  epoch: number,
  report: (event: TrainingEvent) => Effect.Effect<void, E, R>
) {
  // Resumed within an epoch, ℜ is the one that was measured at its start.
  if ((yield* Ref.get(session.position)).measuredIn < epoch) {
    yield* Tracing.span("renormalize")(renormalize(session, epoch))
  }
  const seen = yield* Tracing.span("steps")(runSteps(session, epoch, report))
  return yield* Tracing.span("measure")(measureEpoch(session, epoch, seen))
})

const train = <E, R>(session: Session, report: (event: TrainingEvent) => Effect.Effect<void, E, R>) =>
  epochs(session, (epoch) => Tracing.span("epoch", { epoch })(trainEpoch(session, epoch, report)), report)

/**
 * Prepares a run: puts ω on the manifolds, at the points nearest to the model's weights; λ is measured when each epoch
 * starts.
 *
 * Whatever the model's layers draw in training follows from the seed and the step. Fails with DatasetInvalid for a
 * dataset that is not what it says, with PlanError where its images are smaller than a window of the network, with
 * OptionRefused where nothing is to be done, with BatchError for a batch that is none or that memory cannot hold, with
 * ShapeMismatch where model and dataset do not fit, with DeclarationRefused where the model declares what cannot be
 * honoured (also later, once weights are frozen or unfrozen), with OffManifold where initial weights have no nearest
 * point (kernels of zeros), and while training with Diverged, which names the layer, the step and the quantity.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Models, Network, Schedule, Trainer } from "finegrain"
 * const split = { images: new Uint8Array(2 * 64), labels: Uint8Array.of(0, 1), count: 2 }
 * const size = { classes: 2, height: 8, width: 8, channels: 1 }
 * const dataset = { name: "blank", ...size, train: split, test: split, checksum: "" }
 * const program = Effect.gen(function*() {
 *   const network = yield* Network.make(Models.smallCnn({ ...dataset, filters: [2] }), { specification: "Sp" })
 *   const schedule = Schedule.constant(0.1)
 *   const run = yield* Trainer.make({ network, dataset, schedule, epochs: 1, batchSize: 1, seed: 1 })
 *   return yield* run.train(() => Effect.void)
 * })
 * const { steps, tensorsLeaked } = await Effect.runPromise(Effect.scoped(program))
 * [steps, tensorsLeaked] // => [2, 0]
 * ```
 */
export const make = Effect.fnUntraced(function*(
  options: TrainerOptions
): Effect.fn.Return<
  Training,
  | BatchError
  | Checkpoint.CheckpointMismatch
  | DatasetInvalid
  | DeclarationRefused
  | Tensors.ReadFailed
  | Optimizer.OptimizerError
  | Manifold.OffManifold
  | OptionRefused
  | PlanError
  | Tensors.ShapeMismatch,
  Scope.Scope
> {
  yield* checkOptions(options)
  const { batchSize, dataset, network, seed } = options
  yield* fits(network.model, dataset, options.loss)
  yield* feasible(network, dataset, batchSize)
  const { learning } = yield* classifierOf(network, Seed.split(seed, "draws"), options.loss, options.classWeights)
  const optimizer = yield* optimizerOf(options)
  const prepare = preparation(options)
  yield* weightsAreFinite(network)
  const session: Session = {
    options,
    optimizer,
    learning,
    prepare,
    state: yield* Ref.make(Optimizer.init(optimizer, network.variables)),
    tested: yield* Ref.make<Evaluated | undefined>(undefined),
    position: yield* Ref.make(options.from?.position ?? start),
    epochsDone: yield* Ref.make<ReadonlyArray<EpochDone>>(options.from?.epochs ?? [])
  }
  yield* begin(session, options.from, { epochs: options.epochs, images: dataset.train.count, batchSize })
  return {
    ...standing(session, options.epochs),
    train: (report) => train(session, report),
    preprocessing: preprocessing(options),
    ...(dataset.targets === undefined && tellsClasses(dataset, options.loss)
      ? { evaluation: evaluationOf(session) }
      : {}),
    resumes: "steps"
  }
})
