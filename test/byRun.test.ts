import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { completed } from "../scripts/byRun.ts"

const directory = mkdtempSync(join(tmpdir(), "finegrain-by-run-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const write = (name: string, content: unknown) => {
  const file = join(directory, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(content))
}

/** A run that was killed has events, what was put aside a summary, too: neither is one that completed. */
const [candidate, first, second] = ["Sp/c/select-0.1", "Sp/c/seed-1", "Sp/c/seed-2"]
const events = {
  _tag: "EpochDone",
  bounds: { perPom: { l2: 2 / 3 } },
  factors: { "a/0": 0.5 },
  gradientNorms: { "a/0": 1 }
}
for (const id of [candidate, first, second, "Sp/c/seed-1.diverged.1"]) write(`trials/${id}/events.jsonl`, events)
for (const id of [candidate, first]) write(`trials/${id}/summary.json`, { status: "completed" })
write("trials/Sp/c/seed-1.diverged.1/summary.json", { status: "diverged" })
const finals = [{ id: second, status: "killed" }, { id: first, status: "completed" }]
write("results.json", { cells: [{ finals, candidates: [{ id: candidate, status: "completed" }] }] })

it("runs that completed count, and no others", () => {
  expect(completed(directory, "all").map(({ id }) => id)).toEqual([first, candidate])
  expect(completed(directory, "finals").map(({ id }) => id)).toEqual([first])
  expect(() => completed(join(directory, "trials"), "all")).toThrow(/There is no .*results\.json/)
})

const layer = { name: "a", acts: 1, factor: 0.5, norm: 1 }

it.each([
  ["bounds", { [first]: { perPom: { l2: 0.666667 } }, [candidate]: { perPom: { l2: 0.666667 } } }],
  ["rule", { [first]: [layer] }]
])("%s are told of these, in six digits", (name, told) => {
  const script = join(import.meta.dirname, `../scripts/${name}.ts`)
  const { status, stderr } = spawnSync(process.execPath, [script, directory], { encoding: "utf8" })
  expect(status, stderr).toBe(0)
  expect(JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8"))).toEqual(told)
})
