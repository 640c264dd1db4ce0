import type { Experiment } from "finegrain"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { startPostgres } from "../postgres.ts"
import { type How, processes, type Started, until } from "../processes.ts"
import { writeTinyDataset } from "../tinyDataset.ts"

interface Stored {
  readonly cells: ReadonlyArray<
    { readonly finals: ReadonlyArray<{ readonly status: string; readonly summary?: { weightsSha256: string } }> }
  >
}

/** How a command is started, if not as it is. */
interface Start extends How {
  readonly url?: string
}

/** Seconds of a lease. */
export const lease = 3

/** A grid of two trials, a PostgreSQL of the test's own, and what one machine makes of it. */
export const tinyGrid = (settings: Readonly<Record<string, unknown>> = {}) => {
  const scratch = join(tmpdir(), `finegrain-queue-${randomUUID()}`)
  const data = join(scratch, "data")
  const experiment: Experiment.Experiment = {
    name: "tiny",
    about: "Does a table survive?",
    base: { dataset: data, epochs: 30, batchSize: 8, backend: "wasm", threads: 1, ...settings },
    rows: [
      { name: "Euc", settings: { collection: "Euc" } },
      { name: "Sp+St", settings: { collection: "Sp+St" } }
    ],
    seeds: [1]
  }
  const bits = (output: string) =>
    (JSON.parse(readFileSync(join(scratch, output, "results.json"), "utf8")) as Stored).cells.map(({ finals }) =>
      finals.map(({ status, summary }) => [status, summary?.weightsSha256])
    )

  const own = processes()
  const { end, everything, finegrain } = own
  let server: Awaited<ReturnType<typeof startPostgres>>

  /** The command line in a process of its own, with a database that the environment names. */
  const start = (args: ReadonlyArray<string>, { url = server.url, ...how }: Start = {}) =>
    finegrain(args, { cwd: scratch, env: { ...process.env, FINEGRAIN_DATABASE: url } }, how)

  const offer = (grid: string, output = grid, ...more: ReadonlyArray<string>) =>
    start(["run", "tiny.ts", "--launcher", "queue", "--grid", grid, "--lease", `${lease}`, "--output", output, ...more])
  const scratchOf = (grid: string, name: string) => join(scratch, `worker-${grid}-${name}`)
  const work = (grid: string, name: string, how?: Start, ...more: ReadonlyArray<string>) =>
    start(["worker", "--grid", grid, "--scratch", scratchOf(grid, name), ...more], how)

  const outcomeOf = async (output: string, run: Started) => {
    const code = await run.ended
    if (code !== 0) return { code, said: run.said() }
    return { code, bits: bits(output), table: readFileSync(join(scratch, output, "table.md"), "utf8") }
  }

  beforeAll(async () => {
    mkdirSync(data, { recursive: true })
    writeTinyDataset(data)
    writeFileSync(join(scratch, "tiny.ts"), `export default ${JSON.stringify(experiment)}\n`)
    server = await startPostgres()
    const code = await start(["run", "tiny.ts", "--jobs", "2", "--output", "local"]).ended
    if (code !== 0) throw new Error(everything())
  }, 120_000)

  afterAll(async () => {
    await end()
    server.end()
    rmSync(scratch, { recursive: true, force: true })
  })

  return {
    scratch,
    data,
    experiment,
    bits,
    processes: own,
    start,
    offer,
    work,
    scratchOf,
    outcomeOf,
    server: () => server,
    /** What every command has said so far. */
    everything,
    /** What one machine makes of it. */
    local: () => ({ code: 0, bits: bits("local"), table: readFileSync(join(scratch, "local", "table.md"), "utf8") }),
    /** Waits until a worker has a checkpoint. */
    checkpointed: (grid: string, name: string, worker: Started) =>
      until(() => {
        const directory = scratchOf(grid, name)
        const files = existsSync(directory) ? readdirSync(directory, { recursive: true }).map(String) : []
        return files.some((file) => file.endsWith("checkpoint.bin"))
      }, worker),
    /** A way to the database that can be cut. */
    wire: async () => {
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
  }
}
