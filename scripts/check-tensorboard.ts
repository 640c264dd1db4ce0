import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { writeTinyDataset } from "../test/tinyDataset.ts"

/**
 * Trains a run of seconds, exports it for TensorBoard, and has TensorBoard's own reader compare it with what was
 * logged. The Python to run is the first argument.
 */
const root = resolve(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-tensorboard-"))
const run = (command: string, ...args: ReadonlyArray<string>) => {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: "inherit" })
  if (error !== undefined || status !== 0) throw new Error(`${command} failed (${error?.message ?? status})`)
}
const finegrain = (...args: ReadonlyArray<string>) =>
  run(process.execPath, "--conditions=finegrain:source", join(root, "cli", "main.ts"), ...args)

try {
  writeTinyDataset(scratch)
  const output = join(scratch, "run")
  finegrain("train", "--dataset", scratch, "--epochs", "2", "--output", output)
  finegrain("export", output, "--format", "tensorboard")
  run(
    process.argv[2] ?? "python3",
    join(root, "scripts", "check-tensorboard.py"),
    join(output, "export", "tensorboard"),
    join(output, "events.jsonl")
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
