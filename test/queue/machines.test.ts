import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { password, runsPostgres } from "../postgres.ts"
import { dismiss, says, until } from "../processes.ts"
import { diskAt, mounting } from "./hosts.ts"
import { tinyGrid } from "./tinyGrid.ts"

const root = resolve(import.meta.dirname, "../..")

/** Starts a command where a directory is a disk of its own, of such a size. */
const onDiskOf = (size: string, directory: string) => {
  mkdirSync(directory)
  return mounting(`-t tmpfs -o size=${size} tmpfs ${directory}`)
}

/** The environment of a command whose clock is wrong, by libfaketime. */
const clockOff = (by: string) => {
  const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1")
  if (library === undefined) throw new Error("libfaketime is not installed: apt-get install faketime")
  return { LD_PRELOAD: library, FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: "1" }
}

describe.skipIf(!runsPostgres)("machines of a grid", { timeout: 300_000 }, () => {
  const grid = tinyGrid()
  const { bits, checkpointed, offer, outcomeOf, scratch, scratchOf, start, work } = grid

  it("have full disks: the worker says so and ends, and its trial goes to another", async () => {
    const run = offer("full")
    // On one there is room for nothing, on the other for a manifest and a log, but for no checkpoint.
    for (const [name, size] of [["none", "4k"], ["little", "64k"]] as const) {
      const worker = work("full", name, { within: onDiskOf(size, scratchOf("full", name)) })
      expect([await worker.ended, worker.said()]).toEqual([
        6,
        expect.stringMatching(/takes no trials any more.*space/s)
      ])
    }
    const worker = work("full", "enough")
    expect(await outcomeOf("full", run)).toEqual(grid.local())
    expect(run.said().match(/takes no trials any more/g)).toHaveLength(2)
    await dismiss(worker)
  })

  it("have disks that fill up in the middle of training: another goes on from the last checkpoint", async () => {
    const run = offer("late")
    const disk = await diskAt(grid.processes, scratchOf("late", "first"), "8m")
    const first = work("late", "first", { within: disk.within(scratch) })
    await says(run, /finegrain worker --grid late/)
    const sent = "SELECT COUNT(*) FROM finegrain_trials WHERE grid = 'late' AND jsonb_array_length(files) > 0"
    await until(() => grid.server().query(sent) !== "0", first)
    disk.fill()
    expect([await first.ended, first.said()]).toEqual([
      6,
      expect.stringMatching(/takes no trials any more.*(disk is full|no space)/s)
    ])
    const second = work("late", "second")
    expect(await outcomeOf("late", run)).toEqual(grid.local())
    expect(second.said()).toContain("from a checkpoint")
    await dismiss(second)
  })

  it("is one alone, whose disk fills up in the middle of training: the grid goes on to the same bits", async () => {
    const disk = await diskAt(grid.processes, join(scratch, "alone"), "64m")
    const run = (...more: ReadonlyArray<string>) =>
      start(["run", "tiny.ts", "--output", join("alone", "out"), ...more], { within: disk.within(scratch) })
    const first = run()
    const files = () => readdirSync(disk.seen, { recursive: true }).map(String)
    await until(() => files().some((file) => file.endsWith("checkpoint.bin")), first)
    disk.fill()
    expect([await first.ended, first.said()]).toEqual([5, expect.stringMatching(/disk is full.*--resume/)])
    disk.makeRoom()
    expect(await run("--resume").ended).toBe(0)
    cpSync(join(disk.seen, "out"), join(scratch, "emptied"), { recursive: true })
    expect(bits("emptied")).toEqual(bits("local"))
  })

  it("have engines that fail: a worker tries another trial, and leaves them to others after a second", async () => {
    // Half-way through training, the heap has no more room.
    const spy = join(scratch, "worn.mjs")
    writeFileSync(
      spy,
      `import { existsSync, writeFileSync } from "node:fs"\n` +
        `import { isMainThread } from "node:worker_threads"\n` +
        `const { WORN } = process.env\n` +
        `if (isMainThread && process.argv[1].includes("experiment/worker") && !existsSync(WORN)) {\n` +
        `  let left = 20_000\n` +
        `  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {\n` +
        `    construct(Instance, args) {\n` +
        `      const made = new Instance(...args)\n` +
        `      const { malloc } = made.exports\n` +
        `      if (malloc === undefined) return made\n` +
        `      const worn = (bytes) => left-- > 0 ? malloc(bytes) : (once(), 0)\n` +
        `      return { exports: { ...made.exports, malloc: worn } }\n` +
        `    }\n` +
        `  })\n` +
        `}\n` +
        `const once = () => WORN.endsWith("once") && writeFileSync(WORN, "")\n`
    )
    const worn = (how: string) => ({ NODE_OPTIONS: `--import ${spy}`, WORN: join(scratch, `worn-${how}`) })
    const failed = /its heap has no room/g
    // An engine that failed one trial and completes the next is none to be blamed.
    const run = offer("once")
    const once = work("once", "a", { env: worn("once") })
    expect(await outcomeOf("once", run)).toEqual(grid.local())
    expect(once.said().match(failed)).toHaveLength(1)
    await dismiss(once)

    const again = offer("worn")
    const always = work("worn", "always", { env: worn("always") })
    expect([await always.ended, always.said()]).toEqual([
      6,
      expect.stringMatching(/takes no trials any more: its engine failed two trials in a row.*its heap has no room/)
    ])
    const labels = always.said().match(/^[^:]*(?=: The backend wasm failed)/gm)
    expect(labels?.toSorted()).toEqual(["Euc, small-cnn, seed 1", "Sp+St, small-cnn, seed 1"])
    const sound = work("worn", "sound")
    expect(await outcomeOf("worn", again)).toEqual(grid.local())
    await dismiss(sound)
  })

  it("have clocks that are an hour wrong: leases are those of the database", async () => {
    const env = { ...process.env, ...clockOff("+1h") }
    const now = execFileSync(process.execPath, ["-p", "Date.now()"], { encoding: "utf8", env })
    expect(Number(now) - Date.now()).toBeGreaterThan(3_500_000)
    // Longer than usual, so that a busy machine is no reason for an attempt.
    const args = ["--launcher", "queue", "--grid", "clocks", "--lease", "8", "--output", "clocks"]
    const run = start(["run", "tiny.ts", ...args])
    const first = work("clocks", "behind", { env: clockOff("-1h") })
    await checkpointed("clocks", "behind", first)
    // So it keeps its trial, and leaves the other one.
    execFileSync("pkill", ["-STOP", "--parent", String(first.child.pid)])
    // It sees a lease that it would hold to have ended long ago.
    const second = work("clocks", "ahead", { env: clockOff("+1h") })
    await says(second, /attempt 1/)
    expect(grid.server().query("SELECT MAX(attempt) FROM finegrain_trials WHERE grid = 'clocks'")).toBe("1")
    first.child.kill("SIGKILL")
    expect(await outcomeOf("clocks", run)).toEqual(grid.local())
    await dismiss(second)
  })

  it("have another revision of finegrain, or an older one: it is refused by name", async () => {
    const older = join(scratch, "older")
    for (const part of ["src", "cli", "laws", "package.json"]) {
      cpSync(join(root, part), join(older, part), { recursive: true })
    }
    symlinkSync(join(root, "node_modules"), join(older, "node_modules"))
    appendFileSync(join(older, "src", "index.ts"), "// An older revision.\n")
    const run = offer("revisions")
    await says(run, /finegrain worker --grid revisions/)
    const worker = work("revisions", "older", { main: join(older, "cli", "main.ts") })
    expect(await worker.ended).toBe(6)
    expect(worker.said()).toMatch(/the grid revisions is of finegrain \S+ \(code \w+\), and this is \S+ \(code \w+\)/)
    run.child.kill("SIGKILL")
    // What a later release made of the tables is not touched by this one.
    grid.server().query("INSERT INTO finegrain_migrations (migration_id, name) VALUES (99, 'later')")
    const list = start(["queue", "list"])
    expect([await list.ended, list.said()]).toEqual([6, expect.stringContaining("those of a later finegrain")])
    grid.server().query("DELETE FROM finegrain_migrations WHERE migration_id = 99")
  })

  it("differ in data or engine from where the grid was begun: they are refused by name", async () => {
    const other = join(scratch, "other")
    cpSync(grid.data, other, { recursive: true })
    const images = join(other, "train-images-idx3-ubyte")
    const bytes = readFileSync(images)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(images, bytes)
    const run = offer("differ")
    const first = work("differ", "first")
    await checkpointed("differ", "first", first)
    const settled = "SELECT COUNT(*) FROM finegrain_environments WHERE grid = 'differ'"
    await until(() => grid.server().query(settled) === "2", first)
    // While it stands still, its trial is offered to the others, too: who takes it is refused by its checkpoint.
    first.child.kill("SIGSTOP")
    const strangers = [
      [
        work("differ", "data", { within: mounting(`--bind ${other} ${grid.data}`) }),
        /the data .* is \w+ here, and \w+|machine that differs.*dataset\.sha256 is "\w+" there, but "\w+"/
      ],
      [work("differ", "none", { within: mounting(`-t tmpfs tmpfs ${grid.data}`) }), /takes no trials any more: .*data/],
      [
        work("differ", "engine", { env: { FINEGRAIN_SIMD: "plain" } }),
        /(the engine wasm is .* here, and|that differs).*relaxed/
      ]
    ] as const
    for (const [{ ended, said }, what] of strangers) {
      expect([await ended, said()]).toEqual([6, expect.stringMatching(what)])
    }
    first.child.kill("SIGCONT")
    expect(await outcomeOf("differ", run)).toEqual(grid.local())
    await dismiss(first)
  })

  it("tell the password nowhere", async () => {
    const run = offer("secret")
    const worker = work("secret", "a")
    await checkpointed("secret", "a", worker)
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    const read = (id: string, file: string) => {
      try {
        return readFileSync(join("/proc", id, file), "utf8")
      } catch {
        return ""
      }
    }
    expect(processes.filter((id) => read(id, "cmdline").includes(password))).toEqual([])
    const trainers = processes.filter((id) => read(id, "stat").split(") ")[1]?.split(" ")[1] === `${worker.child.pid}`)
    expect(trainers.map((id) => read(id, "environ").includes(password))).toEqual([false])
    expect(await outcomeOf("secret", run)).toEqual(grid.local())
    await dismiss(worker)
    const list = start(["queue", "list", "--grid", "secret"])
    expect(await list.ended).toBe(0)
    expect(grid.everything()).not.toContain(password)
    const files = readdirSync(scratch, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const telling = files.map(({ name, parentPath }) => join(parentPath, name)).filter((file) =>
      !file.includes("/older/") && readFileSync(file).includes(password)
    )
    expect(telling).toEqual([])
    const stored = ["grids", "environments", "trials", "workers"].map((table) =>
      grid.server().query(`SELECT * FROM finegrain_${table}`)
    )
    expect(stored.join()).not.toContain(password)
  })
})
