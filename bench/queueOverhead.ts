import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { table } from "../cli/Table.ts"
import { startPostgres } from "../test/postgres.ts"
import { cpuOf } from "./serverCpu.ts"

/**
 * Real small trials (those of `experiments/small.ts`) by four workers of the queue and by `local --jobs 4`, in turns:
 * CPU time of everything that takes part, the server and all starts among them, and wall time. Usage: npm run
 * bench:queue-overhead -- [TRIALS [ROUNDS [OUT.json [beside]]]], TRIALS a round and launcher. `beside` runs both at the
 * same time, so that whatever else keeps the machine busy slows both alike: CPU times alone say something then.
 */
const count = Number(process.argv[2] ?? 50)
const rounds = Number(process.argv[3] ?? 3)
const out = process.argv[4]
const isBeside = process.argv[5] === "beside"
const workers = 4

const root = resolve(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-overhead-"))
const experiment = {
  name: "small",
  about: "What does a queue cost?",
  base: { dataset: "mnist", backend: "wasm", trainImages: 500, epochs: 1, batchSize: 32 },
  rows: [{ name: "Euc", settings: { collection: "Euc" } }],
  seeds: Array.from({ length: count }, (_, i) => i + 1)
}
writeFileSync(join(scratch, "small.mjs"), `export default ${JSON.stringify(experiment)}\n`)
const server = await startPostgres()

/** A command to its end; seconds of CPU time of it and all that it waited for. */
const finegrain = (...args: ReadonlyArray<string>) => {
  const line = [process.execPath, "--conditions=finegrain:source", join(root, "cli", "main.ts"), ...args]
  const child = spawn("bash", ["-c", `TIMEFORMAT="%U %S"; time "$@"`, "bash", ...line], {
    cwd: scratch,
    // A worker takes as many threads as there are cores, since it believes in a machine of its own; jobs share them.
    env: { ...process.env, FINEGRAIN_DATABASE: server.url, FINEGRAIN_THREADS: "1" },
    stdio: ["ignore", "ignore", "pipe"]
  })
  let said = ""
  child.stderr.on("data", (text: Buffer) => (said += text.toString()))
  const cpu = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(said)
    return said.trim().split("\n").at(-1)!.split(" ").map(Number).reduce((a, b) => a + b, 0)
  })
  return cpu
}

interface Block {
  readonly launcher: "local" | "queue"
  readonly cpu: number
  readonly wall: number
  readonly ofRun: number
  readonly ofWorkers: number
  readonly ofServer: number
}

const local = async (round: number): Promise<Block> => {
  const began = performance.now()
  const cpu = await finegrain("run", "small.mjs", "--jobs", String(workers), "--output", `local-${round}`)
  return { launcher: "local", cpu, ofRun: cpu, ofWorkers: 0, ofServer: 0, wall: (performance.now() - began) / 1000 }
}

const queue = async (round: number): Promise<Block> => {
  const grid = `round-${round}`
  const [began, before] = [performance.now(), cpuOf(server.pid())]
  const work = (i: number) => finegrain("worker", "--grid", grid, "--scratch", `worker-${round}-${i}`, "--until-done")
  const own = Array.from({ length: workers }, (_, i) => work(i))
  const offer = ["run", "small.mjs", "--launcher", "queue", "--grid", grid, "--lease", "20"]
  const ofRun = await finegrain(...offer, "--output", `queue-${round}`)
  // They wait for a lease whether anything comes.
  const wall = (performance.now() - began) / 1000
  const ofWorkers = (await Promise.all(own)).reduce((a, b) => a + b, 0)
  const ofServer = cpuOf(server.pid()) - before
  return { launcher: "queue", cpu: ofRun + ofWorkers + ofServer, ofRun, ofWorkers, ofServer, wall }
}

const bits = (output: string) =>
  readFileSync(join(scratch, output, "results.json"), "utf8").match(/"weightsSha256": .*/g)

const blocks: Array<Block> = []
for (let round = 0; round < rounds; round++) {
  // Whoever comes first does not always.
  const turns = round % 2 === 0 ? [local, queue] : [queue, local]
  const ended: Array<Block> = []
  if (isBeside) ended.push(...await Promise.all(turns.map((launcher) => launcher(round))))
  else for (const launcher of turns) ended.push(await launcher(round))
  for (const { cpu, launcher, wall } of ended) {
    process.stdout.write(`${launcher}: ${(cpu / count).toFixed(3)} s of CPU time a trial, ${wall.toFixed(0)} s\n`)
  }
  blocks.push(...ended)
  if (String(bits(`local-${round}`)) !== String(bits(`queue-${round}`))) throw new Error("They have other bits")
}
const sums = (launcher: Block["launcher"]) => {
  const own = blocks.filter((block) => block.launcher === launcher)
  const mean = (of: (block: Block) => number) => own.reduce((sum, block) => sum + of(block), 0) / own.length / count
  return {
    cpu: mean(({ cpu }) => cpu),
    ofRun: mean(({ ofRun }) => ofRun),
    ofWorkers: mean(({ ofWorkers }) => ofWorkers),
    ofServer: mean(({ ofServer }) => ofServer),
    wall: mean(({ wall }) => wall)
  }
}
const results = {
  machine: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads`,
  load: Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]),
  trials: count,
  workers,
  isBeside,
  blocks,
  local: sums("local"),
  queue: sums("queue"),
  cpuRatio: sums("queue").cpu / sums("local").cpu,
  wallRatio: sums("queue").wall / sums("local").wall
}
if (out !== undefined) writeFileSync(out, `${JSON.stringify(results, undefined, 2)}\n`)
process.stdout.write(table(["", "queue / local"], [
  ["CPU time", results.cpuRatio.toFixed(3)],
  ["wall time", results.wallRatio.toFixed(3)]
]))
server.end()
rmSync(scratch, { recursive: true, force: true })
process.exit(0)
