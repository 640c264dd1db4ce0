import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

/**
 * Runs the main job, on the engine that is named or on the default one, and holds its summary against what the README
 * promises of it; the time is printed, not judged.
 */
const engine = process.argv[2]
const root = resolve(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "finegrain-main-"))
const output = join(scratch, "run")

interface Summary {
  readonly testAccuracy: number
  readonly seconds: number
  readonly tensorsLeaked: number
  readonly normBoundViolations: number
}

try {
  execFileSync("npm", ["start", "--", "--output", output, ...engine === undefined ? [] : ["--backend", engine]], {
    cwd: root,
    stdio: "inherit"
  })
  const summary = JSON.parse(readFileSync(join(output, "summary.json"), "utf8")) as Summary
  const broken = [
    summary.testAccuracy >= 0.98 ? "" : `test accuracy ${summary.testAccuracy} is below 0.98`,
    summary.tensorsLeaked === 0 ? "" : `${summary.tensorsLeaked} tensors leaked`,
    summary.normBoundViolations === 0 ? "" : `${summary.normBoundViolations} norm bounds violated`
  ].filter((text) => text !== "")
  process.stdout.write(
    `main job: ${broken.length === 0 ? "as promised" : broken.join("; ")}, in ${summary.seconds} s\n`
  )
  process.exitCode = broken.length === 0 ? 0 : 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
