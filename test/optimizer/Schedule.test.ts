import fc from "fast-check"
import { Schedule } from "finegrain"
import { expect, it } from "vitest"

const rates = fc.double({ min: 1e-4, max: 1, noNaN: true })
const lengths = fc.integer({ min: 1, max: 40 })

/** A schedule that ends, of any kind. */
const ending: fc.Arbitrary<Schedule.Schedule> = fc.record({ rate: rates, steps: lengths, to: rates, kind: fc.nat(5) })
  .map(({ kind, rate, steps, to }) =>
    [
      Schedule.cosine({ rate, steps }),
      Schedule.cosine({ rate, steps, to }),
      Schedule.linear({ rate, steps, to }),
      Schedule.polynomial({ rate, steps, to, exponent: 2 }),
      Schedule.during(steps, Schedule.constant(rate)),
      Schedule.during(steps, Schedule.milestones({ rate, factor: 0.1, at: [3, 7] }))
    ][kind]!
  )

const times = Array.from({ length: 130 }, (_, t) => t)
const all = (schedule: Schedule.Schedule) => times.map(schedule.rate)

it("starts at r₀ and does not grow", () => {
  fc.assert(fc.property(rates, fc.integer({ min: 1, max: 200 }), fc.nat({ max: 400 }), (rate, steps, t) => {
    for (
      const schedule of [
        Schedule.constant(rate),
        Schedule.stepDecay({ rate, factor: 0.5, every: steps }),
        Schedule.milestones({ rate, factor: 0.5, at: [steps, 2 * steps] }),
        Schedule.cosine({ rate, steps }),
        Schedule.linear({ rate, steps }),
        Schedule.polynomial({ rate, steps, exponent: 1.5 }),
        Schedule.power({ rate, exponent: 0.75 })
      ]
    ) {
      expect(schedule.rate(0)).toBeCloseTo(rate, 12)
      expect(schedule.rate(t + 1)).toBeLessThanOrEqual(schedule.rate(t))
      expect(schedule.rate(t)).toBeGreaterThanOrEqual(0)
    }
  }))
})

it("joins associatively, in rates, lengths and names", () => {
  fc.assert(fc.property(ending, ending, ending, (a, b, c) => {
    const [left, right] = [Schedule.join(Schedule.join(a, b), c), Schedule.join(a, Schedule.join(b, c))]
    expect(all(left)).toEqual(all(right))
    expect([left.name, left.steps]).toEqual([right.name, right.steps])
  }))
})

it("joins where the first one ends, to the step", () => {
  fc.assert(fc.property(ending, ending, (a, b) => {
    const joined = Schedule.join(a, b)
    const end = a.steps!
    expect([end - 1, end, end + 1].map(joined.rate)).toEqual([a.rate(end - 1), b.rate(0), b.rate(1)])
  }))
})

it("rises in n steps to where the next one begins, and is that one without a step", () => {
  fc.assert(fc.property(ending, lengths, rates, (then, n, from) => {
    expect(Schedule.warmup(0, then)).toBe(then)
    const warm = Schedule.warmup(n, then, from)
    expect(warm.rate(0)).toBe(from)
    expect(warm.rate(n)).toBe(then.rate(0))
    expect(warm.rate(n + 3)).toBe(then.rate(3))
    for (let t = 0; t < n; t++) {
      expect(warm.rate(t)).toBeCloseTo(from + (then.rate(0) - from) * t / n, 12)
    }
  }))
})

it("ends exactly at its last rate, and stays there", () => {
  fc.assert(fc.property(rates, rates, lengths, fc.nat({ max: 50 }), (rate, to, steps, later) => {
    for (
      const schedule of [
        Schedule.cosine({ rate, steps, to }),
        Schedule.linear({ rate, steps, to }),
        Schedule.polynomial({ rate, steps, to, exponent: 3 })
      ]
    ) {
      expect(schedule.rate(steps + later)).toBe(to)
    }
  }))
})

it("restarts as a join of cosines does", () => {
  fc.assert(fc.property(rates, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3 }), (rate, steps, grow) => {
    const cosines = [0, 1, 2].map((n) => Schedule.cosine({ rate, steps: steps * grow ** n }))
    const joined = Schedule.join(cosines[0]!, cosines[1]!, cosines[2]!)
    const restarts = Schedule.cosineRestarts({ rate, steps, grow })
    for (let t = 0; t < joined.steps!; t++) expect(restarts.rate(t)).toBe(joined.rate(t))
    expect(restarts.rate(joined.steps!)).toBe(rate)
  }))
})

it("falls at its milestones, not a step before or after", () => {
  const { rate } = Schedule.milestones({ rate: 1, factor: 0.5, at: [10, 20] })
  expect([0, 9, 10, 19, 20, 1000].map(rate)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25])
})

it("keeps the bits of a cosine to 0", () => {
  const before = (t: number) => 0.05 * (1 + Math.cos(Math.PI * Math.min(t / 117, 1))) / 2
  expect(all(Schedule.cosine({ rate: 0.05, steps: 117 }))).toEqual(times.map(before))
})

it.each<[string, RegExp, () => unknown]>([
  [
    "what follows one without an end",
    /power\(.*cannot follow constant\(rate=0.1\).*Schedule.during/,
    () => Schedule.join(Schedule.constant(0.1), Schedule.power({ rate: 1, exponent: 1 }))
  ],
  [
    "what follows one of half a step",
    /does not end after a whole number of steps/,
    () => Schedule.join(Schedule.cosine({ rate: 1, steps: 1.5 }), Schedule.constant(0.1))
  ],
  [
    "a warm-up of -1 steps",
    /warmup: steps must be a whole number of at least 0, not -1/,
    () => Schedule.warmup(-1, Schedule.constant(0.1))
  ],
  [
    "a milestone that is no number",
    /milestone must be finite and at least 0, not NaN/,
    () => Schedule.milestones({ rate: 1, factor: 0.1, at: [3, Number.NaN] })
  ],
  [
    "restarts that shrink",
    /grow must be a whole number of at least 1, not 0/,
    () => Schedule.cosineRestarts({ rate: 1, steps: 3, grow: 0 })
  ],
  [
    "restarts after no step",
    /steps must be finite and above 0, not 0/,
    () => Schedule.cosineRestarts({ rate: 1, steps: 0 })
  ],
  ["an end below 0", /to must be finite and at least 0, not -1/, () => Schedule.linear({ rate: 1, steps: 3, to: -1 })]
])("refuses %s", (_, says, make) => {
  expect(make).toThrow(says)
})
