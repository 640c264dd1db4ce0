import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Catalogue, Schedule, Schedules, TrainConfig } from "finegrain"
import { expect, it } from "vitest"

const course = { rate: 0.1, steps: 100, stepsPerEpoch: 10 }
const times = Array.from({ length: 110 }, (_, t) => t)
const rates = (text: string, settings: object = {}) => times.map(Schedules.make(text, course, settings).rate)
const all = (schedule: Schedule.Schedule) => times.map(schedule.rate)

it.each<[string, Schedule.Schedule]>([
  ["constant", Schedule.constant(0.1)],
  ["cosine", Schedule.cosine({ rate: 0.1, steps: 100 })],
  ["step-decay", Schedule.stepDecay({ rate: 0.1, factor: 0.1, every: 34 })],
  ["power", Schedule.power({ rate: 0.1, exponent: 0.6 })],
  ["power(1)", Schedule.power({ rate: 0.1, exponent: 1 })],
  ["linear(to=10%)", Schedule.linear({ rate: 0.1, steps: 100, to: 0.1 * 0.1 })],
  ["polynomial(3)", Schedule.polynomial({ rate: 0.1, steps: 100, exponent: 3 })],
  ["milestones(3 epochs, 60%, factor=0.5)", Schedule.milestones({ rate: 0.1, factor: 0.5, at: [30, 60] })],
  ["step-decay(every=2 epochs, factor=0.5)", Schedule.stepDecay({ rate: 0.1, factor: 0.5, every: 20 })],
  ["cosine-restarts(1 epoch, grow=2)", Schedule.cosineRestarts({ rate: 0.1, steps: 10, grow: 2 })],
  ["warmup(5) then cosine", Schedule.warmup(5, Schedule.cosine({ rate: 0.1, steps: 95 }))],
  ["warmup for 2 epochs then constant", Schedule.warmup(20, Schedule.constant(0.1))],
  ["warmup(10%, from=0.5) then linear", Schedule.warmup(10, Schedule.linear({ rate: 0.1, steps: 90 }), 0.05)],
  [
    "warmup(1 epoch) then cosine(to=0.1) for 50% then constant(0.1)",
    Schedule.warmup(
      10,
      Schedule.join(Schedule.cosine({ rate: 0.1, steps: 50, to: 0.1 * 0.1 }), Schedule.constant(0.1 * 0.1))
    )
  ],
  [
    "constant for 2 epochs then cosine",
    Schedule.join(
      Schedule.during(20, Schedule.constant(0.1)),
      Schedule.cosine({ rate: 0.1, steps: 80 })
    )
  ]
])("reads %s", (text, expected) => {
  expect(rates(text, { exponent: 0.6 })).toEqual(all(expected))
})

it("keeps a schedule after a warm-up of no steps as it is", () => {
  for (const name of ["cosine", "linear", "power"]) {
    expect(rates(`warmup(0) then ${name}`, { exponent: 0.6 })).toEqual(rates(name, { exponent: 0.6 }))
  }
})

it("takes every name of the catalogue", () => {
  const given: Record<string, string> = {
    milestones: "(1)",
    "cosine-restarts": "(1 epoch)",
    warmup: "(1) then constant"
  }
  for (const name of Catalogue.names(Schedules.schedules)) {
    expect(rates(`${name}${given[name] ?? ""}`, { exponent: 0.6 }).every(Number.isFinite)).toBe(true)
  }
})

const problem = (schedule: unknown) => TrainConfig.mistakes({ schedule }).map(({ text }) => text).join("; ")

it.each<[string, RegExp]>([
  ["cosin", /schedule.*there is no schedule "cosin": there is constant, warmup, step-decay/],
  ["", /no part of a schedule/],
  ["cosine(", /no part of a schedule/],
  ["cosine then constant", /cosine must be told how long it lasts before another follows, as in "cosine for 10 epochs/],
  ["warmup(5)", /warmup leads to another schedule: write what follows/],
  ["warmup then cosine", /warmup must be told how long it lasts/],
  ["warmup(5) for 3 epochs then cosine", /told twice how long it lasts/],
  ["cosine for 3 epochs", /cosine is the last part, which lasts as long as the run/],
  ["cosine(end=3)", /cosine: it does not know "end=3": there is to/],
  ["cosine(0.1, 0.2)", /cosine: it does not know "0.2": there is to/],
  ["constant(constructor=1)", /constant: it does not know "constructor=1": there is share/],
  ["warmup(1%) then warmup(1%) then cosine", /warmup leads nowhere: what follows it, .*, begins with 0/],
  ["cosine(to=1 epoch)", /to: "1 epoch" is not a share, as 0.1 or 10%/],
  ["cosine(to=0.1, to=0.2)", /to is given twice/],
  ["milestones(factor=0.5)", /milestones needs "at", in brackets/],
  ["cosine-restarts", /cosine-restarts needs "every"/],
  ["cosine-restarts(5 epochs, grow=1.5)", /grow: "1.5" is not a whole number from 1/],
  ["polynomial(0)", /power: "0" is not a number above 0/],
  ["warmup(2.5 steps) then cosine", /until: "2.5 steps" is no whole number of steps/],
  ["warmup(5 minutes) then cosine", /"5 minutes" is no time: write it as 500 steps, 5 epochs or 10%/],
  ["warmup(5 epochs) then cosine", /nothing is left for cosine: what is before it takes 5 of the run's 2 epochs/],
  ["cosine for 60% then constant for 40% then linear", /nothing is left for linear/]
])("refuses %s, and says why", (text, says) => {
  expect(problem(text)).toMatch(says)
})

it("takes units in any case", () => {
  const name = (text: string) => Schedules.make(text, course).name
  expect(name("warmup(2 EPOCHS) then cosine")).toBe(name("warmup(2 epochs) then cosine"))
  expect(name("constant for 1 Epoch then cosine")).toBe(name("constant for 1 epoch then cosine"))
})

it("refuses what is too long by the data's number of steps", () => {
  const error = (text: string): unknown =>
    Effect.runSync(Effect.match(Effect.try(() => Schedules.make(text, course)), {
      onFailure: ({ cause }) => cause,
      onSuccess: () => undefined
    }))
  expect(error("warmup(100) then cosine")).toBeInstanceOf(Schedules.ScheduleError)
  expect(String(error("warmup(100) then cosine"))).toMatch(/takes 10 of the run's 10 epochs/)
  expect(error("warmup(99) then cosine")).toBeUndefined()
  expect(error("step-decay(every=0)")).toBeInstanceOf(Schedules.ScheduleError)
})

it("says which settings its parts do not know, or know already", () => {
  const decoded = (settings: object) => Effect.runSync(TrainConfig.decode(settings, "test"))
  const idle = (schedule: string) => TrainConfig.idle(decoded({ schedule })).get("exponent")
  expect(idle("cosine")).toBe("only the power schedule has it")
  expect(idle("warmup(5) then power")).toBeUndefined()
  expect(idle("warmup(5) then power(0.75)")).toBe("the schedule says it itself")
  expect(Schema.is(Schedules.textOf())(3)).toBe(false)
})

it("joins a schedule of one's own as any other, with its settings", () => {
  const halving = {
    about: "half as long after each half-life",
    parameters: { halfLife: Schema.Finite },
    make: ({ halfLife, rate }: Schedules.Course & { readonly halfLife: number }): Schedule.Schedule => ({
      name: "halving",
      rate: (t) => rate * 2 ** (-t / halfLife)
    })
  }
  const known = { ...Schedules.schedules, halving }
  const { name, rate } = Schedules.make("warmup(5) then halving", course, { halfLife: 10, exponent: 3 }, known)
  expect([5, 15, 25].map(rate)).toEqual([0.1, 0.05, 0.025])
  expect(name).toMatch(/then halving/)
  expect(Schedules.idle("cosine", known).get("halfLife")).toBe("only the halving schedule has it")
  expect(Schema.is(Schedules.textOf())("halving")).toBe(false)
})
