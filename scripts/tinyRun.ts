import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { writeTinyDataset } from "../test/tinyDataset.ts"

const root = resolve(import.meta.dirname, "..")

/** Runs a command, and gives what it said; fails where it does. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  more: { cwd?: string; env?: NodeJS.ProcessEnv } = {}
) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8", ...more })
  process.stdout.write(stdout + stderr)
  if (error !== undefined || status !== 0) throw new Error(`${command} failed (${error?.message ?? status})`)
  return stdout + stderr
}

/** A run of seconds in `runs/a` of a directory that is gone afterwards, exported in some formats. */
export const withTinyRun = (formats: ReadonlyArray<string>, use: (scratch: string, run: string) => void): void => {
  const scratch = mkdtempSync(join(tmpdir(), "finegrain-watching-"))
  const finegrain = (...args: ReadonlyArray<string>) =>
    run(process.execPath, ["--conditions=finegrain:source", join(root, "cli", "main.ts"), ...args])
  try {
    writeTinyDataset(scratch)
    const output = join(scratch, "runs", "a")
    finegrain("train", "--dataset", scratch, "--epochs", "2", "--output", output)
    for (const format of formats) finegrain("export", output, "--format", format)
    use(scratch, output)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
