import { describe, expect, it } from "vitest"
import { runsPostgres } from "../postgres.ts"
import { dismiss, type Started, until } from "../processes.ts"
import { tinyGrid } from "./tinyGrid.ts"

describe.skipIf(!runsPostgres)("finegrain queue", { timeout: 300_000 }, () => {
  const grid = tinyGrid()
  const { bits, checkpointed, offer, outcomeOf, start, work } = grid
  const queue = async (...args: ReadonlyArray<string>) => {
    const { ended, said } = start(["queue", ...args, "--json"])
    return { code: await ended, told: JSON.parse(said()) as unknown }
  }
  const offered = async (name: string, run: Started) => {
    const count = `SELECT COUNT(*) FROM finegrain_queue WHERE queue_name = 'finegrain/${name}'`
    await until(() => grid.server().query(count) === "2", run)
  }

  it("lists, takes back, offers anew and removes, in words or as JSON, or quietly", async () => {
    expect(await queue("list")).toEqual({ code: 0, told: { grids: [] } })
    const run = offer("kept")
    await offered("kept", run)
    expect(await queue()).toMatchObject({ told: { grids: [{ name: "kept", offered: 2, running: 0, completed: 0 }] } })
    expect(await queue("cancel", "--grid", "kept")).toEqual({
      code: 0,
      told: { action: "cancel", grid: "kept", trials: 2 }
    })
    expect([await run.ended, run.said()]).toEqual([6, expect.stringContaining("it was taken back")])
    expect(await queue("retry", "--grid", "kept")).toMatchObject({ told: { trials: 2 } })

    const worker = work("kept", "a", {}, "--until-done", "--json")
    await checkpointed("kept", "a", worker)
    const atWork = await queue("clean", "--grid", "kept")
    expect([atWork.code, atWork.told]).toEqual([
      6,
      expect.objectContaining({ message: expect.stringContaining("at work") as string })
    ])
    expect(await outcomeOf("kept", offer("kept", "kept", "--resume"))).toEqual(grid.local())
    expect(await worker.ended).toBe(0)
    expect(JSON.parse(worker.said())).toMatchObject({ completed: 2, failed: 0 })

    const details = await queue("list", "--grid", "kept")
    expect(details.told).toMatchObject({ grids: [{ completed: 2, offered: 0 }], workers: [{ slots: 1 }], trials: [] })
    const silent = start(["queue", "list", "--quiet"])
    expect([await silent.ended, silent.said()]).toEqual([0, ""])
    expect(await queue("clean", "--grid", "kept")).toMatchObject({ code: 0, told: { action: "clean", trials: 2 } })
    const left = ["grids", "environments", "trials", "chunks", "workers", "queue"].map((table) =>
      grid.server().query(`SELECT COUNT(*) FROM finegrain_${table}`)
    )
    expect(left).toEqual(["0", "0", "0", "0", "0", "0"])
    expect(bits("kept")).toEqual(bits("local"))
    expect(await queue("clean", "--grid", "kept")).toMatchObject({ code: 6 })
    await dismiss()
  })
})
