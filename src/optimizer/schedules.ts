/**
 * The schedules that configurations, flags and experiments name: an entry each, to be joined by text as
 * `warmup(5 epochs) then cosine`.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Catalogue from "../choices/Catalogue.ts"
import { counted } from "../choices/counted.ts"
import * as Setting from "../choices/Setting.ts"
import * as Schedule from "./Schedule.ts"
import { type Arguments, type Kind, type Named, parse, type Part, type Time } from "./scheduleText.ts"

/** What a schedule is made for. */
export interface Course {
  /** r₀, the learning rate of the settings. */
  readonly rate: number
  /** Steps that the schedule has; of the whole run, where it stands alone. */
  readonly steps: number
  /** Steps of an epoch. */
  readonly stepsPerEpoch: number
}

/** The value of an argument: times in steps. */
type Value<K extends Kind> = K extends "times" ? ReadonlyArray<number> : number

/** What a schedule that leads to another is made for. */
export interface Leading extends Course {
  readonly next: Schedule.Schedule
}

/** A schedule by its name, with its arguments in text and, as every entry, settings of its own. */
export interface ScheduleEntry<in From, A extends Arguments, F extends Schema.Struct.Fields> extends Named {
  readonly about: string
  readonly arguments?: A
  readonly parameters?: F
  readonly make: (
    given: From & Schema.Struct.Type<F> & { readonly [K in keyof A]?: Value<A[K]> }
  ) => Schedule.Schedule
}

const schedule = <const A extends Arguments = {}, F extends Schema.Struct.Fields = {}>(
  entry: ScheduleEntry<Course, A, F>
) => entry

/** One that needs to know what follows. */
const leading = <const A extends Arguments>(
  entry: ScheduleEntry<Leading, A, {}> & { readonly until: keyof A & string }
) => entry

/**
 * All schedules by name.
 *
 * @example
 * ```ts
 * import { Schedules } from "finegrain"
 * const half = Schedules.schedules.constant.make({ rate: 0.1, steps: 10, stepsPerEpoch: 5, share: 0.5 })
 * half.rate(3) // => 0.05
 * ```
 */
export const schedules = {
  constant: schedule({
    about: "r₀ throughout, or a share of it",
    arguments: { share: "share" },
    make: ({ rate, share = 1 }) => Schedule.constant(rate * share)
  }),
  warmup: leading({
    about: "a line from 0, or a share of r₀, to where the next one begins",
    arguments: { until: "time", from: "share" },
    until: "until",
    make: ({ from = 0, rate, steps, next }) => {
      if (next.rate(0) === 0) throw new RangeError(`warmup leads nowhere: what follows it, ${next.name}, begins with 0`)
      return Schedule.warmup(steps, next, rate * from)
    }
  }),
  "step-decay": schedule({
    about: "a tenth, or another factor, after each third of the run, or another time",
    arguments: { every: "time", factor: "share" },
    make: ({ every, factor = 0.1, rate, steps }) =>
      Schedule.stepDecay({ rate, factor, every: every ?? Math.max(1, Math.ceil(steps / 3)) })
  }),
  milestones: schedule({
    about: "a tenth, or another factor, at each of these times",
    arguments: { at: "times", factor: "share" },
    needs: ["at"],
    make: ({ at = [], factor = 0.1, rate }) => Schedule.milestones({ rate, factor, at })
  }),
  cosine: schedule({
    about: "half a cosine down to 0, or a share of r₀",
    arguments: { to: "share" },
    make: ({ rate, steps, to }) => Schedule.cosine({ rate, steps, ...(to === undefined ? {} : { to: rate * to }) })
  }),
  "cosine-restarts": schedule({
    about: "cosines one after the other, each so many times as long as the one before",
    arguments: { every: "time", grow: "count", to: "share" },
    needs: ["every"],
    make: ({ every, grow = 1, rate, steps, to = 0 }) =>
      Schedule.cosineRestarts({ rate, to: rate * to, grow, steps: every ?? steps })
  }),
  linear: schedule({
    about: "a line down to 0, or a share of r₀",
    arguments: { to: "share" },
    make: ({ rate, steps, to = 0 }) => Schedule.linear({ rate, steps, to: rate * to })
  }),
  polynomial: schedule({
    about: "(1 − t/T)², or another power, down to 0, or a share of r₀",
    arguments: { power: "positive", to: "share" },
    make: ({ power = 2, rate, steps, to = 0 }) => Schedule.polynomial({ rate, steps, to: rate * to, exponent: power })
  }),
  power: schedule({
    about: "r₀·(1 + t)^(−exponent)",
    arguments: { exponent: "positive" },
    parameters: {
      exponent: Setting.orDefault(Setting.positive, 0.6).annotate({
        description: "a in r(t) = r₀·(1 + t)^(−a) of the power schedule"
      })
    },
    make: ({ exponent, rate }) => Schedule.power({ rate, exponent })
  })
} satisfies Catalogue.Catalogue

/** A schedule that does not fit its run, or that is none. */
export class ScheduleError extends Schema.TaggedError<ScheduleError>()("ScheduleError", {
  schedule: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `schedule "${this.schedule}": ${this.reason}`
  }
}

/** Schedules by name, those of a user among them. */
export type ScheduleCatalogue = Catalogue.Catalogue<Catalogue.Maker<never, Schedule.Schedule> & Named>

/**
 * A schedule in text: parts by name, each with arguments in brackets, joined by `then`; all but the last say how long
 * they last. Times are steps, `5 epochs` or `10%` of the run; rates are shares of the learning rate.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Schedules } from "finegrain"
 * const is = Schema.is(Schedules.textOf())
 * is("cosine") // => true
 * is("warmup(5 epochs) then cosine(to=1%) for 80% then constant(0.001)") // => true
 * is("milestones(30 epochs, 60 epochs, factor=0.1)") // => true
 * is("cosine then constant") // => false
 * ```
 */
export const textOf = (catalogue: ScheduleCatalogue = schedules): Schema.Codec<string> =>
  Schema.String.check(
    Schema.makeFilter((text: string) =>
      Result.match(parse(text, catalogue), { onFailure: (reason) => reason, onSuccess: () => undefined })
    )
  )

const inSteps = ({ steps, stepsPerEpoch }: Course) => ({ unit, value }: Time): number => {
  switch (unit) {
    case "steps":
      return value
    case "epochs":
      return Math.round(value * stepsPerEpoch)
    case "%":
      return Math.round(value / 100 * steps)
  }
}

const valuesOf = ({ given }: Part, stepsOf: (time: Time) => number) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === "number" ? value : "unit" in value ? stepsOf(value) : value.map(stepsOf)
    ])
  )

/**
 * The schedule of a text for a run; `settings` may hold parameters of its parts, as `exponent`.
 *
 * @throws ScheduleError where there is no such schedule, or the run is too short for it.
 *
 * @example
 * ```ts
 * import { Schedules } from "finegrain"
 * const course = { rate: 0.1, steps: 100, stepsPerEpoch: 10 }
 * const { rate } = Schedules.make("warmup(2 epochs) then linear", course)
 * [0, 10, 20, 60].map((t) => rate(t).toFixed(3)) // => ["0.000", "0.050", "0.100", "0.050"]
 * ```
 */
export const make = (
  text: string,
  course: Course,
  settings: object = {},
  catalogue: ScheduleCatalogue = schedules
): Schedule.Schedule => {
  const refuse = (reason: string) => new ScheduleError({ schedule: text, reason })
  const parts = Result.getOrThrowWith(parse(text, catalogue), refuse)
  const stepsOf = inSteps(course)
  const lengths = parts.map(({ lasts }) => lasts === undefined ? 0 : stepsOf(lasts))
  const before = lengths.reduce((a, b) => a + b, 0)
  const last = parts.at(-1)!
  if (before >= course.steps) {
    const epochs = (steps: number) => Number((steps / course.stepsPerEpoch).toPrecision(3))
    const [taken, there] = [epochs(before), epochs(course.steps)]
    throw refuse(
      `nothing is left for ${last.name}: what is before it takes ${taken} of the run's ${counted(there, "epoch")}`
    )
  }
  const made = (part: Part, steps: number, next?: Schedule.Schedule): Schedule.Schedule => {
    const given = { ...course, ...valuesOf(part, stepsOf), steps, next }
    const own = Catalogue.make<Partial<Schedule.Schedule>>(catalogue, part.name, settings, given)
    if (typeof own?.rate === "function" && typeof own.name === "string") return own as Schedule.Schedule
    throw new TypeError(`${part.name} makes no schedule: it needs a name and a function "rate"`)
  }
  try {
    return parts.slice(0, -1).reduceRight((next, part, i) => {
      const steps = lengths[i]!
      if (steps === 0) return next
      const own = made(part, steps, next)
      return catalogue[part.name]!.until === undefined ? Schedule.join(Schedule.during(steps, own), next) : own
    }, made(last, course.steps - before))
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause))
  }
}

/**
 * Settings that change nothing with a schedule, with the reason.
 *
 * @example
 * ```ts
 * import { Schedules } from "finegrain"
 * Schedules.idle("cosine").get("exponent") // => "only the power schedule has it"
 * Schedules.idle("power(0.75)").get("exponent") // => "the schedule says it itself"
 * ```
 */
export const idle = (text: string, catalogue: ScheduleCatalogue = schedules): ReadonlyMap<string, string> => {
  const parts = Result.getOrElse(parse(text, catalogue), () => [] as ReadonlyArray<Part>)
  if (parts.length === 0) return new Map()
  const unknown = Catalogue.idle(catalogue, "schedule", ...parts.map(({ name }) => name))
  const known = Object.keys(Catalogue.parameters(catalogue)).filter((key) =>
    parts.filter(({ name }) => Object.hasOwn(catalogue[name]?.parameters ?? {}, key))
      .every(({ given }) => Object.hasOwn(given, key))
  ).filter((key) => parts.some(({ given }) => Object.hasOwn(given, key)))
  return new Map([...unknown, ...known.map((key) => [key, "the schedule says it itself"] as const)])
}
