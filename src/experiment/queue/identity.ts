/** What a trial and a grid are known by: fingerprints of everything that decides about bits. */
import * as Struct from "effect/Struct"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type * as Door from "../../training/Door.ts"
import type { Trial } from "../Experiment.ts"

const sha256 = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex")

/** With keys in order, so that equal values have one text. */
const ordered = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(ordered)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(
      Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1).map(([key, part]) => [key, ordered(part)])
    )
    : value

/**
 * The fingerprint of a value that JSON can hold, whatever the order of its keys.
 *
 * @internal
 */
export const fingerprint = (value: unknown): string => sha256(JSON.stringify(ordered(value)))

const sources = join(import.meta.dirname, "../..")

let found: string | undefined

/**
 * The fingerprint of finegrain's own code, as it lies there: a revision with changes differs from the one without.
 *
 * @internal
 */
export const build = (): string => {
  found ??= sha256(
    readdirSync(sources, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|js|wasm|wgsl)$/.test(name) && !name.endsWith(".d.ts"))
      .toSorted()
      .map((name) => `${name.replaceAll("\\", "/")} ${sha256(readFileSync(join(sources, name)))}`)
      .join("\n")
  )
  return found
}

const hashesOf = (used: ReadonlyArray<Door.Used>) => used.map(({ imports = {}, sha256 }) => ({ sha256, imports }))

/**
 * A trial by its settings, which fix its seed and, with the code, its geometry. Threads and the places of modules
 * change no bit.
 *
 * @internal
 */
export const ofTrial = ({ config }: Trial, used: ReadonlyArray<Door.Used>): string =>
  fingerprint({ config: Struct.omit(config, ["threads", "use"]), used: hashesOf(used), build: build() })

/**
 * A grid by its code: whoever trusts this fingerprint trusts these modules, and no others.
 *
 * @internal
 */
export const ofGrid = (name: string, used: ReadonlyArray<Door.Used>): string =>
  fingerprint({ name, used: hashesOf(used), build: build() })
