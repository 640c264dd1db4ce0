/**
 * The schedules that configurations, flags and experiments name: an entry each.
 */
import * as Catalogue from "../choices/Catalogue.ts"
import * as Setting from "../choices/Setting.ts"
import * as Schedule from "./Schedule.ts"

/** What a schedule is made for. */
export interface Course {
  /** r₀, the learning rate of the settings. */
  readonly rate: number
  /** Steps of the whole run. */
  readonly steps: number
  /** Steps of an epoch. */
  readonly stepsPerEpoch: number
}

const schedule = Catalogue.entries<Course, Schedule.Schedule>()

/** All schedules by name. */
export const schedules = {
  constant: schedule({ about: "r₀ throughout", make: ({ rate }) => Schedule.constant(rate) }),
  step: schedule({
    about: "a tenth after each third of the run",
    make: ({ rate, steps }) => Schedule.stepDecay({ rate, factor: 0.1, every: Math.max(1, Math.ceil(steps / 3)) })
  }),
  cosine: schedule({
    about: "half a cosine down to 0",
    make: ({ rate, steps }) => Schedule.cosine({ rate, steps })
  }),
  power: schedule({
    about: "r₀·(1 + t)^(−exponent)",
    parameters: {
      exponent: Setting.orDefault(Setting.positive, 0.6).annotate({
        description: "a in r(t) = r₀·(1 + t)^(−a) of the power schedule"
      })
    },
    make: ({ exponent, rate }) => Schedule.power({ rate, exponent })
  })
} satisfies Catalogue.Catalogue
