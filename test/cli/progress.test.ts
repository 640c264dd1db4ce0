import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import * as GridProgress from "../../cli/GridProgress.ts"
import * as pace from "../../cli/pace.ts"
import * as Progress from "../../cli/Progress.ts"
import * as Status from "../../cli/Status.ts"

describe("a pace", () => {
  it.each([
    [812.3, "812 img/s"],
    [3.24, "3.2 img/s"],
    [0.03, "1.8 img/min"],
    [1 / 240, "4.0 min each"],
    [1 / 10_800, "3.0 h each"],
    [0, "– img/s"],
    [Number.NaN, "– img/s"]
  ])("of %d a second reads %s", (perSecond, text) => {
    expect(pace.rate(perSecond, "img")).toBe(text)
  })

  it.each([[7, "0:07"], [750, "12:30"], [11_100, "3:05:00"], [187_200, "2 d 4 h"], [Infinity, "-:--"], [
    Number.NaN,
    "-:--"
  ]])("has %d seconds left as %s", (seconds, text) => {
    expect(pace.clock(seconds)).toBe(text)
  })

  it("says 100 % only of what is done", () => {
    expect([0, 0.5, 0.999, 1].map(pace.percent)).toEqual(["  0 %", " 50 %", " 99 %", "100 %"])
  })
})

describe("the line of a job", () => {
  it("counts what this process did, not what an earlier one had done", () => {
    // 60 of 100 were there; 10 more in 20 seconds: 30 are left at one in two seconds.
    const job = { total: 100, before: 60, started: 1000 }
    expect(Progress.line(job, 70, 21_000, "img", "epoch 2", undefined)).toBe("70 %  30 img/min  1:00 left  epoch 2")
    expect(Progress.line(job, 60, 1000, "img", "", undefined)).toBe("60 %  – img/s  -:-- left")
    expect(Progress.line(job, 100, 81_000, "img", "", undefined)).toMatch(/^100 % .* 0:00 left$/)
  })
})

describe("the lines of a grid", () => {
  const second = 1000
  const plain = (state: GridProgress.GridState, now: number) => GridProgress.lines(state, now)(undefined)
  /** Four trials: one was done before, one goes on from 40 %, one is new. */
  const resumed = () => {
    let state = GridProgress.start(4, 0)
    state = GridProgress.ended(state, "done before", 10 * second)
    state = GridProgress.running(state, "goes on", 0.4, 10 * second)
    state = GridProgress.running(state, "is new", 0, 10 * second)
    return GridProgress.running(GridProgress.running(state, "goes on", 0.6, 30 * second), "is new", 0.3, 30 * second)
  }

  it("give the grid and every run the time that this process needs for them", () => {
    // Half a trial in 20 seconds, since the first that was worked on; 2.1 trials are left.
    expect(plain(resumed(), 30 * second)).toEqual([
      "47 %  1/4 trials  1.5 trials/min  1:24 left",
      "goes on 60 % 0:40 left",
      "is new 30 % 0:47 left"
    ])
  })

  it("know no time before anything was done", () => {
    let state = GridProgress.start(9, 0)
    for (const trial of ["a", "b", "c"]) state = GridProgress.ended(state, trial, second)
    expect(plain(state, 2 * second)).toEqual(["33 %  3/9 trials  – trials/s  -:-- left"])
  })

  it("count what is over, and forget it", () => {
    let state = GridProgress.ended(resumed(), "goes on", 50 * second)
    expect(plain(state, 50 * second)[0]).toMatch(/2\/4 trials {2}1\.3 trials\/min/)
    state = GridProgress.ended(GridProgress.ended(state, "is new", 60 * second), "last", 70 * second)
    expect(plain(state, 70 * second)).toEqual([expect.stringMatching(/^100 % {2}4\/4 trials .* 0:00 left$/)])
  })

  it("keep every run on a terminal, and the end of its name, which tells the seed", () => {
    let state = GridProgress.start(9, 0)
    const names = [1, 2, 3, 4].map((seed) => `PIO (Sp+Ob+St+Euc), unit norms/small CNN/seed-${seed}-at-0.05`)
    for (const name of names) state = GridProgress.running(state, name, 0.5, second)
    const shown = Status.fit(GridProgress.lines(state, second)(60), 60, 24)
    expect(shown).toHaveLength(5)
    for (const line of shown) expect(line.length).toBeLessThan(60)
    for (const [i, line] of shown.slice(1).entries()) expect(line).toMatch(new RegExp(`PIO.*….*seed-${i + 1}-at-0.05$`))
  })

  it("say how many more there are than a low terminal has lines", () => {
    expect(Status.fit(["grid", "a", "b", "c"], 80, 4)).toEqual(["grid", "a", "  … and 2 more"])
    expect(Status.fit(["grid", "a"], 80, 4)).toEqual(["grid", "a"])
    expect(Status.fit(["a line that is too long"], 10, 4)).toEqual(["a line t…"])
  })
})

/** What a command writes, with and without a terminal. */
const written = (canAnimate: boolean, program: Effect.Effect<void, never, Terminal.Terminal>) => {
  const texts: Array<string> = []
  const terminal = Terminal.make({
    columns: Effect.succeed(80),
    rows: Effect.succeed(24),
    size: Effect.never,
    readInput: Effect.never,
    readLine: Effect.never,
    display: (text) => Effect.sync(() => void texts.push(text))
  })
  return Effect.runPromise(
    program.pipe(
      Effect.provideService(Terminal.Terminal, terminal),
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
        canAnimate,
        canColor: false,
        canPrompt: false
      }),
      Effect.provide(TestClock.layer()),
      Effect.as(texts)
    )
  )
}

const escape = "\u001B["

const grid = Effect.scoped(Effect.gen(function*() {
  const progress = yield* GridProgress.make(2)
  yield* progress.running("a", 0)
  for (let i = 1; i <= 12; i++) {
    yield* TestClock.adjust("1 second")
    yield* progress.running("a", i / 24)
    if (i === 6) yield* progress.running("b", 0)
  }
  yield* progress.print("b: Diverged")
  yield* progress.ended("b")
  yield* progress.ended("a")
}))

describe("a status", () => {
  it("without a terminal is a line at the start, one every five seconds, and one at the end", async () => {
    expect(await written(false, grid)).toEqual([
      "0 %  0/2 trials  – trials/s  -:-- left\n",
      "10 %  0/2 trials  2.5 trials/min  0:43 left | a 20 % 0:19 left\n",
      "20 %  0/2 trials  2.5 trials/min  0:38 left | a 41 % 0:14 left | b 0 % -:-- left\n",
      "b: Diverged\n",
      expect.stringMatching(/^100 % {2}2\/2 trials .* 0:00 left\n$/)
    ])
  })

  it("on a terminal paints a line per run over what it painted before, and leaves what is printed", async () => {
    const texts = await written(true, grid)
    const screen: Array<string> = [""]
    let row = 0
    // As a terminal reads it: one line or several up, clear from here on, and lines of text.
    for (const part of texts.join("").replaceAll("\r", "").split(escape)) {
      const [, up, code = ""] = /^(?:(\d+)A|(J|\?25[hl]))?/.exec(part)!
      row -= Number(up ?? 0)
      if (code === "J") screen.splice(row, Infinity, "")
      for (const [i, text] of part.slice(up === undefined ? code.length : up.length + 1).split("\n").entries()) {
        if (i > 0) row++
        screen[row] = (screen[row] ?? "") + text
      }
    }
    expect(screen).toEqual(["b: Diverged", ""])
    const last = texts.findLast((text) => text.includes("  a"))!
    expect(last).toMatch(/\] {2}25 % {2}0\/2 trials .* 0:36 left\n {3}50 % .* 0:12 left {2}a\n {4}0 % .* left {2}b$/)
    expect(texts.at(0)).toBe(`${escape}?25l`)
    expect(texts.at(-1)!.endsWith(`${escape}?25h`)).toBe(true)
  })
})
