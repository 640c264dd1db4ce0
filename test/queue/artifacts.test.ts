import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { runsPostgres } from "../postgres.ts"
import { dismiss, says } from "../processes.ts"
import { tinyGrid } from "./tinyGrid.ts"

describe.skipIf(!runsPostgres)("a directory that machines share", { timeout: 300_000 }, () => {
  const grid = tinyGrid()
  const { checkpointed, offer, outcomeOf, scratch, start, work } = grid

  it("takes the files of trials in place of the database, and is refused where it is another one", async () => {
    const [shared, elsewhere, other] = ["shared", "mounted", "other"].map((name) => join(scratch, name))
    mkdirSync(join(other!, "files"), { recursive: true })
    const run = offer("files", "files", "--artifacts", shared!)
    await says(run, /finegrain worker --grid files/)
    symlinkSync(shared!, elsewhere!)
    // A directory of the same name, on a machine that does not share it.
    const stranger = work("files", "stranger", {}, "--artifacts", other!)
    const first = work("files", "first", {}, "--artifacts", elsewhere!)
    await checkpointed("files", "first", first)
    expect([await stranger.ended, stranger.said()]).toEqual([
      6,
      expect.stringContaining("is not the one that the grid")
    ])
    first.child.kill("SIGKILL")
    const second = work("files", "second")
    expect(await outcomeOf("files", run)).toEqual(grid.local())
    await dismiss(second)
    expect(grid.server().query("SELECT COUNT(*) FROM finegrain_chunks")).toBe("0")
    expect(readdirSync(join(shared!, "files")).length).toBe(3)
    expect(await start(["queue", "clean", "--grid", "files"]).ended).toBe(0)
    expect(existsSync(join(shared!, "files"))).toBe(false)
  })
})
