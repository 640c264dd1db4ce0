import type { Experiment } from "finegrain"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runsPostgres, startPostgres } from "../postgres.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

const main = resolve(import.meta.dirname, "../../cli/main.ts")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-queue-"))
writeTinyDataset(scratch)

const experiment: Experiment.Experiment = {
  name: "tiny",
  about: "Does a table survive?",
  base: { dataset: scratch, epochs: 30, batchSize: 8, backend: "wasm", threads: 1 },
  rows: [
    { name: "Euc", settings: { collection: "Euc" } },
    { name: "Sp+St", settings: { collection: "Sp+St" } }
  ],
  seeds: [1]
}

interface Stored {
  readonly cells: ReadonlyArray<
    { readonly finals: ReadonlyArray<{ readonly status: string; readonly summary?: { weightsSha256: string } }> }
  >
}
const bits = (output: string) =>
  (JSON.parse(readFileSync(join(scratch, output, "results.json"), "utf8")) as Stored).cells.map(({ finals }) =>
    finals.map(({ status, summary }) => [status, summary?.weightsSha256])
  )

const begun = new Set<ChildProcess>()

/** The command line in a process of its own, with a database that the environment names. */
const at = (url?: string) => (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--conditions=finegrain:source", main, ...args], {
    cwd: scratch,
    env: { ...process.env, FINEGRAIN_DATABASE: url },
    stdio: ["ignore", "pipe", "pipe"]
  })
  begun.add(child)
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()))
  const ended = once(child, "close").then(([code]) => {
    begun.delete(child)
    return code as number | null
  })
  return { child, ended, said: () => said }
}

const dismiss = async (...workers: ReadonlyArray<ReturnType<ReturnType<typeof at>>>) => {
  for (const { child, ended } of workers) {
    child.kill("SIGTERM")
    await ended
  }
}

afterAll(async () => {
  for (const child of begun) child.kill("SIGKILL")
  await sleep(500)
  rmSync(scratch, { recursive: true, force: true })
})

describe.skipIf(!runsPostgres)("a grid on the queue has the bits of one machine", { timeout: 120_000 }, () => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  const finegrain = (...args: ReadonlyArray<string>) => at(server.url)(...args)
  const offer = (grid: string, output = grid, ...more: ReadonlyArray<string>) =>
    finegrain("run", "tiny.ts", "--launcher", "queue", "--grid", grid, "--lease", "3", "--output", output, ...more)
  const work = (grid: string, name: string, url = server.url) =>
    at(url)("worker", "--grid", grid, "--scratch", join(scratch, `worker-${grid}-${name}`))
  /** A way to the database that can be cut. */
  const wire = async () => {
    const to = new URL(server.url)
    const sockets = new Set<Socket>()
    let isCut = false
    const proxy = createServer((here) => {
      if (isCut) return void here.destroy()
      const there = connect(Number(to.port), to.hostname)
      for (const [a, b] of [[here, there], [there, here]] as const) {
        sockets.add(a)
        a.pipe(b)
        a.on("error", () => b.destroy()).on("close", () => b.destroy())
      }
    }).listen(0, "127.0.0.1")
    await once(proxy, "listening")
    const url = new URL(server.url)
    url.port = String((proxy.address() as { readonly port: number }).port)
    const cut = () => {
      isCut = true
      for (const socket of sockets) socket.destroy()
    }
    return { url: url.href, cut, mend: () => (isCut = false), end: () => (cut(), proxy.close()) }
  }
  const checkpointed = async (grid: string, name: string) => {
    const directory = join(scratch, `worker-${grid}-${name}`)
    const files = () => existsSync(directory) ? readdirSync(directory, { recursive: true }).map(String) : []
    while (!files().some((file) => file.endsWith("checkpoint.bin"))) await sleep(20)
  }

  const outcomeOf = async (output: string, run: ReturnType<typeof finegrain>) => {
    const code = await run.ended
    if (code !== 0) return { code, said: run.said() }
    return { code, bits: bits(output), table: readFileSync(join(scratch, output, "table.md"), "utf8") }
  }
  let local: Awaited<ReturnType<typeof outcomeOf>>
  beforeAll(async () => {
    server = await startPostgres()
    writeFileSync(join(scratch, "tiny.ts"), `export default ${JSON.stringify(experiment)}\n`)
    local = await outcomeOf("local", finegrain("run", "tiny.ts", "--jobs", "2", "--output", "local"))
    if (local.code !== 0) throw new Error(local.said)
  }, 120_000)

  afterAll(() => server.end())

  it("when a worker is killed", async () => {
    const run = offer("killed")
    const first = work("killed", "a")
    await checkpointed("killed", "a")
    first.child.kill("SIGKILL")
    const second = work("killed", "b")
    expect(await outcomeOf("killed", run)).toEqual(local)
    await dismiss(second)
  })

  it("when a training process is killed", async () => {
    const run = offer("trainer")
    const worker = work("trainer", "a")
    await checkpointed("trainer", "a")
    execFileSync("pkill", ["-KILL", "--parent", String(worker.child.pid)])
    expect(await outcomeOf("trainer", run)).toEqual(local)
    await dismiss(worker)
  })

  it("when a worker stands still for longer than its lease, and goes on", async () => {
    const run = offer("still")
    const first = work("still", "a")
    await checkpointed("still", "a")
    first.child.kill("SIGSTOP")
    const second = work("still", "b")
    expect(await outcomeOf("still", run)).toEqual(local)
    const before = bits("still")
    first.child.kill("SIGCONT")
    await sleep(4000)
    await dismiss(first, second)
    expect(bits("still")).toEqual(before)
  })

  it("when whoever offered it is killed, and watches again", async () => {
    const first = offer("left")
    const worker = work("left", "a")
    await checkpointed("left", "a")
    first.child.kill("SIGKILL")
    await first.ended
    expect(await outcomeOf("left", offer("left", "left", "--resume"))).toEqual(local)
    await dismiss(worker)
  })

  it("when the database loses its power, and comes back", async () => {
    const run = offer("dark")
    const worker = work("dark", "a")
    await checkpointed("dark", "a")
    server.stop()
    await sleep(2000)
    server.start()
    expect(await outcomeOf("dark", run)).toEqual(local)
    await dismiss(worker)
  })

  it("when the network between a worker and the database is cut for longer than the lease", async () => {
    const run = offer("cut")
    const line = await wire()
    const first = work("cut", "a", line.url)
    await checkpointed("cut", "a")
    line.cut()
    const second = work("cut", "b")
    expect(await outcomeOf("cut", run)).toEqual(local)
    line.mend()
    await sleep(3000)
    expect(bits("cut")).toEqual(bits("local"))
    await dismiss(first, second)
    line.end()
  })

  it("when two offer it", async () => {
    const runs = [offer("both"), offer("both", "both-too")]
    const worker = work("both", "a")
    expect(await outcomeOf("both", runs[0]!)).toEqual(local)
    expect(await outcomeOf("both-too", runs[1]!)).toEqual(local)
    await dismiss(worker)
  })

  it("but for a trial that kills whoever takes it, which is set aside and told", async () => {
    writeFileSync(
      join(scratch, "poison.mjs"),
      "export const models = { poison: { about: \"kills\", make: () => process.kill(process.pid, \"SIGKILL\") } }\n"
    )
    const [first, second] = experiment.rows
    const rows = [first, { name: second!.name, settings: { ...second!.settings, model: "poison" } }]
    writeFileSync(
      join(scratch, "poisoned.ts"),
      `export default ${JSON.stringify({ ...experiment, use: ["./poison.mjs"], rows })}\n`
    )
    const args = ["--launcher", "queue", "--grid", "poisoned", "--lease", "3", "--tries", "2", "--output", "poisoned"]
    const run = finegrain("run", "poisoned.ts", ...args)
    while (!/poisoned@[0-9a-f]+/.test(run.said())) await sleep(20)
    // Its name alone is no consent to run the modules of others.
    const refused = work("poisoned", "refused")
    expect(await refused.ended).not.toBe(0)
    const worker = work(/poisoned@[0-9a-f]+/.exec(run.said())![0], "a")
    expect(await run.ended).not.toBe(0)
    expect(bits("poisoned")[0]).toEqual(bits("local")[0])
    expect(bits("poisoned")[1]).not.toContainEqual(["completed", expect.anything()])
    expect(readFileSync(join(scratch, "poisoned", "table.md"), "utf8")).toMatch(/set aside|attempts/)
    await dismiss(worker)
  })
})

describe.skipIf(!runsPostgres)("credentials", () => {
  it("on the command line are refused, and not repeated", async () => {
    const args = ["queue", "list", "--database", "postgresql://me:hushhush@127.0.0.1:1/none"]
    const { ended, said } = at()(...args)
    expect(await ended).not.toBe(0)
    expect(said()).toContain("password")
    expect(said()).not.toContain("hushhush")
  })
})
