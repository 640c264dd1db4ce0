import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { afterAll, expect, it } from "vitest"
import * as WholeFile from "../../src/data/WholeFile.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-whole-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

it.each([0, 1, 2, 4])("a file is written whole or not at all, interrupted after %d turns", async (turns) => {
  const file = join(scratch, `${turns}.bin`)
  writeFileSync(file, "before")
  const after = new Uint8Array(4096).fill(7)
  const writing = WholeFile.write(file, after).pipe(Effect.provide(NodeServices.layer))
  const fiber = Effect.runFork(writing)
  for (let i = 0; i < turns; i++) await setImmediate()
  await Effect.runPromise(Fiber.interrupt(fiber))
  const found = readFileSync(file)
  expect([Buffer.from("before"), Buffer.from(after)].some((whole) => whole.equals(found))).toBe(true)
  // What was begun has ended: nothing appears later.
  await Effect.runPromise(Effect.sleep("20 millis"))
  expect(readdirSync(scratch).filter((name) => name.endsWith(".part"))).toEqual([])
})
