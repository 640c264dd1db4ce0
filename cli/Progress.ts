/** The progress of one job, on a terminal or in a file. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type * as Terminal from "effect/Terminal"
import * as pace from "./pace.ts"
import * as Status from "./Status.ts"

/** How far a job is, how fast it goes, and how long it will take. */
export interface Progress {
  /** Starts the clock of a job of so many units. */
  readonly start: (total: number) => Effect.Effect<void>
  /** Starts it anew where so many of them were done by an earlier process, which tells nothing about this one. */
  readonly resume: (done: number) => Effect.Effect<void>
  readonly update: (done: number, note: string) => Effect.Effect<void>
  readonly print: (text: string) => Effect.Effect<void>
}

/** A job: of its units, so many had been done when this process started. */
interface Work {
  readonly total: number
  readonly before: number
  readonly started: number
}

/**
 * One line: a bar where there is a terminal, the share, the rate and the remaining time.
 *
 * @internal
 */
export const line = (
  { before, started, total }: Work,
  done: number,
  now: number,
  unit: string,
  note: string,
  columns: number | undefined
): string => {
  const perSecond = (done - before) / Math.max((now - started) / 1000, 1e-3)
  const left = done >= total ? 0 : perSecond > 0 ? (total - done) / perSecond : Infinity
  const text = `${pace.percent(done / total)}  ${pace.rate(perSecond, unit)}  ${pace.clock(left)} left  ${note}`
    .trimEnd()
  return columns === undefined
    ? text.trimStart()
    : `${pace.bar(done / total, Math.max(5, Math.min(30, columns - text.length - 4)))} ${text}`
}

/**
 * The progress of one job while the scope is open: its first and last lines at once, others now and then.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  unit: string
): Effect.fn.Return<Progress, never, Scope.Scope | Terminal.Terminal> {
  const status = yield* Status.make
  const job = yield* Ref.make<Work>({ total: 1, before: 0, started: 0 })
  const show = Effect.fnUntraced(function*(done: number, note: string, atOnce: boolean) {
    const current = yield* Ref.get(job)
    const now = yield* Clock.currentTimeMillis
    yield* status.show((columns) => [line(current, done, now, unit, note, columns)], atOnce || done >= current.total)
  })
  const begin = Effect.fnUntraced(function*(total: number, before: number) {
    yield* Ref.set(job, { total, before, started: yield* Clock.currentTimeMillis })
    yield* show(before, "", true)
  })
  return {
    start: (total) => begin(total, 0),
    resume: (done) => Effect.flatMap(Ref.get(job), ({ total }) => begin(total, done)),
    update: (done, note) => show(done, note, false),
    print: status.print
  }
})
