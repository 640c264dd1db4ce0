/** What a run in progress tells of itself, whoever chooses its steps. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Network from "../../network/Network.ts"
import * as StepFusion from "../../optimizer/StepFusion.ts"
import * as Controls from "../Controls.ts"
import * as Snapshot from "../Snapshot.ts"
import type { Training } from "../Training.ts"
import type { EpochDone } from "../TrainingEvent.ts"
import { withEvaluated } from "./evaluated.ts"
import type { Standing } from "./Session.ts"

/** Why it ends here, after the epochs that are done; every control is told of them. */
export const stopped = ({ epochsDone, options: { controls = [], epochs } }: Standing) =>
  Effect.map(Ref.get(epochsDone), (done) => {
    const reason = Controls.told(controls, done)
    return done.length < epochs ? reason : undefined
  })

/**
 * Whether what is done every so many epochs is done at the end of this one, as it is at the end of the last one, and of
 * one after which controls end the run.
 */
export const isDue = ({ epochsDone, options: { controls = [], epochs } }: Standing, event: EpochDone, every = 1) =>
  Effect.map(
    Ref.get(epochsDone),
    (before) =>
      event.epoch % every === 0 || event.epoch === epochs || Controls.told(controls, [...before, event]) !== undefined
  )

/** How far it is. */
export const progress = Effect.fnUntraced(function*(run: Standing) {
  const { step, tensorsLeaked } = yield* Ref.get(run.position)
  return { steps: step, epochs: yield* Ref.get(run.epochsDone), tensorsLeaked, stopped: yield* stopped(run) }
})

const snapshot = Effect.fnUntraced(function*({ epochsDone, options: { network }, position, state }: Standing) {
  return {
    fingerprint: Network.fingerprint(network),
    position: yield* Ref.get(position),
    epochs: yield* Ref.get(epochsDone),
    tensors: yield* Snapshot.take(network, yield* Ref.get(state))
  }
})

const bestOf = ({ epochsDone, options: { keepBest } }: Standing): Pick<Training, "best"> =>
  keepBest === undefined
    ? {}
    : { best: Effect.map(Ref.get(epochsDone), (epochs) => Controls.bestEpoch(epochs, keepBest)) }

/** All of a `Training` but how it trains, and from where a later run can go on. */
export const standing = (run: Standing, epochs: number): Omit<Training, "train" | "resumes"> => ({
  progress: progress(run),
  snapshot: snapshot(run),
  epochs,
  schedule: run.options.schedule.name,
  ...bestOf(run),
  evaluated: (use) => withEvaluated(run, () => use),
  interpretation: StepFusion.interpretation(run.optimizer)
})
