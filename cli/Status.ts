/** The last lines of a terminal, repainted while a command runs. */
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Terminal from "effect/Terminal"

/** Lines for so many columns of a terminal, or for a file where there is none. */
export type Lines = (columns: number | undefined) => ReadonlyArray<string>

/**
 * What a command says of its state: the last lines of a terminal, repainted; elsewhere a plain line every now and then.
 */
export interface Status {
  /** Shows lines unless others were shown just before; at once where it matters. */
  readonly show: (lines: Lines, atOnce: boolean) => Effect.Effect<void>
  /** Text that stays, above them. */
  readonly print: (text: string) => Effect.Effect<void>
}

const hideCursor = "\u001B[?25l"
const showCursor = "\u001B[?25h"

/** Milliseconds between two paintings of a terminal, and between two lines elsewhere. */
const [terminalEvery, plainEvery] = [100, 5000]

/** Back to the first of so many lines, and everything from there on cleared. */
const clear = (lines: number) => `\r${lines > 1 ? `\u001B[${lines - 1}A` : ""}\u001B[J`

const cut = (line: string, columns: number) => line.length < columns ? line : `${line.slice(0, columns - 2)}…`

/**
 * As many lines as fit, none so long that the terminal would break it.
 *
 * @internal
 */
export const fit = (lines: ReadonlyArray<string>, columns: number, rows: number): ReadonlyArray<string> => {
  const room = Math.max(1, rows - 1)
  const shown = lines.length <= room
    ? lines
    : [...lines.slice(0, Math.max(1, room - 1)), ...(room > 1 ? [`  … and ${lines.length - room + 1} more`] : [])]
  return shown.map((line) => cut(line, columns))
}

/**
 * A status while the scope is open.
 *
 * @internal
 */
export const make: Effect.Effect<Status, never, Scope.Scope | Terminal.Terminal> = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  const painted = yield* Ref.make({ at: Number.NEGATIVE_INFINITY, lines: [] as ReadonlyArray<string> })
  // Several fibers report; what one writes is not to be torn apart by another.
  const one = yield* Semaphore.make(1)
  const display = (text: string) => Effect.ignore(terminal.display(text))
  const repaint = Effect.fnUntraced(function*(lines: ReadonlyArray<string>, above = "") {
    const before = yield* Ref.get(painted)
    yield* display(`${clear(before.lines.length)}${above}${lines.join("\n")}`)
  })
  if (canAnimate) {
    yield* Effect.acquireRelease(
      display(hideCursor),
      () => Effect.flatMap(Ref.get(painted), ({ lines }) => display(`${clear(lines.length)}${showCursor}`))
    )
  }
  return {
    show: (lines, atOnce) =>
      one.withPermits(1)(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const { at } = yield* Ref.get(painted)
        if (!atOnce && now - at < (canAnimate ? terminalEvery : plainEvery)) return
        if (canAnimate) {
          const columns = yield* terminal.columns
          const shown = fit(lines(columns), columns, yield* terminal.rows)
          yield* repaint(shown)
          yield* Ref.set(painted, { at: now, lines: shown })
        } else {
          yield* display(`${lines(undefined).join(" | ")}\n`)
          yield* Ref.set(painted, { at: now, lines: [] })
        }
      })),
    print: (text) =>
      one.withPermits(1)(
        canAnimate
          ? Effect.flatMap(Ref.get(painted), ({ lines }) => repaint(lines, `${text}\n`))
          : display(`${text}\n`)
      )
  }
})
