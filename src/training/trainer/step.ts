/** One step of a run. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Batches from "../../data/Batches.ts"
import type { Dataset } from "../../data/Dataset.ts"
import * as Variations from "../../data/Variations.ts"
import { missingGradient, withoutGradient } from "../../network/declarations/gradients.ts"
import { changed } from "../../network/declarations/unchanged.ts"
import * as Network from "../../network/Network.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { readTogether } from "../../numerics/readTogether.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import * as TensorTree from "../../numerics/TensorTree.ts"
import * as Gradients from "../../optimizer/Gradients.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"
import { stepRefusal } from "../../optimizer/stepRefusal.ts"
import type { Told } from "../../optimizer/Transform.ts"
import type * as Checkpoint from "../Checkpoint.ts"
import type { Lesson } from "../Classifier.ts"
import { pomReadingsOf, readingsOf } from "../measures/steps.ts"
import type { TrainerOptions } from "../options.ts"
import { answersOf, batchTensors } from "./batchTensors.ts"
import type { Session, Standing, Stepping } from "./Session.ts"
import * as turns from "./turns.ts"

/** A loss of the network's variables, and of how many examples the answer was right, where that is known. */
export interface Learned {
  readonly loss: tf.Scalar
  readonly correct?: tf.Scalar
}

/**
 * Loss, correct answers and gradients of what `prepare` gives, in the region in which it made its tensors; fails with
 * DeclarationRefused where weights have no gradient.
 */
const learn = Effect.fnUntraced(function*({ variables }: Network.Network, prepare: () => () => Learned) {
  let unreached: string | undefined
  const learned = yield* Tensors.scoped(() => {
    const lossOf = prepare()
    let correct: tf.Scalar | undefined
    const { grads, value } = Gradients.ofVariables(() => {
      const result = lossOf()
      correct = tf.keep(result.correct ?? tf.scalar(Number.NaN))
      return result.loss
    }, variables)
    unreached = variables.find(({ name }) => grads[name] === undefined)?.name
    return { loss: value, correct: correct!, gradients: variables.map((v) => grads[v.name] ?? tf.zerosLike(v)) }
  }).pipe(Effect.catchDefect((defect) => {
    const refusal = missingGradient(defect)
    return refusal === undefined ? Effect.die(defect) : Effect.fail(refusal)
  }))
  return unreached === undefined ? learned : yield* withoutGradient(unreached)
})

/** Under this name a step reads how far it turns kernels. */
const turnKey = "turnSquares"

/** What a step reads before it is taken. */
const read = (
  { correct, loss }: { readonly loss: tf.Scalar; readonly correct: tf.Scalar },
  told: Told,
  turned: () => Readonly<Record<string, tf.Tensor>>
) =>
  Effect.scoped(Effect.gen(function*() {
    const norms = told["norms"]!
    const denominators = told["denominators"] ?? (yield* Tensors.scoped(() => tf.onesLike(norms)))
    // Last, so that no transform that tells of POMs takes the place of what is known of the batch.
    const more = yield* Tensors.scoped(turned)
    const read = yield* readTogether({ ...told, norms, denominators, loss, correct, ...more })
    const squares = Object.hasOwn(more, turnKey) ? (read as Readonly<Record<string, Float32Array>>)[turnKey] : undefined
    return { loss: read.loss[0]!, correct: read.correct[0]!, told: read, squares }
  })).pipe(Effect.ensuring(Effect.sync(() => TensorTree.dispose(told))))

/** Makes the tensors that a step needs, and gives its loss. */
type LossAt = (step: number) => () => Learned

/** The step as it is committed: only after a read that found its numbers to be numbers. */
const commit = Effect.fnUntraced(function*(stepping: Stepping, lossAt: LossAt, measures: boolean) {
  const { optimizer, options: { network }, state } = stepping
  const before = yield* Ref.get(state)
  const learned = yield* learn(network, () => lossAt(before.step))
  const { moved, state: after, told, weights } = yield* Optimizer.step(optimizer, before, learned.gradients)
  const refuse = Effect.sync(() => {
    Optimizer.dispose(after)
    NestedTensors.dispose(weights)
  })
  const turned = (): Readonly<Record<string, tf.Tensor>> => {
    const squares = measures && moved ? turns.squares(network, network.variables, weights) : undefined
    return squares === undefined ? {} : { [turnKey]: squares }
  }
  const found = yield* Effect.tapError(read(learned, told, turned), () => refuse)
  const refusal = stepRefusal({ ...found.told, loss: found.loss }, network.problem.collection.poms, before.step)
  if (refusal !== undefined) {
    yield* refuse
    return yield* refusal
  }
  Network.assign(network, weights)
  NestedTensors.dispose(weights)
  yield* Ref.set(state, after)
  Optimizer.dispose(before)
  return { ...found, moved, step: before.step }
}, Effect.scoped)

/** In so many steps of a run its events tell of every POM. */
const pomsTold = 50

/** Of every how many steps one tells of every POM. */
const pomsEvery = ({ batchSize, dataset, epochs }: TrainerOptions) =>
  Math.max(1, Math.ceil(epochs * Math.ceil(dataset.train.count / batchSize) / pomsTold))

/** Steps of an epoch that measure how far they turn kernels, where that is asked for. */
const turnsMeasured = 8

/** Whether a step measures how far it turns kernels since the end of its epoch asks for it. */
const isAsked = ({ batchSize, dataset, measures = [] }: TrainerOptions, step: number) => {
  const stepsPerEpoch = Math.ceil(dataset.train.count / batchSize)
  return measures.some(({ asksTurns }) => asksTurns === true) &&
    (step % stepsPerEpoch) % Math.ceil(stepsPerEpoch / turnsMeasured) === 0
}

/** What a step is to tell beyond its loss: of every POM, and how far it turns kernels. */
type Asked = NonNullable<Checkpoint.Position["waiting"]>

/**
 * Takes a step down the gradient of a loss, or none at all; told of every POM where that is asked for, with how far it
 * turned kernels, which other steps may measure as well. While gradients accumulate nothing turns, and g is not known:
 * what is asked for then waits for the next step that moves the point.
 */
export const takeStep = Effect.fnUntraced(
  function*(standing: Standing, lossAt: LossAt, asks: (step: number) => Asked) {
    const { network, schedule } = standing.options
    const { model, problem: { collection: { poms } }, variables } = network
    const refusal = changed(model, variables)
    if (refusal !== undefined) return yield* refusal
    const { waiting } = yield* Ref.get(standing.position)
    const now = asks((yield* Ref.get(standing.state)).step)
    const asked = { poms: now.poms || waiting?.poms === true, turns: now.turns || waiting?.turns === true }
    const measures = asked.poms || asked.turns
    const committing = commit(standing, lossAt, measures)
    const { correct, loss, moved, squares, step, told } = yield* Effect.uninterruptible(committing)
    const rate = schedule.rate(step)
    const turned = squares === undefined ? undefined : turns.turnsOf(network, squares)
    const angles = turned === undefined ? {} : { angles: Float32Array.from(turned.poms) }
    const facts = { loss, rate, told: { ...told, ...angles } }
    return {
      turned,
      loss,
      rate,
      correct,
      readings: readingsOf(facts),
      perPom: asked.poms && moved ? pomReadingsOf(facts, poms) : {},
      waiting: measures && !moved ? asked : undefined
    }
  }
)

/** What a step tells. */
export type StepTaken = Effect.Success<ReturnType<typeof takeStep>>

/** A batch as a step learns from it. */
const lessonOf = (dataset: Dataset, batch: Batches.Batch): Lesson => ({
  ...batchTensors(dataset, batch),
  ...(batch.mixed === undefined
    ? {}
    : { mixed: { answers: answersOf(dataset, batch.mixed), share: batch.mixed.share } })
})

/** Takes a step on a batch, or none at all. */
export const takeBatch = (session: Session, batch: Batches.Batch) => {
  const { learning, options: { dataset, seed, vary = [] }, options, prepare } = session
  const lossAt: LossAt = (step) => {
    const varied = Variations.varied(vary, batch, dataset, Seed.split(Seed.split(seed, "vary"), step))
    const lesson = lessonOf(dataset, prepare(varied))
    return () => learning(lesson, step)
  }
  return takeStep(session, lossAt, (step) => ({
    poms: step % pomsEvery(options) === 0,
    turns: isAsked(options, step)
  }))
}
