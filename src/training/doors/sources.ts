/**
 * What a module of the user's own is made of, by checksums: itself, and what it imports from files beside it.
 */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { basename, dirname, relative, resolve } from "node:path"

/** A module that was used, as manifests record it. */
export interface Used {
  /** Where it was. */
  readonly file: string
  readonly sha256: string
  /** Checksums of the files that it imports by relative paths, and those import, by path from the module. */
  readonly imports?: Readonly<Record<string, string>>
}

const specifiers = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g

const read = (file: string): Promise<Buffer | undefined> => readFile(file).catch(() => undefined)

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")

/**
 * The checksums of a module; undefined where there is none. Packages that it imports are not its own: their versions
 * are not looked at.
 *
 * @example
 * ```ts
 * import { Door } from "finegrain"
 * await Door.usedOf("/nowhere/mine.ts") // => undefined
 * ```
 */
export const usedOf = async (file: string): Promise<Used | undefined> => {
  const found = new Map<string, Buffer>()
  const visit = async (path: string): Promise<void> => {
    if (found.has(path)) return
    const bytes = await read(path)
    if (bytes === undefined) return
    found.set(path, bytes)
    for (const [, specifier] of bytes.toString().matchAll(specifiers)) await visit(resolve(dirname(path), specifier!))
  }
  await visit(file)
  const own = found.get(file)
  if (own === undefined) return undefined
  const others = [...found].filter(([path]) => path !== file)
    .map(([path, bytes]) => [relative(dirname(file), path).replaceAll("\\", "/"), sha256(bytes)] as const)
    .toSorted(([a], [b]) => a < b ? -1 : 1)
  return { file, sha256: sha256(own), ...(others.length === 0 ? {} : { imports: Object.fromEntries(others) }) }
}

/**
 * Every file of some modules, by what it is called wherever they are: modules by their names, those of one name by
 * their order, and imports by their path from the module.
 *
 * @internal
 */
export const filesOf = (all: ReadonlyArray<Used>): ReadonlyMap<string, Pick<Used, "file" | "sha256">> => {
  const once = [...new Map(all.map((used) => [used.file, used])).values()]
  const names = once.map(({ file }) => basename(file))
  return new Map(once.flatMap(({ file, imports = {}, sha256 }, i) => {
    const before = names.slice(0, i).filter((name) => name === names[i]).length
    const name = before === 0 ? names[i]! : `${names[i]} (${before + 1})`
    const beside = Object.entries(imports).map(([path, sha256]) =>
      [`${path} of ${name}`, { file: resolve(dirname(file), path), sha256 }] as const
    )
    return [[name, { file, sha256 }] as const].concat(beside)
  }))
}

/**
 * Why the modules that a run was begun with are not those that there are now, in a line; undefined where they are.
 *
 * @example
 * ```ts
 * import { Door } from "finegrain"
 * Door.difference([{ file: "mine.ts", sha256: "ab" }], []) // => "mine.ts was used, and is not now: name it with --use"
 * ```
 */
export const difference = (before: ReadonlyArray<Used>, now: ReadonlyArray<Used>): string | undefined => {
  const [then, here] = [filesOf(before), filesOf(now)]
  for (const [name, { file, sha256 }] of then) {
    const own = here.get(name)
    if (own === undefined) return `${file} was used, and is not now: name it with --use`
    if (own.sha256 !== sha256) return `${own.file} has changed: its SHA-256 is ${own.sha256}, and was ${sha256}`
  }
  const more = [...here].find(([name]) => !then.has(name))
  return more === undefined ? undefined : `${more[1].file} is used now, and was not`
}
