import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as SqlClient from "effect/sql/SqlClient"
import { type ChildProcess, fork } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { table } from "../cli/Table.ts"
import * as Catalogue from "../src/choices/Catalogue.ts"
import type { Trial } from "../src/experiment/Experiment.ts"
import { launchers } from "../src/experiment/launchers/launchers.ts"
import * as database from "../src/experiment/queue/database.ts"
import * as grids from "../src/experiment/queue/grids.ts"
import * as service from "../src/experiment/queue/service.ts"
import * as status from "../src/experiment/queue/status.ts"
import * as trials from "../src/experiment/queue/trials.ts"
import * as TrainConfig from "../src/training/TrainConfig.ts"
import { startPostgres } from "../test/postgres.ts"
import type { Told } from "./queueWorker.ts"
import { cpuOf } from "./serverCpu.ts"
import { quantiles } from "./timing.ts"

/**
 * Trials of a millisecond through one PostgreSQL: throughput, claims, CPU time, sizes, and what watching costs. Usage:
 * npm run bench:queue -- [TRIALS [WORKERS [OUT.json]]]
 */
const count = Number(process.argv[2] ?? 1000)
const workers = Number(process.argv[3] ?? 8)
const out = process.argv[4]
const [grid, lease] = ["bench", 60]

const scratch = mkdtempSync(join(tmpdir(), "finegrain-bench-queue-"))
/** What a small trial leaves, with as many files as one has; what is of numbers does not compress. */
const left = join(scratch, "left")
mkdirSync(left)
const event = `{"_tag":"StepDone","step":1,"epoch":1,"loss":2.302585,"rate":0.05,"images":32,"gradientNorm":1.5}\n`
const entry = `{"layer":"conv1","manifold":"St","matricization":"PIO","shape":[3,3,8,16],"groups":[0,1,2,3]}`
for (
  const [name, content] of Object.entries({
    "checkpoint.bin": randomBytes(16 * 1024),
    "weights.bin": randomBytes(8 * 1024),
    "events.jsonl": event.repeat(100),
    "manifest.json": entry.repeat(20),
    "model.json": entry.repeat(30),
    "evaluation.json": entry.repeat(30),
    "summary.json": event.repeat(5)
  })
) writeFileSync(join(left, name), content)

const server = await startPostgres()
process.env["FINEGRAIN_DATABASE"] = server.url
const address = await Effect.runPromise(database.address(database.usual))
const own = ManagedRuntime.make(service.connected(address))
const rows = <A extends object>(query: string) =>
  own.runPromise(Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe<A>(query)))
const number = async (query: string) => Number((await rows<{ n: number }>(`SELECT (${query}) AS n`))[0]!.n)

const serverCpu = () => cpuOf(server.pid())
const ownCpu = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1e6
}
const meter = () => {
  const [began, server, own] = [performance.now(), serverCpu(), ownCpu()]
  return () => ({ seconds: (performance.now() - began) / 1000, server: serverCpu() - server, own: ownCpu() - own })
}

// The launcher itself offers the trials, and watches them to their end.
const config = await Effect.runPromise(TrainConfig.decode({}, "bench"))
const all = Array.from({ length: count }, (_, seed): Trial => ({
  id: `Euc/small-cnn/seed-${seed}`,
  row: "Euc",
  column: "small-cnn",
  seed,
  candidate: undefined,
  config: { ...config, seed }
}))
let heard = 0
const offered = Effect.gen(function*() {
  const fleet = yield* Catalogue.make(launchers, "queue", { database: database.usual, lease, tries: 5 }, {
    name: grid,
    root: scratch,
    use: [],
    retry: false,
    directory: ({ id }: Trial) => join(scratch, "trials", id)
  })
  yield* fleet.offer(all, {
    begin: () => Effect.succeed(true),
    progress: () => Effect.void,
    said: () => Effect.void,
    ended: () => Effect.sync(() => void heard++)
  })
})
const offering = meter()
const watching = Effect.runPromise(Effect.provide(Effect.scoped(offered), NodeServices.layer))
while (
  !(await number("to_regclass('finegrain_queue') IS NOT NULL")) ||
  await number(`SELECT COUNT(*) FROM finegrain_queue`) < count
) await sleep(50)
const offer = offering()

const begin = async () => {
  const child = fork(new URL("queueWorker.ts", import.meta.url), [grid, left, String(lease)])
  await once(child, "message")
  return child
}
const children = await Promise.all(Array.from({ length: workers }, begin))
const log = () => number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
const ended = () => number("SELECT COUNT(*) FROM finegrain_trials WHERE status = 'ended'")
const connections = () => number("SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'finegrain'")
const logged = await log()
const working = meter()
for (const child of children) child.send("go")
let most = 0
while (await ended() < count) {
  most = Math.max(most, await connections())
  await sleep(500)
}
const work = working()
const written = await log() - logged
await watching
const watch = working()
if (heard !== count) throw new Error(`${heard} of ${count} trials were heard of`)

// What the server tidies up in its own time is not of those who wait.
await rows("VACUUM ANALYZE")
const idling = meter()
await sleep(10_000)
const idle = idling()
const idleConnections = await connections()

const tell = async (child: ChildProcess) => {
  child.send("tell")
  const [told] = await once(child, "message") as [Told]
  child.kill("SIGKILL")
  return told
}
const told = await Promise.all(children.map(tell))

/** Milliseconds: median, and what one in a hundred exceeds. */
const spreadOf = (values: ReadonlyArray<number>) => ({
  median: quantiles(values)[1],
  p99: values.toSorted((a, b) => a - b)[Math.floor(0.99 * (values.length - 1))]!
})
const timed = async (work: () => Promise<unknown>) => {
  const times: Array<number> = []
  for (let i = 0; i < 9; i++) {
    const began = performance.now()
    await work()
    times.push(performance.now() - began)
  }
  return quantiles(times)[1]
}
await own.runPromise(grids.seen(grid, "bench", 1))
const queries = {
  "run: all that changed, every second, where all did": await timed(() => own.runPromise(trials.changed(grid, 3600))),
  "run: all that changed, every second, where nothing did": await timed(() => own.runPromise(trials.changed(grid, 0))),
  "run: workers, every quarter of a lease": await timed(() => own.runPromise(grids.workers(grid))),
  "queue: grids in numbers": await timed(() => own.runPromise(status.grids(grid))),
  "queue: trials at work or failed": await timed(() => own.runPromise(status.notable(grid)))
}
const sizes = Object.fromEntries(
  (await rows<{ name: string; bytes: string }>(
    `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
      WHERE relkind = 'r' AND relname LIKE 'finegrain%' ORDER BY 2 DESC`
  )).map(({ bytes, name }) => [name, Number(bytes)])
)
const claims = told.flatMap(({ claims }) => claims)
const results = {
  machine: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads`,
  load: Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]),
  postgres: (await rows<{ n: string }>("SELECT current_setting('server_version') AS n"))[0]!.n,
  trials: count,
  workers,
  seconds: { offer: offer.seconds, work: work.seconds, watch: watch.seconds },
  perSecond: { offered: count / offer.seconds, ended: count / work.seconds, arrived: count / watch.seconds },
  claim: spreadOf(claims),
  begin: spreadOf(told.flatMap(({ begins }) => begins)),
  end: spreadOf(told.flatMap(({ ends }) => ends)),
  /** Milliseconds of CPU time a trial. */
  cpu: {
    offerOfServer: 1000 * offer.server / count,
    offerOfSubmitter: 1000 * offer.own / count,
    workOfServer: 1000 * work.server / count,
    workOfWorkers: 1000 * told.reduce((sum, { cpu }) => sum + cpu, 0) / count,
    watchOfSubmitter: 1000 * watch.own / count
  },
  /** Milliseconds of the server's CPU time a second for each worker that waits. */
  idle: 1000 * idle.server / idle.seconds / workers,
  connections: { most, idle: idleConnections },
  logBytes: written / count,
  sizes,
  queries
}
const ms = (value: number) => value.toFixed(2)
const byName = (values: Readonly<Record<string, number>>, text: (value: number) => string) =>
  Object.entries(values).map(([name, value]) => [name, text(value)])
const latencies = (["claim", "begin", "end"] as const).map((what) => {
  const { median, p99 } = results[what]
  return [what, ms(median), ms(p99)]
})
process.stdout.write(
  [
    table(["", "median ms", "p99 ms"], latencies),
    table(["a second", "trials"], byName(results.perSecond, (rate) => rate.toFixed(0))),
    table(["CPU time a trial", "ms"], byName(results.cpu, ms)),
    table(["query", "ms"], byName(queries, ms)),
    table(["table", "bytes a trial"], byName(sizes, (bytes) => (bytes / count).toFixed(0))),
    `${workers} workers, ${most} connections at work, ${idleConnections} idle; an idle worker costs ` +
    `${ms(results.idle)} ms of the server's CPU time a second; ${results.logBytes.toFixed(0)} bytes of log a trial\n`
  ].join("\n\n")
)
if (out !== undefined) writeFileSync(out, `${JSON.stringify(results, undefined, 2)}\n`)
await own.dispose()
server.end()
rmSync(scratch, { recursive: true, force: true })
process.exit(0)
