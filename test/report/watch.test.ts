import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { afterAll, expect, it } from "vitest"
import { follow } from "../../cli/report.ts"
import * as Report from "../../src/report/Report.ts"
import * as ownFiles from "../../src/training/run/ownFiles.ts"

const run = mkdtempSync(join(tmpdir(), "finegrain-watch-"))
afterAll(() => rmSync(run, { recursive: true, force: true }))

const manifest = { config: {}, seed: 1, dataset: { name: "d", sha256: "" } }
writeFileSync(join(run, "manifest.json"), JSON.stringify(manifest))

const step = (step: number) =>
  appendFileSync(
    join(run, "events.jsonl"),
    `${JSON.stringify({ _tag: "StepDone", step, epoch: 1, loss: 1 / step, rate: 0.1, images: step })}\n`
  )

const page = () => readFileSync(join(run, "report.html"), "utf8")
const refreshes = () => page().includes("http-equiv=\"refresh\"")

/** Lets the time of the test pass until files are so; what is read and written takes a time of its own. */
const until = Effect.fnUntraced(function*(holds: () => boolean) {
  while (!holds()) {
    yield* TestClock.adjust("5 seconds")
    yield* Effect.promise(() => setTimeout(5))
  }
})

it("a page follows a run while it is at work, is drawn anew, and stands still when that has ended", async () => {
  step(1)
  const watching = Effect.gen(function*() {
    const fiber = yield* Effect.scoped(Effect.gen(function*() {
      yield* ownFiles.lock(run)
      yield* Report.write(run)
      expect(refreshes()).toBe(true)
      const fiber = yield* Effect.forkDetach(follow([run]))
      const before = page()
      step(2)
      yield* Effect.promise(() => setTimeout(50))
      expect(page()).toBe(before)
      yield* until(() => page() !== before)
      expect(refreshes()).toBe(true)
      return fiber
    }))
    yield* until(() => !refreshes())
    yield* Fiber.join(fiber)
  })
  await Effect.runPromise(watching.pipe(Effect.provide([NodeServices.layer, TestClock.layer()])))
  expect(refreshes()).toBe(false)
})
