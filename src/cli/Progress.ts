import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Terminal from "effect/Terminal"

/** A bar with rate and remaining time on the last line of the terminal; lines may be printed above it. */
export interface Progress {
  /** Starts the clock of a job of so many units. */
  readonly start: (total: number) => Effect.Effect<void>
  readonly update: (done: number, note: string) => Effect.Effect<void>
  readonly print: (text: string) => Effect.Effect<void>
}

const clear = "\r\u001B[2K"
const hideCursor = "\u001B[?25l"
const showCursor = "\u001B[?25h"

const clock = (seconds: number): string =>
  Number.isFinite(seconds)
    ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
    : "-:--"

/**
 * One line: a bar, the share, the rate and the remaining time.
 *
 * @internal
 */
export const render = (
  done: number,
  total: number,
  seconds: number,
  unit: string,
  note: string,
  columns: number
): string => {
  const share = Math.min(1, done / total)
  const rate = done / Math.max(seconds, 1e-3)
  const text = ` ${String(Math.floor(100 * share)).padStart(3)} %  ${rate.toFixed(0)} ${unit}/s  ${
    clock((total - done) / rate)
  } left  ${note}`
  const width = Math.max(5, Math.min(30, columns - text.length - 3))
  const full = Math.round(width * share)
  return `[${"█".repeat(full)}${"·".repeat(width - full)}]${text}`.slice(0, columns - 1)
}

/**
 * A progress bar while the scope is open: animated on a terminal, a line every ten seconds elsewhere.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  unit: string
): Effect.fn.Return<Progress, never, Scope.Scope | Terminal.Terminal> {
  const terminal = yield* Terminal.Terminal
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  const job = yield* Ref.make({ total: 1, started: 0 })
  const painted = yield* Ref.make(0)
  const line = yield* Ref.make("")
  const display = (text: string) => Effect.ignore(terminal.display(text))
  if (canAnimate) {
    yield* Effect.acquireRelease(display(hideCursor), () => display(`${clear}${showCursor}`))
  }
  return {
    start: (total) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (started) => Effect.andThen(Ref.set(job, { total, started }), Ref.set(painted, started))
      ),
    update: Effect.fnUntraced(function*(done, note) {
      const { started, total } = yield* Ref.get(job)
      const now = yield* Clock.currentTimeMillis
      if (now - (yield* Ref.get(painted)) < (canAnimate ? 100 : 10_000) && done < total) return
      yield* Ref.set(painted, now)
      const columns = canAnimate ? yield* terminal.columns : 120
      const text = render(done, total, (now - started) / 1000, unit, note, columns)
      yield* Ref.set(line, text)
      yield* display(canAnimate ? `${clear}${text}` : `${text}\n`)
    }),
    print: (text) =>
      canAnimate
        ? Effect.flatMap(Ref.get(line), (bar) => display(`${clear}${text}\n${bar}`))
        : display(`${text}\n`)
  }
})
