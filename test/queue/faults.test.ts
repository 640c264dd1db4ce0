import { execFileSync } from "node:child_process"
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { runsPostgres } from "../postgres.ts"
import { dismiss, says } from "../processes.ts"
import { networkTo } from "./hosts.ts"
import { lease, tinyGrid } from "./tinyGrid.ts"

describe.skipIf(!runsPostgres)("a grid on the queue has the bits of one machine", { timeout: 120_000 }, () => {
  const grid = tinyGrid()
  const { bits, checkpointed, experiment, offer, outcomeOf, scratch, start, work } = grid

  /** What a worker says of an attempt after which another has begun. */
  const barred = /is not the latest any more, and writes nothing further/
  /** What a grid has in the directory, and in the database. */
  const everythingOf = (name: string) => [
    bits(name),
    grid.server().query(
      `SELECT id, status, attempt, result, files FROM finegrain_trials WHERE grid = '${name}' ORDER BY id`
    ),
    grid.server().query(`SELECT COUNT(*) FROM finegrain_chunks WHERE grid = '${name}'`)
  ]

  it("when a worker is killed", async () => {
    const run = offer("killed")
    const first = work("killed", "a")
    await checkpointed("killed", "a", first)
    first.child.kill("SIGKILL")
    const second = work("killed", "b")
    expect(await outcomeOf("killed", run)).toEqual(grid.local())
    const attempts = globSync(join(scratch, "killed", "trials", "**", "attempt.json"))
      .map((file) => (JSON.parse(readFileSync(file, "utf8")) as { readonly attempt: number }).attempt)
    expect(attempts).toHaveLength(2)
    // On a busy machine the second may lose its lease as well.
    expect(Math.max(...attempts)).toBeGreaterThan(1)
    await dismiss(second)
  })

  it("when a training process is killed", async () => {
    const run = offer("trainer")
    const worker = work("trainer", "a")
    await checkpointed("trainer", "a", worker)
    execFileSync("pkill", ["-KILL", "--parent", String(worker.child.pid)])
    expect(await outcomeOf("trainer", run)).toEqual(grid.local())
    await dismiss(worker)
  })

  it("when a worker stands still for longer than its lease, and goes on", async () => {
    const run = offer("still")
    const first = work("still", "a")
    await checkpointed("still", "a", first)
    first.child.kill("SIGSTOP")
    const second = work("still", "b")
    expect(await outcomeOf("still", run)).toEqual(grid.local())
    const before = everythingOf("still")
    first.child.kill("SIGCONT")
    await says(first, barred)
    await dismiss(first, second)
    expect(everythingOf("still")).toEqual(before)
  })

  it("when whoever offered it is killed, and watches again", async () => {
    const first = offer("left")
    const worker = work("left", "a")
    await checkpointed("left", "a", worker)
    first.child.kill("SIGKILL")
    await first.ended
    expect(await outcomeOf("left", offer("left", "left", "--resume"))).toEqual(grid.local())
    await dismiss(worker)
    // What has come already stays as it is, with what was laid beside it.
    const [summary] = globSync(join(scratch, "left", "trials", "**", "summary.json"))
    const notes = join(dirname(summary!), "notes.md")
    writeFileSync(notes, "worth a look")
    expect(await outcomeOf("left", offer("left", "left", "--resume"))).toEqual(grid.local())
    expect(readFileSync(notes, "utf8")).toBe("worth a look")
  })

  it("when the database loses its power, and comes back after two leases, which is told", async () => {
    const run = offer("dark")
    const worker = work("dark", "a")
    await checkpointed("dark", "a", worker)
    grid.server().stop()
    for (const one of [run, worker]) await says(one, /The database does not answer/)
    // Two minutes where a lease has its sixty seconds.
    await sleep(2000 * lease)
    grid.server().start()
    for (const one of [run, worker]) await says(one, /The database answers again/)
    expect(await outcomeOf("dark", run)).toEqual(grid.local())
    for (const { said } of [run, worker]) {
      expect(said().match(/The database (does not answer|answers again)/g)).toEqual([
        "The database does not answer",
        "The database answers again"
      ])
    }
    await dismiss(worker)
  })

  it("when the network between a worker and the database is cut for longer than the lease", async () => {
    const run = offer("cut")
    const line = await grid.wire()
    const first = work("cut", "a", { url: line.url })
    await checkpointed("cut", "a", first)
    line.cut()
    const second = work("cut", "b")
    expect(await outcomeOf("cut", run)).toEqual(grid.local())
    const before = everythingOf("cut")
    line.mend()
    await says(first, barred)
    await dismiss(first, second)
    expect(everythingOf("cut")).toEqual(before)
    line.end()
  })

  it("when packets to and from a worker are lost for longer than the lease, so that calls hang", async () => {
    const run = offer("lost")
    const network = await networkTo(grid.processes, grid.server().socket)
    const url = new URL(grid.server().url)
    url.port = network.port
    const first = work("lost", "a", { url: url.href, within: network.within(scratch) })
    await checkpointed("lost", "a", first)
    network.drop()
    const second = work("lost", "b")
    expect(await outcomeOf("lost", run)).toEqual(grid.local())
    // Half a minute of silence is none that is believed in any more.
    await says(first, /The database does not answer/)
    const before = everythingOf("lost")
    network.pass()
    await says(first, barred)
    await dismiss(first, second)
    expect(everythingOf("lost")).toEqual(before)
  })

  it("when two offer it", async () => {
    const runs = [offer("both"), offer("both", "both-too")]
    const worker = work("both", "a")
    expect(await outcomeOf("both", runs[0]!)).toEqual(grid.local())
    expect(await outcomeOf("both-too", runs[1]!)).toEqual(grid.local())
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
    const run = start(["run", "poisoned.ts", ...args])
    const [name] = await says(run, /poisoned@[0-9a-f]+/)
    // Its name alone is no consent to run the modules of others.
    const refused = work("poisoned", "refused")
    expect(await refused.ended).not.toBe(0)
    const worker = work(name, "a")
    expect(await run.ended).not.toBe(0)
    expect(bits("poisoned")[0]).toEqual(bits("local")[0])
    expect(bits("poisoned")[1]).not.toContainEqual(["completed", expect.anything()])
    expect(readFileSync(join(scratch, "poisoned", "table.md"), "utf8")).toMatch(/set aside|attempts/)
    await dismiss(worker)
  })
})
