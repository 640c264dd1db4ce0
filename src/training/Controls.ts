/**
 * What the epochs so far decide about those to come: when a run ends early, when its learning rate falls, and which
 * epoch was the best. Each is a function of what the epochs recorded, which checkpoints hold, so that a resumed run
 * decides the same.
 */
import * as Schema from "effect/Schema"
import type * as Catalogue from "../choices/Catalogue.ts"
import { counted } from "../choices/counted.ts"
import * as Setting from "../choices/Setting.ts"
import type * as Schedule from "../optimizer/Schedule.ts"
import type { EpochDone } from "./TrainingEvent.ts"

/** A quantity of an epoch that is to become small. */
export interface Watched extends Catalogue.Entry {
  readonly of: (epoch: EpochDone) => number
}

/**
 * What can be watched, by name.
 *
 * @example
 * ```ts
 * import { Controls } from "finegrain"
 * Object.keys(Controls.watched) // => ["test-loss", "test-error", "training-loss"]
 * ```
 */
export const watched = {
  "test-loss": { about: "the mean test loss", of: ({ testLoss }) => testLoss },
  "test-error": { about: "the test error", of: ({ testAccuracy }) => 1 - testAccuracy },
  "training-loss": { about: "the training loss over the steps of an epoch", of: ({ trainLoss }) => trainLoss }
} as const satisfies Catalogue.Catalogue<Watched>

/** What is watched, and by how much it must fall to count as better. */
export interface Watching {
  /** Default `test-loss`. */
  readonly watch?: keyof typeof watched
  /** Default 0: any fall counts. */
  readonly improvement?: number
}

/**
 * Whether it is a test that tells what is watched, and so not every epoch where `testEvery` leaves some out.
 *
 * @internal
 */
export const isOfTests = (watch: keyof typeof watched): boolean => watch !== "training-loss"

/** Something that is told the epochs so far, before the first step and after every epoch. */
export interface Control {
  /** What it must know of every epoch. */
  readonly watch?: keyof typeof watched
  /** Why training ends here, in words; none where it goes on. A function of the epochs alone. */
  readonly told: (epochs: ReadonlyArray<EpochDone>) => string | undefined
}

const of = ({ watch = "test-loss" }: Watching) => (epoch: EpochDone): number => watched[watch].of(epoch)

/** Of no epoch yet. */
const none = Number.POSITIVE_INFINITY

/** Whether a value is better than the best so far; the first one is by any fall. */
const isBetter = ({ improvement = 0 }: Watching, value: number, best: number): boolean =>
  value < (best === none ? none : best - improvement)

/**
 * The number of the best epoch so far, from 1, the first one of equals; none before the first.
 *
 * @example
 * ```ts
 * import { Controls } from "finegrain"
 * Controls.bestEpoch([]) // => undefined
 * ```
 */
export const bestEpoch = (epochs: ReadonlyArray<EpochDone>, watching: Watching = {}): number | undefined => {
  let [best, at] = [none, undefined as number | undefined]
  for (const epoch of epochs) {
    const value = of(watching)(epoch)
    if (isBetter(watching, value, best)) [best, at] = [value, epoch.epoch]
  }
  return at
}

/**
 * Ends a run once what is watched has not become better for so many epochs.
 *
 * @example
 * ```ts
 * import { Controls } from "finegrain"
 * Controls.earlyStopping({ patience: 3 }).told([]) // => undefined
 * ```
 */
export const earlyStopping = ({ patience, ...watching }: Watching & { readonly patience: number }): Control => ({
  watch: watching.watch ?? "test-loss",
  told: (epochs) => {
    const best = bestEpoch(epochs, watching)
    return best === undefined || epochs.length - best < patience
      ? undefined
      : `${watched[watching.watch ?? "test-loss"].about} was the best in epoch ${best}, ${
        counted(epochs.length - best, "epoch")
      } ago`
  }
})

/** How often the watched quantity stood still for so many epochs, each counted from the last time. */
const plateaus = (epochs: ReadonlyArray<EpochDone>, patience: number, watching: Watching): number => {
  let [best, since, count] = [none, 0, 0]
  for (const epoch of epochs) {
    const value = of(watching)(epoch)
    if (isBetter(watching, value, best)) [best, since] = [value, 0]
    else since++
    if (since < patience) continue
    count++
    since = 0
  }
  return count
}

/**
 * A schedule whose rates are multiplied by `factor` each time that what is watched has not become better for `patience`
 * epochs, and the control that tells it so.
 *
 * @example
 * ```ts
 * import { Controls, Schedule } from "finegrain"
 * const { control, schedule } = Controls.reduceOnPlateau(Schedule.constant(1), { patience: 2, factor: 0.5 })
 * control.told([])
 * schedule.rate(0) // => 1
 * ```
 */
export const reduceOnPlateau = (
  schedule: Schedule.Schedule,
  { factor = 0.1, patience, ...watching }: Watching & { readonly patience: number; readonly factor?: number }
): { readonly schedule: Schedule.Schedule; readonly control: Control } => {
  let reduced = 1
  return {
    schedule: {
      ...schedule,
      name: `${schedule.name}, times ${factor} on plateaus of ${counted(patience, "epoch")}`,
      rate: (step) => reduced * schedule.rate(step)
    },
    control: {
      watch: watching.watch ?? "test-loss",
      told: (epochs) => {
        reduced = factor ** plateaus(epochs, patience, watching)
        return undefined
      }
    }
  }
}

/**
 * Tells every control, and gives the first reason to end.
 *
 * @internal
 */
export const told = (controls: ReadonlyArray<Control>, epochs: ReadonlyArray<EpochDone>): string | undefined => {
  const reasons = controls.map((control) => control.told(epochs))
  return reasons.find((reason) => reason !== undefined)
}

const factor = Schema.Finite.check(
  Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMinimum: true, exclusiveMaximum: true })
)

/**
 * Settings that need nothing else to be set; what is watched is a setting of its own.
 *
 * @example
 * ```ts
 * import { Controls } from "finegrain"
 * Object.keys(Controls.parameters)[0] // => "patience"
 * ```
 */
export const parameters = {
  patience: Schema.optionalKey(Setting.count).annotate({
    description: "the run ends after so many epochs in which what is watched has not become better (default never)"
  }),
  plateau: Schema.optionalKey(Setting.count).annotate({
    description: "after so many epochs in which it has not become better the learning rate falls (default never)"
  }),
  plateauFactor: Schema.optionalKey(factor).annotate({
    description: "what the learning rate is multiplied by after a plateau (default 0.1)"
  }),
  improvement: Schema.optionalKey(Setting.notNegative).annotate({
    description: "by how much what is watched must fall to count as better (default 0)"
  }),
  keepBest: Schema.optionalKey(Schema.Boolean).annotate({
    description: "the model of the best epoch is kept, too: best.model.json and best.weights.bin (default false)"
  })
}
