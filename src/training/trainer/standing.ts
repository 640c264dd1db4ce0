/** What a run in progress tells of itself, whoever chooses its steps. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Network from "../../network/Network.ts"
import * as StepFusion from "../../optimizer/StepFusion.ts"
import * as Snapshot from "../Snapshot.ts"
import type { Training } from "../Training.ts"
import { withEvaluated } from "./evaluated.ts"
import type { Standing } from "./Session.ts"

/** How far it is. */
export const progress = Effect.fnUntraced(function*({ epochsDone, position }: Standing) {
  const { step, tensorsLeaked } = yield* Ref.get(position)
  return { steps: step, epochs: yield* Ref.get(epochsDone), tensorsLeaked }
})

const snapshot = Effect.fnUntraced(function*({ epochsDone, options: { network }, position, state }: Standing) {
  return {
    fingerprint: Network.fingerprint(network),
    position: yield* Ref.get(position),
    epochs: yield* Ref.get(epochsDone),
    tensors: yield* Snapshot.take(network, yield* Ref.get(state))
  }
})

/** All of a `Training` but how it trains, and from where a later run can go on. */
export const standing = (run: Standing, epochs: number): Omit<Training, "train" | "resumes"> => ({
  progress: progress(run),
  snapshot: snapshot(run),
  epochs,
  schedule: run.options.schedule.name,
  evaluated: (use) => withEvaluated(run, () => use),
  interpretation: StepFusion.interpretation(run.optimizer)
})
