import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { startPostgres } from "../test/postgres.ts"

/**
 * Runs experiments/small.ts on the queue, with three workers of which each is killed in the middle of a trial and
 * replaced, and compares every run with the committed results, bit by bit. PostgreSQL must be installed.
 */
const root = resolve(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-reproduce-"))
const server = await startPostgres()
const begun = new Set<ChildProcess>()

const finegrain = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--conditions=finegrain:source", join(root, "cli", "main.ts"), ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, FINEGRAIN_SIMD: "plain", FINEGRAIN_DATABASE: server.url }
  })
  begun.add(child)
  const ended = once(child, "close").then(([code]) => {
    begun.delete(child)
    return (code as number | null) ?? 1
  })
  return { child, ended }
}

const work = (name: string) => finegrain("worker", "--grid", "small", "--scratch", join(scratch, name), "--until-done")

/** Waits until a worker's process trains, which has written what it runs on by then. */
const trains = async (name: string, worker: ChildProcess) => {
  const there = () => existsSync(join(scratch, name)) ? readdirSync(join(scratch, name), { recursive: true }) : []
  while (!there().some((file) => String(file).endsWith("manifest.json"))) {
    if (worker.exitCode !== null) throw new Error(`The worker ${name} ended before it trained`)
    await sleep(20)
  }
}

/** A worker that is killed once it trains, then another in its place. */
const fallAndRise = async (name: string) => {
  const first = work(name)
  await trains(name, first.child)
  first.child.kill("SIGKILL")
  await first.ended
  return await work(`${name}-again`).ended
}

try {
  const output = join(scratch, "small")
  const run = finegrain("run", "experiments/small.ts", "--launcher", "queue", "--lease", "3", "--output", output)
  const codes = await Promise.all([run.ended, ...["a", "b", "c"].map(fallAndRise)])
  const compare = () => finegrain("compare", "experiments/results/small", output, "--exact").ended
  process.exitCode = codes.find((code) => code !== 0) ?? await compare()
} finally {
  for (const child of begun) child.kill("SIGKILL")
  await Promise.all([...begun].map((child) => once(child, "close")))
  server.end()
  rmSync(scratch, { recursive: true, force: true })
}
