/** Folders of images, one for each class: what is in them, and what of it is left out. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import { counted } from "../choices/counted.ts"
import { DatasetInconsistent, DatasetMissing } from "./DataError.ts"
import { listing } from "./Dataset.ts"
import * as files from "./files.ts"

/**
 * What systems, archives and notebooks leave in folders: never a class, never an image. Besides, whatever begins with a
 * dot.
 */
const system: ReadonlySet<string> = new Set([
  "$recycle.bin",
  "#recycle",
  "#snapshot",
  "@eadir",
  "@recently-snapshot",
  "@recycle",
  "@sharebin",
  "@tmp",
  "__macosx",
  "__pycache__",
  "desktop.ini",
  "ehthumbs.db",
  "ehthumbs_vista.db",
  "icon\r",
  "lost+found",
  "network trash folder",
  "recycler",
  "system volume information",
  "temporary items",
  "thumbs.db"
])

/**
 * Whether a name in a folder is hidden, or one that a system keeps there for itself.
 *
 * @example
 * ```ts
 * import { ClassFolders } from "finegrain"
 * ["cat", "._cat.jpg", "@eaDir", "Thumbs.db"].filter(ClassFolders.isHidden) // => ["._cat.jpg", "@eaDir", "Thumbs.db"]
 * ```
 */
export const isHidden = (name: string): boolean => name.startsWith(".") || system.has(name.toLowerCase())

const isImage = (name: string) => /\.(jpe?g|png)$/i.test(name)

/** A class: its name, and the folder that has it, which may be written otherwise (Unicode has two ways to write é). */
interface Class {
  readonly name: string
  readonly folder: string
}

/** What a split of class folders holds; images stand by class, in the order of their names. */
export interface Listed {
  readonly directory: string
  readonly classes: ReadonlyArray<Class>
  /** By image: the number of its class among these, its path below the directory, and its bytes. */
  readonly labels: ReadonlyArray<number>
  readonly paths: ReadonlyArray<string>
  readonly sizes: ReadonlyArray<number>
  /** What was left out, by the reason. */
  readonly hidden: ReadonlyArray<string>
  readonly others: ReadonlyArray<string>
  readonly nested: ReadonlyArray<string>
}

/** So many entries are looked at at once. */
const atOnce = 64

const remedy = "Give a directory that holds train/CLASS/*.JPEG and val/CLASS/*.JPEG."

interface Entry {
  readonly name: string
  readonly type: FileSystem.File.Type
  readonly size: number
  /** What two names of one folder have in common. */
  readonly identity: string | undefined
}

/** What is in a folder, links followed; a link that leads nowhere is an error, since what it led to would be missed. */
const entriesOf = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* files.namesIn(directory, remedy)
  const visible = names.filter((name) => !isHidden(name))
  const entry = (name: string) =>
    fs.stat(path.join(directory, name)).pipe(
      Effect.map(({ dev, ino, size, type }): Entry => ({
        name,
        type,
        size: Number(size),
        identity: Option.getOrUndefined(Option.map(ino, (number) => `${dev}/${number}`))
      })),
      Effect.mapError((error) =>
        new DatasetMissing({
          what: `${path.join(directory, name)} cannot be read (${
            error.reason._tag === "NotFound" ? "it is a link that leads nowhere" : files.reasonOf(error)
          })`,
          remedy: "Make it readable, or remove it."
        })
      )
    )
  return {
    entries: yield* Effect.forEach(visible, entry, { concurrency: atOnce }),
    hidden: names.filter(isHidden)
  }
})

/** Two names that no reader can tell apart, or one folder under two names. */
const doubles = (classes: ReadonlyArray<Class>, entries: ReadonlyArray<Entry>): string | undefined => {
  const byName = new Map<string, string>()
  for (const { folder, name } of classes) {
    if (byName.has(name)) return `the class ${name} is there twice, written in two ways of Unicode`
    byName.set(name, folder)
  }
  const byIdentity = new Map<string, string>()
  for (const { identity, name } of entries) {
    if (identity === undefined) continue
    const other = byIdentity.get(identity)
    if (other !== undefined) return `the classes ${other} and ${name} are one folder, by a link`
    byIdentity.set(identity, name)
  }
  return undefined
}

/**
 * The class folders of a directory with their images, JPEG and PNG. Classes are in the order of their names' code
 * units, so that 10 comes before 2 and Z before a; names are in Unicode's composed form (NFC). What is hidden, other
 * files, and folders within class folders are left out, and listed.
 *
 * Fails with DatasetMissing where something cannot be read, and with DatasetInconsistent for the same class twice, and
 * for images of no bytes.
 *
 * @internal
 */
export const list = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<Listed, DatasetMissing | DatasetInconsistent, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const refuse = (reason: string, remedy?: string) =>
    new DatasetInconsistent({ directory, reason, ...(remedy === undefined ? {} : { remedy }) })
  const top = yield* entriesOf(directory)
  const folders = top.entries.filter(({ type }) => type === "Directory")
  const classes = folders.map(({ name }) => ({ name: name.normalize("NFC"), folder: name }))
    .toSorted((a, b) => a.name < b.name ? -1 : 1)
  const twice = doubles(classes, folders)
  if (twice !== undefined) return yield* refuse(twice)
  const listed = {
    labels: [] as Array<number>,
    paths: [] as Array<string>,
    sizes: [] as Array<number>,
    hidden: [...top.hidden],
    others: top.entries.filter(({ type }) => type !== "Directory").map(({ name }) => name),
    nested: [] as Array<string>
  }
  for (const [label, { folder }] of classes.entries()) {
    const { entries, hidden } = yield* entriesOf(path.join(directory, folder))
    for (const name of hidden) listed.hidden.push(`${folder}/${name}`)
    for (const { name, size, type } of entries) {
      const own = `${folder}/${name}`
      if (type === "Directory") listed.nested.push(own)
      else if (type !== "File" || !isImage(name)) listed.others.push(own)
      else {
        listed.labels.push(label)
        listed.paths.push(own)
        listed.sizes.push(size)
      }
    }
  }
  const hollow = listed.paths.filter((_, i) => listed.sizes[i] === 0)
  if (hollow.length > 0) {
    return yield* refuse(
      `${counted(hollow.length, "image has", "images have")} no bytes: ${listing(hollow)}`,
      "Fetch or remove them."
    )
  }
  return { directory, classes, ...listed }
})

/** Some paths, each by its last name, no name twice. */
const lastNames = (paths: ReadonlyArray<string>) =>
  listing([...new Set(paths.map((path) => path.slice(path.lastIndexOf("/") + 1).replaceAll(/\s/g, " ")))])

/** Names that only the case of letters tells apart, which other file systems could not hold side by side. */
const alike = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.filter((name, i) => names.some((other, j) => i !== j && other.toLowerCase() === name.toLowerCase()))

/**
 * What was left out of class folders, in words.
 *
 * @internal
 */
export const notes = (parts: ReadonlyArray<Listed>): ReadonlyArray<string> => {
  const [hidden, others, nested] = [
    parts.flatMap((part) => part.hidden),
    parts.flatMap((part) => part.others),
    parts.flatMap((part) => part.nested)
  ]
  const similar = alike(parts[0]?.classes.map(({ name }) => name) ?? [])
  const told = (paths: ReadonlyArray<string>, one: string, many: string) =>
    paths.length === 0 ? [] : [`${counted(paths.length, one, many)}: ${lastNames(paths)}`]
  return [
    ...told(hidden, "hidden or system entry is left out", "hidden or system entries are left out"),
    ...told(
      others,
      "file that is no JPEG or PNG of a class is left out",
      "files that are no JPEG or PNG of a class are left out"
    ),
    ...told(nested, "folder within a class folder is not read", "folders within class folders are not read"),
    ...(similar.length === 0 ? [] : [`only the case of letters tells these classes apart: ${listing(similar)}`])
  ]
}
