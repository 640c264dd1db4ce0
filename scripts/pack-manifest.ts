import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

/**
 * `trim` before packing, `restore` after it: the published package.json has none of what only a clone needs. Node 24 as an
 * optional dependency is how `npm ci` brings it to a clone; users of the package bring their own.
 */
const root = resolve(import.meta.dirname, "..")
const manifest = join(root, "package.json")
const kept = join(root, ".package.json.whole")

const trim = () => {
  // A pack that was cut off may have left the trimmed manifest in place.
  if (!existsSync(kept)) copyFileSync(manifest, kept)
  const whole = JSON.parse(readFileSync(kept, "utf8")) as Record<string, unknown>
  const { allowScripts: _a, devDependencies: _d, optionalDependencies: _o, scripts: _s, ...published } = whole
  // npm runs `postpack` from the manifest on disk.
  const postpack = { scripts: { postpack: "node scripts/pack-manifest.ts restore" } }
  writeFileSync(manifest, `${JSON.stringify({ ...published, ...postpack }, null, 2)}\n`)
}

const restore = () => {
  if (existsSync(kept)) renameSync(kept, manifest)
}

if (process.argv[2] === "trim") trim()
else restore()
