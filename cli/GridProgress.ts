/** The progress of a grid of trials: a pure state, and its lines on a terminal. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type * as Terminal from "effect/Terminal"
import * as pace from "./pace.ts"
import * as Status from "./Status.ts"

/** How far a grid of trials is, and every trial that runs: how long each will take, and all of them. */
export interface GridProgress {
  /** A trial has got so far, from 0 to 1. */
  readonly running: (trial: string, share: number) => Effect.Effect<void>
  /** A trial is over, in whatever way. */
  readonly ended: (trial: string) => Effect.Effect<void>
  readonly print: (text: string) => Effect.Effect<void>
}

/** A trial at work: since when this process hears of it, how far it was then, and how far it is. */
interface Running {
  readonly since: number
  readonly from: number
  readonly share: number
}

/** All that is known, as a value. */
export interface GridState {
  readonly total: number
  /** When work began, in milliseconds: trials that earlier processes had finished take no time that says anything. */
  readonly began: number
  readonly ended: number
  /** What this process has done, in trials, of those that have ended. */
  readonly worked: number
  readonly trials: ReadonlyMap<string, Running>
}

/**
 * A grid of which nothing has been done.
 *
 * @internal
 */
export const start = (total: number, now: number): GridState => ({
  total,
  began: now,
  ended: 0,
  worked: 0,
  trials: new Map()
})

/**
 * The state of a grid after a trial has got so far.
 *
 * @internal
 */
export const running = (state: GridState, trial: string, share: number, now: number): GridState => {
  const { from, since } = state.trials.get(trial) ?? { from: share, since: now }
  return { ...state, trials: new Map([...state.trials, [trial, { from, since, share }]]) }
}

/**
 * The state of a grid after a trial is over. One of which nothing was heard had been done before.
 *
 * @internal
 */
export const ended = (state: GridState, trial: string, now: number): GridState => {
  const own = state.trials.get(trial)
  const isIdle = state.worked === 0 && state.trials.size === 0
  return {
    ...state,
    began: own === undefined && isIdle ? now : state.began,
    ended: state.ended + 1,
    worked: state.worked + (own === undefined ? 0 : 1 - own.from),
    trials: new Map([...state.trials].filter(([other]) => other !== trial))
  }
}

const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)

/** Seconds that are left when so much was done in so many milliseconds; unknown before anything was. */
const left = (todo: number, done: number, milliseconds: number): number =>
  todo <= 0 ? 0 : done > 0 ? todo * milliseconds / done / 1000 : Infinity

/** A name with its end, which tells the seed, and as much of its beginning as there is room for. */
const shortened = (name: string, room: number): string => {
  if (name.length <= room) return name
  const end = Math.max(0, Math.min(Math.floor(room / 2), room - 1))
  return `${name.slice(0, Math.max(0, room - end - 1))}…${end === 0 ? "" : name.slice(-end)}`
}

/**
 * The grid, then every trial that runs, a line each; remaining times come from what this process did in its own time.
 *
 * @internal
 */
export const lines = (state: GridState, now: number): Status.Lines => (columns) => {
  const { began, trials } = state
  const all = [...trials.values()]
  const done = state.ended + sum(all.map(({ share }) => share))
  const worked = state.worked + sum(all.map(({ from, share }) => share - from))
  const text = `${pace.percent(done / state.total)}  ${state.ended}/${state.total} trials  ${
    pace.rate(1000 * worked / Math.max(now - began, 1), "trials")
  }  ${pace.clock(left(state.total - done, worked, now - began))} left`
  return [
    columns === undefined
      ? text.trimStart()
      : `${pace.bar(done / state.total, Math.max(5, Math.min(30, columns - text.length - 4)))} ${text}`,
    ...[...trials].map(([name, { from, share, since }]) => {
      const own = `${pace.percent(share)}  ${pace.clock(left(1 - share, share - from, now - since)).padStart(7)} left`
      return columns === undefined
        ? `${name} ${own.trim().replaceAll(/ +/g, " ")}`
        : `  ${own}  ${shortened(name, columns - own.length - 6)}`
    })
  ]
}

/**
 * The progress of a grid of so many trials while the scope is open.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  total: number
): Effect.fn.Return<GridProgress, never, Scope.Scope | Terminal.Terminal> {
  const status = yield* Status.make
  const state = yield* Ref.make(start(total, yield* Clock.currentTimeMillis))
  const change = Effect.fnUntraced(function*(next: (state: GridState, now: number) => GridState, atOnce: boolean) {
    const now = yield* Clock.currentTimeMillis
    const current = yield* Ref.updateAndGet(state, (before) => next(before, now))
    yield* status.show(lines(current, now), atOnce || current.ended >= total)
  })
  yield* change((state) => state, true)
  return {
    running: (trial, share) => change((state, now) => running(state, trial, share, now), false),
    ended: (trial) => change((state, now) => ended(state, trial, now), false),
    print: status.print
  }
})
