import { execFileSync } from "node:child_process"
import { chmodSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"

/** JavaScript with declarations in dist/, which is what the package publishes. */
const root = resolve(import.meta.dirname, "..")
rmSync(join(root, "dist"), { recursive: true, force: true })
execFileSync(process.execPath, [
  join(root, "node_modules", "typescript", "bin", "tsc"),
  "-p",
  join(root, "tsconfig.build.json")
], {
  stdio: "inherit"
})
chmodSync(join(root, "dist", "cli", "main.js"), 0o755)
