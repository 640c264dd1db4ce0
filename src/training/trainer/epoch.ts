/** An epoch of a run: its steps, the next batch read ahead, and what is measured at its end. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Batches from "../../data/Batches.ts"
import type { ImageSource } from "../../data/Dataset.ts"
import * as NetworkBounds from "../../network/NetworkBounds.ts"
import * as Seed from "../../numerics/Seed.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import * as Answers from "../Answers.ts"
import type { Asked } from "../measures/asked.ts"
import type { AtEpoch } from "../measures/AtEpoch.ts"
import type { EpochDone, MeasureRecord, TrainingEvent } from "../TrainingEvent.ts"
import { atOnce } from "./batchTensors.ts"
import { stepped, untested } from "./epochs.ts"
import { evaluate, outputsOf, tellsClasses } from "./evaluate.ts"
import { withEvaluated } from "./evaluated.ts"
import { epochIsFinite } from "./finite.ts"
import { type Session, type State, variation } from "./Session.ts"
import { isDue } from "./standing.ts"
import { takeBatch } from "./step.ts"
import * as turns from "./turns.ts"

/** Takes a step, and moves the position behind it. */
const advance = Effect.fnUntraced(
  function*(session: Session, batch: Batches.Batch, secondsAt: Effect.Effect<number>) {
    const [done, left] = yield* Tensors.counted(takeBatch(session, batch))
    const seconds = yield* secondsAt
    const now = yield* stepped(session, done, { examples: batch.labels.length, left, weight: 1, seconds })
    return [now, done] as const
  }
)

/** The steps of an epoch that are still to be taken, each reported. */
export const runSteps = Effect.fnUntraced(function*<E, R>(
  session: Session,
  epoch: number,
  report: (event: TrainingEvent) => Effect.Effect<void, E, R>
) {
  const { options, position } = session
  const { batchSize, dataset, seed } = options
  const order = Batches.epochOrder(dataset.train.count, Seed.split(seed, "order"), epoch)
  const begin = yield* Ref.get(position)
  const started = yield* Clock.currentTimeMillis
  const secondsNow = Effect.map(Clock.currentTimeMillis, (now) => begin.seconds + (now - started) / 1000)
  const read = (from: number, step: number) => {
    const to = Math.min(from + batchSize, order.length)
    return Batches.read(dataset.train, dataset, order, from, to, variation(options, step))
  }
  let next = yield* read(begin.from, begin.step)
  for (let { from } = begin; from < order.length; from += batchSize) {
    const batch = next
    // The next batch is read while this one trains.
    const reading = from + batchSize < order.length
      ? yield* Effect.forkChild(read(from + batchSize, (yield* Ref.get(position)).step + 1), { startImmediately: true })
      : undefined
    const [now, { loss, perPom, rate, readings }] = yield* advance(session, batch, secondsNow)
    const images = (epoch - 1) * order.length + now.from
    yield* report({ _tag: "StepDone", step: now.step, epoch, loss, rate, images, ...readings, ...perPom })
    // A step blocks the event loop: let signals in before the next one.
    yield* Effect.yieldNow
    if (reading !== undefined) next = yield* Fiber.join(reading)
  }
  return order.length
})

const measuredOf = (measures: ReadonlyArray<Asked>, at: AtEpoch) =>
  Effect.forEach(
    measures,
    ({ axes, measure, name }) => Effect.map(measure(at), (readings): MeasureRecord => ({ name, ...axes, readings }))
  )

/** Evaluates the model as it is over images, prepared as those of the run. */
const evaluator = ({ options: { dataset, loss, network }, prepare }: Session) => (source: ImageSource) =>
  evaluate(network, dataset, source, atOnce(dataset, 500), prepare, loss)

const outputsIn = ({ options: { dataset, loss, network }, prepare }: Session) => (source: ImageSource) =>
  outputsOf(network, dataset, source, atOnce(dataset, 500), prepare, loss)

/** What the last test found, by class and by confidence; a run that goes on after its last epoch tests again. */
export const evaluationOf = (session: Session) =>
  Effect.map(
    Effect.flatMap(Ref.get(session.tested), (last) =>
      last === undefined
        ? withEvaluated(session, () => evaluator(session)(session.options.dataset.test))
        : Effect.succeed(last)),
    (tested) => Answers.evaluation(session.options.dataset, session.options.dataset.test, tested)
  )

/** Whether an epoch is tested; also where more is measured at its end, much of it of what the test finds. */
const isTested = (session: Session, event: EpochDone) => {
  const { measures = [], measuresEvery = 1, testEvery } = session.options
  return measures.length > 0 && event.epoch % measuresEvery === 0
    ? Effect.succeed(true)
    : isDue(session, event, testEvery)
}

/** What an epoch of so many images records without a test; of outputs that tell no classes no accuracy. */
const trainedOn = Effect.fnUntraced(function*(session: Session, epoch: number, examples: number, state: State) {
  const { options: { batchSize, dataset, loss }, position } = session
  const { seconds } = yield* Ref.get(position)
  const event = yield* untested(session, epoch, { examples, seconds, weight: Math.ceil(examples / batchSize) }, state)
  return tellsClasses(dataset, loss) ? event : { ...event, trainAccuracy: Number.NaN }
})

/** What is measured when all steps of an epoch have been taken, with the weights of a state in the model. */
const measured = Effect.fnUntraced(function*(session: Session, epoch: number, seen: number, state: State) {
  const { options: { dataset, measureBounds = false, measures = [], measuresEvery, network }, position } = session
  const trained = yield* trainedOn(session, epoch, seen, state)
  const evaluated = evaluator(session)
  const tested = (yield* isTested(session, trained)) ? yield* evaluated(dataset.test) : undefined
  yield* Ref.set(session.tested, tested)
  yield* epochIsFinite(network, trained.step, tested?.loss)
  const event: EpochDone = tested === undefined
    ? trained
    : { ...trained, testLoss: tested.loss, testAccuracy: tested.accuracy }
  if (!(yield* isDue(session, event, measuresEvery))) return event
  const bounds = measureBounds ? { bounds: yield* NetworkBounds.measure(network, dataset.train.count) } : {}
  if (tested === undefined || measures.length === 0) return { ...event, ...bounds }
  const turned = turns.rootMeans((yield* Ref.get(position)).turns)
  const outputs = outputsIn(session)
  const at: AtEpoch = { network, dataset, epoch, turned, tested, evaluate: evaluated, outputs }
  return { ...event, ...bounds, measures: yield* measuredOf(measures, at) }
})

/** What is measured when all steps of an epoch have been taken, of the weights that are tested. */
export const measureEpoch = (session: Session, epoch: number, seen: number) =>
  withEvaluated(session, (state) => measured(session, epoch, seen, state))
