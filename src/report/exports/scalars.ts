/** What a run logged as scalars by step, for TensorBoard. */
import { ofSteps, type StepMeasure } from "../../training/measures.ts"
import { isShortened } from "../../training/measures/factors.ts"
import type { EpochDone, StepDone } from "../../training/TrainingEvent.ts"
import type { ScalarEvent } from "./eventFile.ts"
import type { LoggedRun } from "./LoggedRun.ts"
import { measured } from "./readings.ts"

const names = Object.entries(ofSteps) as ReadonlyArray<[keyof typeof ofSteps, StepMeasure]>

const ofStep = ({ factors, loss, rate, ...step }: StepDone) => ({
  "step/loss": loss,
  "step/learning-rate": rate,
  ...Object.fromEntries(names.map(([name, { figure }]) => [`step/${figure}`, step[name]])),
  ...(factors === undefined ? {} : { "step/share-of-poms-with-g-above-1": shareShortened(factors) })
})

/** The share of POMs whose step the curvature shortens. */
const shareShortened = (factors: Readonly<Record<string, number>>): number => {
  const all = Object.values(factors)
  return all.filter(isShortened).length / Math.max(1, all.length)
}

const ofEpoch = (epoch: EpochDone) => ({
  "epoch/train-loss": epoch.trainLoss,
  "epoch/train-accuracy": epoch.trainAccuracy,
  "epoch/test-loss": epoch.testLoss,
  "epoch/test-accuracy": epoch.testAccuracy,
  "epoch/seconds": epoch.seconds,
  ...Object.fromEntries(
    measured(epoch).flatMap(({ bound, line, measure, panel, value }) => {
      const tag = [measure, panel, line].filter((part) => part !== undefined && part !== "").join("/")
      const own = [tag, value] as const
      return bound === undefined ? [own] : [own, [`${tag}/bound`, bound] as const]
    })
  )
})

/**
 * Every step and epoch. Steps are not timed one by one: they have the pace of the epoch before theirs, so that what was
 * written of a run that goes on stays as it is.
 */
export const scalarEvents = ({ began, epochs, steps }: LoggedRun): ReadonlyArray<ScalarEvent> => {
  const ends = epochs.map(({ epoch, seconds, step }) => ({ epoch, step, seconds }))
  const at = new Map(ends.map((end, i) => {
    const before = ends.slice(0, i).reduce((sum, { seconds }) => sum + seconds, 0)
    const pace = end.seconds / Math.max(1, end.step - (ends[i - 1]?.step ?? 0))
    return [end.epoch, { end: began + before + end.seconds, pace, step: end.step }]
  }))
  const startOf = (epoch: number) => at.get(epoch - 1) ?? { end: began, pace: 0, step: 0 }
  const timed = [
    ...steps.map((step) => {
      const { end, pace, step: last } = startOf(step.epoch)
      return { step: step.step, wallTime: end + pace * (step.step - last), scalars: ofStep(step) }
    }),
    ...epochs.map((epoch) => ({
      step: epoch.step,
      wallTime: at.get(epoch.epoch)!.end,
      scalars: ofEpoch(epoch)
    }))
  ]
  return timed.toSorted((a, b) => a.step - b.step)
}
