import { expect, it } from "vitest"
import { finegrain } from "../commandLine.ts"
import { freePort, runsPostgres } from "../postgres.ts"

it.skipIf(!runsPostgres)("a database that nobody reaches is told as such, not as one without tables", async () => {
  const url = `postgresql://me@127.0.0.1:${await freePort()}/none?sslmode=disable`
  const { code, stderr } = await finegrain("queue", "--database", url)
  expect([code, stderr]).toEqual([6, expect.stringMatching(/is not reached \(.*Look whether it runs/)])
}, 60_000)
