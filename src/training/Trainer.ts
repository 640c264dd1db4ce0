import * as tf from "@tensorflow/tfjs-core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Augment from "../data/Augment.ts"
import * as Batches from "../data/Batches.ts"
import { DatasetInvalid } from "../data/DataError.ts"
import { type Dataset, type ImageCorrupt, type ImageSource, isStream, splitProblem } from "../data/Dataset.ts"
import * as Manifold from "../geometry/Manifold.ts"
import { missingGradient, withoutGradient } from "../network/declarations/gradients.ts"
import type { DeclarationRefused } from "../network/declarations/Refused.ts"
import { changed } from "../network/declarations/unchanged.ts"
import * as Network from "../network/Network.ts"
import * as NetworkBounds from "../network/NetworkBounds.ts"
import type { PlanError } from "../network/PlanError.ts"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import * as Seed from "../numerics/Seed.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as TensorTree from "../numerics/TensorTree.ts"
import * as FgSgd from "../optimizer/FgSgd.ts"
import * as Gradients from "../optimizer/Gradients.ts"
import * as Optimizer from "../optimizer/Optimizer.ts"
import * as StepFusion from "../optimizer/StepFusion.ts"
import type { Scaling, Told } from "../optimizer/Transform.ts"
import type * as Checkpoint from "./Checkpoint.ts"
import { classifier } from "./Classifier.ts"
import { type BatchError, batchIsSize, feasible } from "./feasible.ts"
import { fits } from "./fits.ts"
import { check as checkOptions, type OptionRefused, type TrainerOptions } from "./options.ts"
import * as Snapshot from "./Snapshot.ts"
import type { EpochDone, TrainingEvent } from "./TrainingEvent.ts"

export { OptionRefused, type TrainerOptions } from "./options.ts"
export type { EpochDone, StepDone, TrainingEvent } from "./TrainingEvent.ts"

/** What is known of a run at any moment. */
export interface TrainingProgress {
  readonly steps: number
  readonly epochs: ReadonlyArray<EpochDone>
  readonly tensorsLeaked: number
}

/** A norm may exceed its bound by the rounding of a sum of up to a few hundred squares in float32. */
const normTolerance = 1e-5

const batchTensors = ({ channels, height, width }: Dataset, batch: Batches.Batch) => ({
  images: tf.tensor4d(batch.images, [batch.labels.length, height, width, channels]),
  labels: tf.tensor1d(batch.labels, "int32")
})

const classifierOf = (network: Network.Network, seed: Seed.Seed) =>
  Effect.try({ try: () => classifier(network, seed), catch: (error) => error as DeclarationRefused })

/**
 * Mean loss and accuracy over a split. Fails with DatasetInvalid for labels that the dataset's classes do not have.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Models, Network, Trainer } from "finegrain"
 * const split = { images: new Uint8Array(2 * 64), labels: Uint8Array.of(0, 1), count: 2 }
 * const size = { classes: 2, height: 8, width: 8, channels: 1 }
 * const dataset = { name: "blank", ...size, train: split, test: split, checksum: "" }
 * const network = await Effect.runPromise(Network.make(Models.smallCnn({ ...dataset, filters: [2] })))
 * const { accuracy } = await Effect.runPromise(Trainer.evaluate(network, dataset, split, 10))
 * accuracy // => 0.5
 * ```
 */
export const evaluate = Effect.fnUntraced(function*(
  network: Network.Network,
  dataset: Dataset,
  split: ImageSource,
  batchSize: number,
  prepare: (batch: Batches.Batch) => Batches.Batch = identity
): Effect.fn.Return<
  { readonly loss: number; readonly accuracy: number },
  BatchError | DatasetInvalid | DeclarationRefused | ImageCorrupt | Tensors.ReadFailed
> {
  yield* batchIsSize(batchSize)
  const wrong = splitProblem(split, dataset, "given")
  if (wrong !== undefined) return yield* new DatasetInvalid({ dataset: dataset.name, reason: wrong })
  const { knowing } = yield* classifierOf(network, 0)
  const order = Int32Array.from({ length: split.count }, (_, i) => i)
  let [loss, correct] = [0, 0]
  for (let from = 0; from < split.count; from += batchSize) {
    const batch = prepare(yield* Batches.read(split, dataset, order, from, Math.min(from + batchSize, split.count)))
    const sums = yield* Tensors.evaluate(() => {
      const { images, labels } = batchTensors(dataset, batch)
      const result = knowing(images, labels)
      return tf.stack([tf.mul(result.loss, batch.labels.length), result.correct])
    })
    loss += sums[0]!
    correct += sums[1]!
    yield* Effect.yieldNow
  }
  return { loss: loss / split.count, accuracy: correct / split.count }
})

/** Known where images are streams, measured elsewhere. */
const normalizationOf = ({ channels, normalization, train }: Dataset) =>
  normalization ?? (isStream(train) ? undefined : Augment.normalization(train, channels))

/** Numbers in the images of a measurement, at most; 512 images of CIFAR have fewer. */
const mostNumbers = 2 ** 22

/** So many images at most, fewer where they are large. */
const atOnce = ({ channels, height, width }: Dataset, most: number) =>
  Math.max(16, Math.min(most, Math.floor(mostNumbers / (channels * height * width))))

const identity = <A>(a: A): A => a

/** Weights that are no numbers have no nearest points. */
const finite = ({ layers, variables }: Network.Network) =>
  Effect.gen(function*() {
    const sums = yield* Tensors.evaluate(() => tf.stack(variables.map((v) => tf.sum(tf.mul(v, 0)))))
    const bad = sums.findIndex((sum) => sum !== 0)
    if (bad < 0) return
    const name = layers.find(({ variable }) => variable === bad)?.name ?? variables[bad]!.name
    return yield* new Manifold.OffManifold({
      manifold: "any manifold",
      what: `the weight of ${name}, which has entries that are not finite,`,
      residual: Number.NaN,
      tolerance: 0
    })
  })

/** A run in progress. */
export interface Training {
  /**
   * Trains to the end, reporting every event. Interruptible between steps; the model keeps the last completed step's
   * weights.
   */
  readonly train: <E, R>(
    report: (event: TrainingEvent) => Effect.Effect<void, E, R>
  ) => Effect.Effect<
    TrainingProgress,
    | E
    | BatchError
    | DatasetInvalid
    | DeclarationRefused
    | Tensors.ReadFailed
    | Optimizer.OptimizerError
    | ImageCorrupt
    | Tensors.Diverged
    | Tensors.ShapeMismatch,
    R
  >
  readonly progress: Effect.Effect<TrainingProgress>
  /** Everything that a later run needs to go on from here, to the same bits; between steps. */
  readonly snapshot: Effect.Effect<Checkpoint.Snapshot, Tensors.ReadFailed>
  /** How the steps are computed on this engine; see StepFusion. */
  readonly interpretation: string
}

/** Loss and correct answers of the batch, then the norm R of every POM and its g, in one tensor: one read a step. */
const health = (loss: tf.Scalar, correct: tf.Scalar, { denominators, norms }: Told) =>
  tf.concat1d([tf.stack([loss, correct]) as tf.Tensor1D, norms!, denominators ?? tf.onesLike(norms!)])

/**
 * In so many steps of a run its events tell of every POM, in digits enough for a figure; all of a float32 would be
 * nine.
 */
const pomsTold = 50
const digits = 7

const badNorm = (norms: Float32Array) => norms.findIndex((norm) => !Number.isFinite(norm))

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
  const { batchSize, dataset, epochs, momentum = 0.9, network, schedule, seed } = options
  yield* checkOptions(options)
  yield* fits(network.model, dataset)
  yield* feasible(network, dataset, batchSize)
  const { learning } = yield* classifierOf(network, Seed.split(seed, "draws"))
  const optimizer = yield* Effect.try({
    try: () =>
      Optimizer.make(
        network.problem,
        options.transform ?? FgSgd.transform({
          schedule,
          momentum,
          weightDecay: options.weightDecay ?? 0,
          ...(options.rule === undefined ? {} : { rule: options.rule })
        })
      ),
    catch: (error) => Optimizer.refusal(error)
  })
  const { poms } = network.problem.collection
  const pomsEvery = Math.max(1, Math.ceil(epochs * Math.ceil(dataset.train.count / batchSize) / pomsTold))
  const byPom = (values: Float32Array) =>
    Object.fromEntries(poms.map(({ name }, i) => [name, Number(values[i]!.toPrecision(digits))]))
  const scale = options.normalize === true ? normalizationOf(dataset) : undefined
  const prepare = (batch: Batches.Batch) => scale === undefined ? batch : Augment.normalized(batch, scale)
  /** A function of the step, so that a resumed run sees the same images. */
  const variation = (step: number) =>
    options.augment === "crop-flip" ? Seed.split(Seed.split(seed, "augment"), step) : undefined
  yield* finite(network)
  const state = yield* Ref.make(Optimizer.init(optimizer, network.variables))
  const position = yield* Ref.make(options.from?.position ?? start)
  const epochsDone = yield* Ref.make<ReadonlyArray<EpochDone>>(options.from?.epochs ?? [])
  yield* Effect.addFinalizer(() =>
    Effect.map(Ref.get(state), (last) => {
      Optimizer.dispose(last)
      disposeScaling(last.scaling)
    })
  )
  // Gram–Schmidt and polar factors of ordinary random weights end far below this.
  yield* Manifold.checkPoint(network.problem.collection.manifold, (yield* Ref.get(state)).x, 1e-4)
  if (options.from !== undefined) {
    const initial = yield* Ref.get(state)
    const course = { epochs, images: dataset.train.count, batchSize }
    const restored = yield* Snapshot.restore(network, initial, options.from, course)
    yield* Ref.set(state, restored)
    Optimizer.dispose(initial)
    yield* Manifold.checkPoint(network.problem.collection.manifold, restored.x, 1e-4)
  }

  const measuredLambdas = Effect.fnUntraced(function*(epoch: number) {
    const count = Math.min(options.renormalizationImages ?? atOnce(dataset, 512), dataset.train.count)
    const order = Batches.epochOrder(dataset.train.count, Seed.split(seed, "renormalization"), epoch)
    return yield* Effect.scoped(Effect.gen(function*() {
      const batch = prepare(yield* Batches.read(dataset.train, dataset, order, 0, count))
      const images = yield* Tensors.scoped(() => batchTensors(dataset, batch).images)
      return yield* Network.deviations(network, images)
    }))
  })

  const renormalize = Effect.fnUntraced(function*(epoch: number) {
    const lambdas = options.measureLambda === false
      ? network.layers.map((layer) => new Float32Array(Network.inputChannels(layer)).fill(1))
      : yield* measuredLambdas(epoch)
    const before = yield* Ref.get(state)
    const scaling = Network.scaling(network, lambdas)
    disposeScaling(before.scaling)
    const after = { ...before, scaling }
    yield* Ref.set(state, after)
    yield* Ref.update(position, (at) => ({ ...at, measuredIn: epoch }))
    tf.tidy(() =>
      Network.assign(
        network,
        Tensors.fresh(Optimizer.weightsOf(optimizer, after), [after.x])
      )
    )
  }, Effect.uninterruptible)

  const step = Effect.fnUntraced(function*(batch: Batches.Batch) {
    const before = yield* Ref.get(state)
    const refusal = changed(network.model, network.variables)
    if (refusal !== undefined) return yield* refusal
    const values = yield* Effect.scoped(Effect.gen(function*() {
      let unreached: string | undefined
      const [loss, correct, gradients] = yield* Tensors.scoped(() => {
        const { images, labels } = batchTensors(dataset, prepare(batch))
        let correct: tf.Scalar | undefined
        const { grads, value } = Gradients.ofVariables(() => {
          const result = learning(images, labels, before.step)
          correct = tf.keep(result.correct)
          return result.loss
        }, network.variables)
        unreached = network.variables.find(({ name }) => grads[name] === undefined)?.name
        return [value, correct!, network.variables.map((v) => grads[v.name] ?? tf.zerosLike(v))] as const
      }).pipe(Effect.catchDefect((defect) => {
        const refusal = missingGradient(defect)
        return refusal === undefined ? Effect.die(defect) : Effect.fail(refusal)
      }))
      if (unreached !== undefined) return yield* withoutGradient(unreached)
      const updated = yield* Optimizer.step(optimizer, before, gradients)
      const summary = yield* Tensors.scoped(() => health(loss, correct, updated.told))
      const refuse = Effect.sync(() => {
        Optimizer.dispose(updated.state)
        NestedTensors.dispose(updated.weights)
      })
      const values = yield* Tensors.read(summary).pipe(
        Effect.ensuring(Effect.sync(() => TensorTree.dispose(updated.told))),
        Effect.tapError(() => refuse)
      )
      const bad = badNorm(values.subarray(2, 2 + poms.length))
      const steepest = values.subarray(2 + poms.length).findIndex((g) => !(g > 0) || !Number.isFinite(g))
      if (!Number.isFinite(values[0]!) || bad >= 0) {
        yield* refuse
        return yield* bad >= 0
          ? new Tensors.Diverged({
            layer: poms[bad]!.name,
            step: before.step,
            quantity: "gradient norm",
            value: values[2 + bad]!
          })
          : new Tensors.Diverged({ layer: "the network", step: before.step, quantity: "loss", value: values[0]! })
      }
      if (steepest >= 0) {
        yield* refuse
        const g = values[2 + poms.length + steepest]
        return yield* new Optimizer.OptimizerError({
          stage: "step size",
          reason: `the rule gives g = ${g} for ${poms[steepest]!.name}, which must be positive and finite`
        })
      }
      Network.assign(network, updated.weights)
      NestedTensors.dispose(updated.weights)
      yield* Ref.set(state, updated.state)
      Optimizer.dispose(before)
      return values
    })).pipe(Effect.uninterruptible)
    const norms = values.subarray(2, 2 + poms.length)
    const denominators = values.subarray(2 + poms.length)
    return {
      loss: values[0]!,
      correct: values[1]!,
      gradientNorm: Math.sqrt(norms.reduce((sum, norm) => sum + norm ** 2, 0)),
      images: batch.labels.length,
      rate: schedule.rate(before.step),
      perPom: before.step % pomsEvery === 0
        ? { factors: byPom(denominators.map((g) => 1 / g)), gradientNorms: byPom(norms) }
        : {}
    }
  })

  /**
   * The last step of an epoch is followed by no other that would see what it did: its loss is that of the test, and
   * every weight is looked at.
   */
  const isHealthy = Effect.fnUntraced(function*(step: number, loss: number) {
    if (!Number.isFinite(loss)) {
      return yield* new Tensors.Diverged({ layer: "the network", step, quantity: "test loss", value: loss })
    }
    const { weights } = network.model
    const sums = yield* Tensors.evaluate(() =>
      tf.stack(weights.map((weight) => tf.sum(tf.mul(tf.cast(weight.read(), "float32"), 0))))
    )
    const bad = sums.findIndex((sum) => !Number.isFinite(sum))
    if (bad >= 0) {
      return yield* new Tensors.Diverged({ layer: weights[bad]!.name, step, quantity: "weight", value: Number.NaN })
    }
  })

  const runEpoch = Effect.fnUntraced(function*<E, R>(
    epoch: number,
    report: (event: TrainingEvent) => Effect.Effect<void, E, R>
  ) {
    const order = Batches.epochOrder(dataset.train.count, Seed.split(seed, "order"), epoch)
    const began = (yield* Ref.get(position)).seconds
    const started = yield* Clock.currentTimeMillis
    const read = (from: number, step: number) =>
      Batches.read(dataset.train, dataset, order, from, Math.min(from + batchSize, order.length), variation(step))
    const begin = yield* Ref.get(position)
    let next = yield* read(begin.from, begin.step)
    for (let { from } = begin; from < order.length; from += batchSize) {
      const batch = next
      // The next batch is read while this one trains.
      const reading = from + batchSize < order.length
        ? yield* Effect.forkChild(read(from + batchSize, (yield* Ref.get(position)).step + 1), {
          startImmediately: true
        })
        : undefined
      const [done, left] = yield* Tensors.counted(step(batch))
      const seconds = began + ((yield* Clock.currentTimeMillis) - started) / 1000
      const now = yield* Ref.updateAndGet(position, (at) => ({
        ...at,
        step: at.step + 1,
        from: from + done.images,
        lossSum: at.lossSum + done.loss * done.images,
        correctSum: at.correctSum + done.correct,
        gradientNormSum: at.gradientNormSum + done.gradientNorm,
        leaked: at.leaked + Math.abs(left),
        tensorsLeaked: at.tensorsLeaked + Math.abs(left),
        seconds
      }))
      yield* report({
        _tag: "StepDone",
        step: now.step,
        epoch,
        loss: done.loss,
        rate: done.rate,
        images: (epoch - 1) * order.length + now.from,
        gradientNorm: done.gradientNorm,
        ...done.perPom
      })
      // A step blocks the event loop: let signals in before the next one.
      yield* Effect.yieldNow
      if (reading !== undefined) next = yield* Fiber.join(reading)
    }
    return order.length
  })

  const train: Training["train"] = Effect.fnUntraced(function*(report) {
    for (let { epoch } = yield* Ref.get(position); epoch <= epochs; epoch++) {
      // Resumed within an epoch, ℜ is the one that was measured at its start.
      if ((yield* Ref.get(position)).measuredIn < epoch) yield* renormalize(epoch)
      const seen = yield* runEpoch(epoch, report)
      const { correctSum, gradientNormSum, leaked, lossSum, seconds, step } = yield* Ref.get(position)
      const test = yield* evaluate(network, dataset, dataset.test, atOnce(dataset, 500), prepare)
      yield* isHealthy(step, test.loss)
      const norms = yield* Network.largestNorms(network, yield* Ref.get(state))
      const event: EpochDone = {
        _tag: "EpochDone",
        epoch,
        step,
        trainLoss: lossSum / seen,
        trainAccuracy: correctSum / seen,
        gradientNorm: gradientNormSum / Math.ceil(seen / batchSize),
        testLoss: test.loss,
        testAccuracy: test.accuracy,
        norms,
        // Written so that NaN counts as a violation.
        normBoundViolations: norms.filter(({ bound, largest }) =>
          bound !== undefined && !(largest <= bound + normTolerance)
        ).length,
        ...(options.measureBounds === true
          ? { bounds: yield* NetworkBounds.measure(network, dataset.train.count) }
          : {}),
        tensorsLeaked: leaked,
        seconds,
        imagesPerSecond: seen / seconds
      }
      yield* Ref.update(epochsDone, (all) => [...all, event])
      yield* Ref.update(
        position,
        ({ step, tensorsLeaked }) => ({ ...start, step, tensorsLeaked, measuredIn: epoch, epoch: epoch + 1 })
      )
      yield* report(event)
    }
    return yield* progress
  })

  const progress = Effect.gen(function*() {
    const { step, tensorsLeaked } = yield* Ref.get(position)
    return { steps: step, epochs: yield* Ref.get(epochsDone), tensorsLeaked }
  })
  const snapshot = Effect.gen(function*() {
    return {
      fingerprint: Network.fingerprint(network),
      position: yield* Ref.get(position),
      epochs: yield* Ref.get(epochsDone),
      tensors: yield* Snapshot.take(network, yield* Ref.get(state))
    }
  })
  return { train, progress, snapshot, interpretation: StepFusion.interpretation(optimizer) }
})

/** Before the first step. */
const start: Checkpoint.Position = {
  step: 0,
  epoch: 1,
  from: 0,
  measuredIn: 0,
  lossSum: 0,
  gradientNormSum: 0,
  correctSum: 0,
  leaked: 0,
  seconds: 0,
  tensorsLeaked: 0
}

const disposeScaling = (scaling: Scaling): void => {
  for (const factor of scaling) factor?.dispose()
}
