import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

/** Runs experiments/small.ts anew and compares every run with the committed results, bit by bit. */
const root = resolve(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-reproduce-"))
const finegrain = (...args: ReadonlyArray<string>): number => {
  const { status } = spawnSync(
    process.execPath,
    ["--conditions=finegrain:source", join(root, "cli", "main.ts"), ...args],
    { cwd: root, stdio: "inherit", env: { ...process.env, FINEGRAIN_SIMD: "plain" } }
  )
  return status ?? 1
}

try {
  const output = join(scratch, "small")
  process.exitCode = finegrain("run", "experiments/small.ts", "--output", output) ||
    finegrain("compare", "experiments/results/small", output, "--exact")
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
