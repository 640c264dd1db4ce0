/**
 * Learning-rate schedules r(t), as values that join: each says how long it lasts, where it ends at all.
 */
import { counted } from "../choices/counted.ts"
import { checked, format, StepSizeError } from "./parameters.ts"

/** A learning-rate schedule r(t) for steps t = 0, 1, 2, …, as a value. */
export interface Schedule {
  readonly name: string
  readonly rate: (step: number) => number
  /** Steps after which the next one of a join begins; default: it never ends. */
  readonly steps?: number
}

/**
 * r(t) = r₀.
 *
 * @throws StepSizeError where r₀ is not finite, or negative.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.constant(0.1).rate(1000) // => 0.1
 * ```
 */
export const constant = (rate: number): Schedule => {
  checked("constant", { rate }, { rate: "finite and at least 0" })
  return { name: format("constant", { rate }), rate: () => rate }
}

/**
 * r(t) = r₀·factor^⌊t/every⌋.
 *
 * @throws StepSizeError where a number is not finite, a rate or the factor is negative, or `every` is not above 0.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.stepDecay({ rate: 1, factor: 0.1, every: 100 }).rate(250) // => 0.01
 * ```
 */
export const stepDecay = (
  options: { readonly rate: number; readonly factor: number; readonly every: number }
): Schedule => {
  checked("stepDecay", options, {
    rate: "finite and at least 0",
    factor: "finite and at least 0",
    every: "finite and above 0"
  })
  return {
    name: format("stepDecay", options),
    rate: (t) => options.rate * options.factor ** Math.floor(t / options.every)
  }
}

/**
 * r(t) = r₀·factorⁿ after n of the milestones: the rate falls at each of these steps.
 *
 * @throws StepSizeError where a number is not finite, or negative.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * const schedule = Schedule.milestones({ rate: 1, factor: 0.5, at: [30, 60] })
 * [29, 30, 60].map(schedule.rate) // => [1, 0.5, 0.25]
 * ```
 */
export const milestones = (
  { at, factor, rate }: { readonly rate: number; readonly factor: number; readonly at: ReadonlyArray<number> }
): Schedule => {
  checked("milestones", { rate, factor }, { rate: "finite and at least 0", factor: "finite and at least 0" })
  for (const milestone of at) checked("milestones", { milestone }, { milestone: "finite and at least 0" })
  return {
    name: `milestones(rate=${rate}, factor=${factor}, at=${at.join(" ")})`,
    rate: (t) => rate * factor ** at.filter((milestone) => milestone <= t).length
  }
}

/** How a schedule falls: from a rate to another, by default 0, which it keeps after so many steps. */
export interface Fall {
  readonly rate: number
  readonly steps: number
  readonly to?: number
}

const fall = (name: string, options: Fall, more: Readonly<Record<string, number>> = {}): void =>
  checked(name, { to: 0, ...options, ...more }, {
    rate: "finite and at least 0",
    steps: "finite and above 0",
    to: "finite and at least 0",
    ...Object.fromEntries(Object.keys(more).map((key) => [key, "finite and above 0"] as const))
  })

/**
 * r(t) = r₁ + (r₀ − r₁)·(1 + cos(πt/T))/2 for t < T, then r₁, by default 0 (Loshchilov and Hutter 2017, without
 * restarts).
 *
 * @throws StepSizeError where a rate is not finite, or negative, or T is not above 0.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.cosine({ rate: 1, steps: 100 }).rate(50) // => 0.5
 * ```
 */
export const cosine = (options: Fall): Schedule => {
  fall("cosine", options)
  const { rate, steps, to = 0 } = options
  return {
    name: format("cosine", { ...options }),
    steps,
    rate: (t) => to + (rate - to) * (1 + Math.cos(Math.PI * Math.min(t / steps, 1))) / 2
  }
}

/**
 * Cosines one after the other, each `grow` times as long as the one before, the first of T steps (Loshchilov and Hutter
 * 2017, *SGDR*).
 *
 * @throws StepSizeError where a rate is not finite, or negative, or T or `grow` is no whole number of at least 1.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * const schedule = Schedule.cosineRestarts({ rate: 1, steps: 10, grow: 2 })
 * [0, 5, 10, 20, 30].map((t) => schedule.rate(t).toFixed(2)) // => ["1.00", "0.50", "1.00", "0.50", "1.00"]
 * ```
 */
export const cosineRestarts = (options: Fall & { readonly grow?: number }): Schedule => {
  const { grow = 1, ...first } = options
  fall("cosineRestarts", first)
  checked("cosineRestarts", { steps: first.steps, grow }, {
    steps: "a whole number of at least 1",
    grow: "a whole number of at least 1"
  })
  return {
    name: format("cosineRestarts", { ...options }),
    rate: (t) => {
      let [from, steps] = [0, first.steps]
      if (grow === 1) from = Math.floor(t / steps) * steps
      else for (; from + steps <= t; steps *= grow) from += steps
      return cosine({ ...first, steps }).rate(t - from)
    }
  }
}

/**
 * r(t) = r₁ + (r₀ − r₁)·(1 − t/T)^p for t < T, then r₁, by default 0.
 *
 * @throws StepSizeError where a rate is not finite, or negative, or T or p is not above 0.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.polynomial({ rate: 1, steps: 100, exponent: 2 }).rate(50) // => 0.25
 * ```
 */
export const polynomial = ({ exponent, ...options }: Fall & { readonly exponent: number }): Schedule => {
  fall("polynomial", options, { exponent })
  const { rate, steps, to = 0 } = options
  return {
    name: format("polynomial", { ...options, exponent }),
    steps,
    rate: (t) => to + (rate - to) * Math.max(0, 1 - t / steps) ** exponent
  }
}

/**
 * r(t) = r₀ + (r₁ − r₀)·t/T for t < T, then r₁, by default 0.
 *
 * @throws StepSizeError where a rate is not finite, or negative, or T is not above 0.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.linear({ rate: 1, steps: 4 }).rate(3) // => 0.25
 * ```
 */
export const linear = (options: Fall): Schedule => {
  fall("linear", options)
  const { rate, steps, to = 0 } = options
  return {
    name: format("linear", { ...options }),
    steps,
    rate: (t) => t >= steps ? to : rate + (to - rate) * (t / steps)
  }
}

/**
 * r(t) = r₀·(1 + t)^(−a); Σr = ∞ and Σr² < ∞, as almost sure convergence needs, for 1/2 < a ≤ 1 (Bonnabel 2013, section
 * 2).
 *
 * @throws StepSizeError where r₀ or a is not finite, or r₀ negative.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.power({ rate: 1, exponent: 1 }).rate(3) // => 0.25
 * ```
 */
export const power = (options: { readonly rate: number; readonly exponent: number }): Schedule => {
  checked("power", options, { rate: "finite and at least 0", exponent: "finite" })
  return {
    name: format("power", options),
    rate: (t) => options.rate * (1 + t) ** -options.exponent
  }
}

/**
 * A schedule that ends after so many steps, whatever it would do then.
 *
 * @throws StepSizeError unless `steps` is a whole number of at least 0.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * Schedule.during(10, Schedule.constant(0.1)).name // => "constant(rate=0.1) for 10 steps"
 * ```
 */
export const during = (steps: number, schedule: Schedule): Schedule => {
  checked("during", { steps }, { steps: "a whole number of at least 0" })
  return schedule.steps === steps
    ? schedule
    : { name: `${schedule.name} for ${counted(steps, "step")}`, rate: schedule.rate, steps }
}

/**
 * Schedules one after the other, each counting its steps from 0; associative, and ended where the last one is.
 *
 * @throws RangeError where one that does not end after a whole number of steps is followed by another.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * const schedule = Schedule.join(Schedule.linear({ rate: 1, steps: 10 }), Schedule.constant(0.5))
 * [0, 9, 10].map((t) => schedule.rate(t).toFixed(1)) // => ["1.0", "0.1", "0.5"]
 * ```
 */
export const join = (first: Schedule, ...rest: ReadonlyArray<Schedule>): Schedule =>
  rest.length === 0 ? first : pair(first, join(...rest as [Schedule, ...ReadonlyArray<Schedule>]))

const pair = (first: Schedule, second: Schedule): Schedule => {
  const { steps = Infinity } = first
  if (!(Number.isSafeInteger(steps) && steps >= 0)) {
    throw new RangeError(
      `${second.name} cannot follow ${first.name}, which does not end after a whole number of steps: ` +
        "say after how many, Schedule.during(steps, schedule)"
    )
  }
  return {
    name: `${first.name} then ${second.name}`,
    rate: (t) => t < steps ? first.rate(t) : second.rate(t - steps),
    ...(second.steps === undefined ? {} : { steps: steps + second.steps })
  }
}

/**
 * A schedule after a linear rise from 0, or another rate, to where it begins: r(t) = r_s(0)·t/n for t < n, then r_s(t −
 * n). A warm-up of 0 steps is the schedule itself.
 *
 * Source: Goyal et al. 2017, *Accurate, large minibatch SGD*, section 2.2.
 *
 * @throws StepSizeError unless `steps` is a whole number of at least 0, and the first rate finite and not negative.
 *
 * @example
 * ```ts
 * import { Schedule } from "finegrain"
 * const schedule = Schedule.warmup(4, Schedule.cosine({ rate: 1, steps: 100 }))
 * [0, 1, 4, 54].map((t) => schedule.rate(t).toFixed(2)) // => ["0.00", "0.25", "1.00", "0.50"]
 * ```
 */
export const warmup = (steps: number, then: Schedule, from: number = 0): Schedule => {
  checked("warmup", { steps, from }, { steps: "a whole number of at least 0", from: "finite and at least 0" })
  return steps === 0 ? then : join(linear({ rate: from, to: then.rate(0), steps }), then)
}

/**
 * Throws for what is no schedule, as a number in its place, or none at all: without a check of types nothing else tells
 * before the first step.
 *
 * @internal
 */
export const expect = (schedule: Schedule | undefined): void => {
  if (typeof schedule?.rate === "function") return
  const given = schedule === undefined ? "left out" : typeof schedule === "object" ? "another object" : String(schedule)
  throw new TypeError(`the schedule must be one of Schedule, as Schedule.constant(0.1), not ${given}`)
}

/**
 * r(t) of a schedule, whoever made it.
 *
 * @throws StepSizeError where it is not finite, or negative.
 *
 * @internal
 */
export const rateAt = ({ name, rate }: Schedule, step: number): number => {
  const value = rate(step)
  if (Number.isFinite(value) && value >= 0) return value
  const expected = "finite and at least 0"
  const number = typeof value === "number" ? value : Number.NaN
  throw new StepSizeError({ name, parameter: `the rate at step ${step}`, expected, value: number })
}
