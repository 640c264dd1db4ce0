/**
 * Schedules as text, `warmup(5 epochs) then cosine for 80% then constant(0.01)`: parts by name, each with arguments in
 * brackets, all but the last with an end.
 */
import * as Result from "effect/Result"

/** A time within a run, in steps, epochs or as a share of the whole. */
export interface Time {
  readonly value: number
  readonly unit: "steps" | "epochs" | "%"
}

/** What an argument may be: a share of something as a number or in %, or a time; or all times that are given. */
export type Kind = "count" | "positive" | "share" | "time" | "times"

/** Arguments in the order in which they stand without their names. */
export type Arguments = Readonly<Record<string, Kind>>

/** What of a schedule its text needs. */
export interface Named {
  readonly arguments?: Arguments
  /** The argument that says when it ends and the next one begins, which it cannot do without. */
  readonly until?: string
  /** Arguments without which it says nothing. */
  readonly needs?: ReadonlyArray<string>
}

/** Arguments as they were given. */
type Given = Readonly<Record<string, number | Time | ReadonlyArray<Time>>>

/** A part of a schedule: its name, its arguments, and how long it lasts. */
export interface Part {
  readonly name: string
  readonly given: Given
  readonly lasts?: Time
}

const number = /^(\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(%|steps?|epochs?)?$/i
const part = /^([a-z][\w-]*)\s*(?:\(([^()]*)\))?(?:\s+for\s+(.+))?$/i

const timeOf = (text: string): Result.Result<Time, string> => {
  const [, digits, unit = "steps"] = number.exec(text) ?? []
  if (digits === undefined) return Result.fail(`"${text}" is no time: write it as 500 steps, 5 epochs or 10%`)
  const time: Time = { value: Number(digits), unit: unit === "%" ? "%" : /^e/i.test(unit) ? "epochs" : "steps" }
  return time.unit === "steps" && !Number.isSafeInteger(time.value)
    ? Result.fail(`"${text}" is no whole number of steps`)
    : Result.succeed(time)
}

const numberOf = (kind: "count" | "positive" | "share", text: string): Result.Result<number, string> => {
  const [, digits, unit] = number.exec(text) ?? []
  const value = Number(digits) / (unit === "%" ? 100 : 1)
  const isOf = {
    share: () => unit === undefined || unit === "%",
    positive: () => unit === undefined && value > 0,
    count: () => unit === undefined && Number.isSafeInteger(value) && value >= 1
  }
  const expected = { share: "a share, as 0.1 or 10%", positive: "a number above 0", count: "a whole number from 1" }
  return digits !== undefined && isOf[kind]()
    ? Result.succeed(value)
    : Result.fail(`"${text}" is not ${expected[kind]}`)
}

/** Arguments by name, from text such as `10 epochs, factor=0.1`. */
const givenOf = (text: string, kinds: Arguments): Result.Result<Given, string> => {
  const given: Record<string, number | Time | ReadonlyArray<Time>> = {}
  const names = Object.keys(kinds)
  for (const argument of text.split(",").map((one) => one.trim())) {
    if (argument === "") continue
    const [, named, value = ""] = /^(?:([a-z]\w*)\s*=)?\s*(.*)$/i.exec(argument) ?? []
    const name = named ?? names.find((one) => kinds[one] === "times" || !Object.hasOwn(given, one))
    const kind = name === undefined || !Object.hasOwn(kinds, name) ? undefined : kinds[name]
    if (name === undefined || kind === undefined) {
      const there = names.length === 0 ? "it has no arguments" : `there is ${names.join(", ")}`
      return Result.fail(`it does not know "${argument}": ${there}`)
    }
    if (kind !== "times" && Object.hasOwn(given, name)) return Result.fail(`${name} is given twice`)
    const read: Result.Result<number | Time, string> = kind === "time" || kind === "times"
      ? timeOf(value)
      : numberOf(kind, value)
    if (Result.isFailure(read)) return Result.fail(`${name}: ${read.failure}`)
    given[name] = kind === "times"
      ? [...(given[name] ?? []) as ReadonlyArray<Time>, read.success as Time]
      : read.success
  }
  return Result.succeed(given)
}

const partOf = (text: string, schedules: Readonly<Record<string, Named>>): Result.Result<Part, string> =>
  Result.gen(function*() {
    const [, name, given = "", lasts] = part.exec(text) ?? []
    const names = Object.keys(schedules).join(", ")
    if (name === undefined) {
      return yield* Result.fail(`"${text}" is no part of a schedule, as cosine(to=0.1) for 10 epochs`)
    }
    const schedule = Object.hasOwn(schedules, name) ? schedules[name]! : undefined
    if (schedule === undefined) return yield* Result.fail(`there is no schedule "${name}": there is ${names}`)
    const own = yield* Result.mapError(givenOf(given, schedule.arguments ?? {}), (reason) => `${name}: ${reason}`)
    const missing = schedule.needs?.find((needed) => !Object.hasOwn(own, needed))
    if (missing !== undefined) return yield* Result.fail(`${name} needs "${missing}", in brackets`)
    const until = schedule.until === undefined ? undefined : own[schedule.until] as Time | undefined
    if (until !== undefined && lasts !== undefined) {
      return yield* Result.fail(`${name}: it is told twice how long it lasts`)
    }
    const time = lasts === undefined
      ? until
      : yield* Result.mapError(timeOf(lasts.trim()), (reason) => `${name}: ${reason}`)
    return { name, given: own, ...(time === undefined ? {} : { lasts: time }) }
  })

/**
 * The parts of a schedule, or why there are none.
 *
 * @internal
 */
export const parse = (
  text: string,
  schedules: Readonly<Record<string, Named>>
): Result.Result<readonly [Part, ...ReadonlyArray<Part>], string> =>
  Result.gen(function*() {
    const parts: Array<Part> = []
    for (const one of text.trim().split(/\s+then\s+/)) parts.push(yield* partOf(one.trim(), schedules))
    const endless = parts.slice(0, -1).find(({ lasts }) => lasts === undefined)
    if (endless !== undefined) {
      return yield* Result.fail(
        `${endless.name} must be told how long it lasts before another follows, ` +
          `as in "${endless.name} for 10 epochs then …"`
      )
    }
    const last = parts.at(-1)!
    if (schedules[last.name]!.until !== undefined) {
      return yield* Result.fail(
        `${last.name} leads to another schedule: write what follows, as in "${text.trim()} then cosine"`
      )
    }
    if (last.lasts !== undefined) {
      return yield* Result.fail(
        `${last.name} is the last part, which lasts as long as the run: write what follows, or no "for"`
      )
    }
    return parts as [Part, ...Array<Part>]
  })
