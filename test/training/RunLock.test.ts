import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import * as Scope from "effect/Scope"
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, it } from "vitest"
import { self, stateOf } from "../../src/training/process.ts"
import * as RunLock from "../../src/training/RunLock.ts"

const scratch = mkdtempSync(join(tmpdir(), "finegrain-lock-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let count = 0
const fresh = () => join(scratch, `${count++}.lock`)

/** A lease of a tenth of a second. */
const short: RunLock.LeaseOptions = { every: "10 millis", looks: 10 }

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(effect.pipe(Effect.provide(NodeServices.layer)))
const acquire = (file: string) => run(Effect.scoped(RunLock.acquire(file, short)))
/** Takes it, and keeps it until it is told to let go. */
const keep = async (file: string) => {
  const scope = Scope.makeUnsafe()
  const found = await run(Effect.provideService(RunLock.acquire(file, short), Scope.Scope, scope))
  return { found, release: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const other = { pid: 1, host: "elsewhere", boot: "another", space: "pid:[1]", began: "7", token: "theirs" }

describe("a lock", () => {
  it("is one process' at a time, and gone afterwards", async () => {
    const file = fresh()
    const { found, release } = await keep(file)
    expect(found._tag).toBe("Taken")
    expect(await acquire(file)).toEqual({
      _tag: "Held",
      by: expect.stringContaining(`process ${process.pid} on`) as string
    })
    expect(await run(RunLock.isHeld(file))).toBe(true)
    await release()
    expect(existsSync(file)).toBe(false)
    expect(await run(RunLock.isHeld(file))).toBe(false)
  })

  it("of a dead process with the number of a living one is taken at once, as in a restarted container", async () => {
    const file = fresh()
    writeFileSync(file, JSON.stringify({ ...self(), host: "the-container-before", began: "1", token: "theirs" }))
    const began = performance.now()
    expect((await acquire(file))._tag).toBe("Taken")
    expect(performance.now() - began).toBeLessThan(100)
    // As earlier versions wrote it: the number is ours, and this process holds nothing.
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: self().host }))
    expect((await acquire(file))._tag).toBe("Taken")
  })

  it.each([
    ["empty, as a full disk left it", ""],
    ["cut short", `{"pid":`],
    ["of another machine", JSON.stringify(other)],
    ["of an earlier version on another machine", JSON.stringify({ pid: 1, host: "elsewhere" })]
  ])("that nobody renews is taken over once its lease is over: %s", async (_, text) => {
    const file = fresh()
    writeFileSync(file, text)
    const began = performance.now()
    expect((await acquire(file))._tag).toBe("Taken")
    expect(performance.now() - began).toBeGreaterThan(90)
  })

  it.each([1, -1])("of another machine that renews it is held, whatever its clock says: %d", async (sense) => {
    const file = fresh()
    writeFileSync(file, JSON.stringify(other))
    let beat = 0
    const renewing = setInterval(() => {
      // A clock that jumps is no matter: a change is one.
      const moment = new Date(1e12 + sense * 1e9 * beat++)
      utimesSync(file, moment, moment)
    }, 15)
    expect(await acquire(file)).toEqual({ _tag: "Held", by: "process 1 on elsewhere" })
    clearInterval(renewing)
    expect(readFileSync(file, "utf8")).toContain("elsewhere")
  })

  it.each([0, 8])("is not left behind by who is interrupted while it is taken: after %d turns", async (turns) => {
    const file = fresh()
    const fiber = Effect.runFork(Effect.scoped(RunLock.acquire(file, short)).pipe(Effect.provide(NodeServices.layer)))
    while (!existsSync(file)) await new Promise((resume) => setImmediate(resume))
    for (let i = 0; i < turns; i++) await Promise.resolve()
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(existsSync(file)).toBe(false)
  })

  it("that another holds is not waited for by who is interrupted", async () => {
    const file = fresh()
    writeFileSync(file, JSON.stringify(other))
    const long = { every: "1 hour" } as const
    const fiber = Effect.runFork(Effect.scoped(RunLock.acquire(file, long)).pipe(Effect.provide(NodeServices.layer)))
    await sleep(20)
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(readFileSync(file, "utf8")).toContain("elsewhere")
  })

  it("is renewed as long as it is held", async () => {
    const file = fresh()
    const { release } = await keep(file)
    const before = statSync(file).mtimeMs
    await expect.poll(() => statSync(file).mtimeMs).toBeGreaterThan(before)
    await release()
  })

  it("that is stale goes to one of many that find it, and the others hear who has it", async () => {
    const file = fresh()
    writeFileSync(file, JSON.stringify({ ...self(), began: "1", token: "theirs" }))
    const all = await Promise.all(Array.from({ length: 12 }, () => keep(file)))
    expect(all.filter(({ found }) => found._tag === "Taken")).toHaveLength(1)
    const told = all.flatMap(({ found }) => found._tag === "Held" ? [found.by] : [])
    expect(new Set(told)).toEqual(new Set([`process ${process.pid} on ${self().host}`]))
    for (const { release } of all) await release()
    expect(readdirSync(scratch).filter((name) => name.startsWith(file.slice(scratch.length + 1)))).toEqual([])
  })

  it("of which the disk takes the name only is not left behind", async () => {
    const file = fresh()
    const full = FileSystem.FileSystem.use((real) =>
      Effect.succeed<FileSystem.FileSystem>({
        ...real,
        writeFileString: (path, _, options) =>
          Effect.andThen(
            real.writeFileString(path, "", options),
            Effect.fail(
              PlatformError.systemError({
                _tag: "Unknown",
                module: "FileSystem",
                method: "write",
                description: "ENOSPC"
              })
            )
          )
      })
    )
    const error = await Effect.runPromise(
      Effect.flip(Effect.scoped(RunLock.acquire(file, short))).pipe(
        Effect.provideServiceEffect(FileSystem.FileSystem, full),
        Effect.provide(NodeServices.layer)
      )
    )
    expect(error.message).toContain("ENOSPC")
    expect(existsSync(file)).toBe(false)
  })

  it("that another took over is seen by the one that stood still; a deleted one comes back", async () => {
    const file = fresh()
    const { found, release } = await keep(file)
    if (found._tag !== "Taken") throw new Error(found.by)
    unlinkSync(file)
    expect(await Effect.runPromise(found.isOurs)).toBe(true)
    expect(existsSync(file)).toBe(true)
    writeFileSync(file, JSON.stringify(other))
    expect(await Effect.runPromise(found.isOurs)).toBe(false)
    await release()
    expect(readFileSync(file, "utf8")).toContain("elsewhere")
  })

  it("that another took in the moment in which it was gone is the other's", async () => {
    const file = fresh()
    let isGone = false
    const blinking = Effect.map(FileSystem.FileSystem, (real) =>
      FileSystem.FileSystem.of({
        ...real,
        readFileString: (path, encoding) =>
          isGone
            ? Effect.fail(
              PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "readFile" })
            )
            : real.readFileString(path, encoding)
      }))
    const seen = await run(
      Effect.scoped(Effect.gen(function*() {
        const found = yield* RunLock.acquire(file, short)
        if (found._tag !== "Taken") throw new Error(found.by)
        writeFileSync(file, JSON.stringify(other))
        isGone = true
        const isOurs = yield* found.isOurs
        isGone = false
        return isOurs
      })).pipe(Effect.provideServiceEffect(FileSystem.FileSystem, blinking))
    )
    expect(seen).toBe(false)
    expect(readFileSync(file, "utf8")).toContain("elsewhere")
  })

  it("of which the guard was left by a process that died is taken all the same", async () => {
    const file = fresh()
    const dead = JSON.stringify({ ...self(), began: "1", token: "theirs" })
    writeFileSync(file, dead)
    writeFileSync(`${file}.taking`, dead)
    expect((await acquire(file))._tag).toBe("Taken")
    await sleep(1)
    expect(existsSync(`${file}.taking`)).toBe(false)
  })
})

describe("a process", () => {
  const own = self()

  it("is the one that began when it is said to have begun", () => {
    expect(stateOf(own)).toBe("alive")
    expect(stateOf({ ...own, began: `${own.began}1` })).toBe("dead")
    expect(stateOf({ ...own, boot: "another" })).toBe("out of sight")
    expect(stateOf({ ...own, space: "pid:[1]" })).toBe("out of sight")
  })

  it("of which only the number is known is another than this one", () => {
    expect(stateOf({ pid: process.ppid, host: own.host })).toBe("alive")
    expect(stateOf({ pid: own.pid, host: own.host })).toBe("dead")
    expect(stateOf({ pid: own.pid, host: "elsewhere" })).toBe("out of sight")
  })
})
