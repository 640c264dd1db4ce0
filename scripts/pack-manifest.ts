import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

/**
 * `trim` before packing, `restore` after it: the packed package.json has none of what only a clone needs. Node as an
 * optional dependency is how `npm ci` brings it to a clone; users of the package bring their own. What else is optional
 * comes with the package: the data of the first run.
 *
 * `refuse` before publishing from the directory: npm reads package.json again after `postpack` has restored it, and
 * would announce the untrimmed dependencies. Publishing the packed file announces what is in it.
 */
const root = resolve(process.argv[3] ?? join(import.meta.dirname, ".."))
const manifest = join(root, "package.json")
const kept = join(root, ".package.json.whole")

const read = (file: string) => readFileSync(file, "utf8")

const trimmed = (whole: string): string => {
  const { allowScripts: _a, devDependencies: _d, optionalDependencies = {}, scripts: _s, ...published } = JSON
    .parse(whole) as Record<string, unknown>
  const optional = Object.entries(optionalDependencies as object).filter(([name]) => !name.startsWith("node-"))
  const kept = optional.length === 0 ? {} : { optionalDependencies: Object.fromEntries(optional) as object }
  return `${JSON.stringify({ ...published, ...kept }, null, 2)}\n`
}

/** Whether a pack was cut off: only then does the copy win over what is on disk, which may have been edited since. */
const isCutOff = () => existsSync(kept) && read(manifest) === trimmed(read(kept))

const trim = () => {
  const whole = isCutOff() ? read(kept) : read(manifest)
  writeFileSync(kept, whole)
  writeFileSync(manifest, trimmed(whole))
}

const restore = () => {
  if (isCutOff()) writeFileSync(manifest, read(kept))
  rmSync(kept, { force: true })
}

const refuse = () => {
  process.stderr.write("Publish the packed file, not the directory: npm pack && npm publish ./finegrain-*.tgz\n")
  process.exitCode = 1
}

const commands: Readonly<Record<string, () => void>> = { trim, restore, refuse }
const command = commands[process.argv[2] ?? ""]
if (command === undefined) throw new Error(`one of ${Object.keys(commands).join(", ")} is needed`)
command()
