import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"

/** JavaScript with declarations in dist/, which is what the package publishes. */
const root = resolve(import.meta.dirname, "..")
const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
rmSync(join(root, "dist"), { recursive: true, force: true })
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" })
chmodSync(join(root, "dist", "cli", "main.js"), 0o755)

/** Declarations stand without what is internal, which they leave out; those of dependencies are their own affair. */
const { stdout } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.declarations.json")], {
  cwd: root,
  encoding: "utf8"
})
const wrong = stdout.split("\n").filter((line) => line.startsWith("dist/"))
if (wrong.length > 0) throw new Error(`declarations need what is internal:\n${wrong.join("\n")}`)
