/** One step of a run. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Batches from "../../data/Batches.ts"
import { missingGradient, withoutGradient } from "../../network/declarations/gradients.ts"
import { changed } from "../../network/declarations/unchanged.ts"
import * as Network from "../../network/Network.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { readTogether } from "../../numerics/readTogether.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import * as TensorTree from "../../numerics/TensorTree.ts"
import * as Gradients from "../../optimizer/Gradients.ts"
import * as Optimizer from "../../optimizer/Optimizer.ts"
import type { Told } from "../../optimizer/Transform.ts"
import type { TrainerOptions } from "../options.ts"
import { batchTensors } from "./batchTensors.ts"
import { stepRefusal } from "./finite.ts"
import type { Session } from "./Session.ts"

/** Loss, correct answers and gradients of a batch; fails with DeclarationRefused where weights have none. */
const learn = Effect.fnUntraced(function*({ learning, options, prepare }: Session, batch: Batches.Batch, step: number) {
  const { dataset, network: { variables } } = options
  let unreached: string | undefined
  const learned = yield* Tensors.scoped(() => {
    const { images, labels } = batchTensors(dataset, prepare(batch))
    let correct: tf.Scalar | undefined
    const { grads, value } = Gradients.ofVariables(() => {
      const result = learning(images, labels, step)
      correct = tf.keep(result.correct)
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

/** What a step reads before it is taken. */
const read = ({ correct, loss }: { readonly loss: tf.Scalar; readonly correct: tf.Scalar }, told: Told) =>
  Effect.scoped(Effect.gen(function*() {
    const norms = told["norms"]!
    const denominators = told["denominators"] ?? (yield* Tensors.scoped(() => tf.onesLike(norms)))
    return yield* readTogether({ loss, correct, norms, denominators })
  })).pipe(Effect.ensuring(Effect.sync(() => TensorTree.dispose(told))))

/** The step as it is committed: only after a read that found its numbers to be numbers. */
const commit = Effect.fnUntraced(function*(session: Session, batch: Batches.Batch) {
  const { optimizer, options: { network }, state } = session
  const before = yield* Ref.get(state)
  const learned = yield* learn(session, batch, before.step)
  const { state: after, told, weights } = yield* Optimizer.step(optimizer, before, learned.gradients)
  const refuse = Effect.sync(() => {
    Optimizer.dispose(after)
    NestedTensors.dispose(weights)
  })
  const values = yield* Effect.tapError(read(learned, told), () => refuse)
  const readings = { ...values, loss: values.loss[0]!, correct: values.correct[0]! }
  const refusal = stepRefusal(readings, network.problem.collection.poms, before.step)
  if (refusal !== undefined) {
    yield* refuse
    return yield* refusal
  }
  Network.assign(network, weights)
  NestedTensors.dispose(weights)
  yield* Ref.set(state, after)
  Optimizer.dispose(before)
  return { ...readings, step: before.step }
}, Effect.scoped)

/**
 * In so many steps of a run its events tell of every POM, in digits enough for a figure; all of a float32 would be
 * nine.
 */
const pomsTold = 50
const digits = 7

/** Of every how many steps one tells of every POM. */
const pomsEvery = ({ batchSize, dataset, epochs }: TrainerOptions) =>
  Math.max(1, Math.ceil(epochs * Math.ceil(dataset.train.count / batchSize) / pomsTold))

/** Takes a step on a batch, or none at all. */
export const takeStep = Effect.fnUntraced(function*(session: Session, batch: Batches.Batch) {
  const { options } = session
  const { network: { model, problem: { collection: { poms } }, variables }, schedule } = options
  const refusal = changed(model, variables)
  if (refusal !== undefined) return yield* refusal
  const { correct, denominators, loss, norms, step } = yield* Effect.uninterruptible(commit(session, batch))
  const byPom = (values: Float32Array) =>
    Object.fromEntries(poms.map(({ name }, i) => [name, Number(values[i]!.toPrecision(digits))]))
  return {
    loss,
    correct,
    gradientNorm: Math.sqrt(norms.reduce((sum, norm) => sum + norm ** 2, 0)),
    images: batch.labels.length,
    rate: schedule.rate(step),
    perPom: step % pomsEvery(options) === 0
      ? { factors: byPom(denominators.map((g) => 1 / g)), gradientNorms: byPom(norms) }
      : {}
  }
})
