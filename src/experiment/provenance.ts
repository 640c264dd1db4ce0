/** Where trials ran: what of it a reader of a table must know. */
import * as Struct from "effect/Struct"
import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import { counted } from "../choices/counted.ts"
import * as RunFiles from "../training/RunFiles.ts"
import type { TrialManifest } from "./ExperimentFiles.ts"

/** Where a trial ran: versions, backend, and the data by its checksum. */
export type Environment = typeof RunFiles.Environment.Type

/**
 * Of a manifest what does not change from trial to trial.
 *
 * @internal
 */
export const environmentOf = ({ backend, dataset, versions }: TrialManifest): Environment => ({
  ...(versions === undefined ? {} : { versions }),
  ...(backend === undefined ? {} : { backend }),
  ...(dataset === undefined ? {} : { dataset: Struct.pick(dataset, ["name", "sha256"]) })
})

const occurrences = (values: ReadonlyArray<string>) => {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].map(([value, count]) => `${value} (${counted(count, "trial")})`)
}

/**
 * What a reader must know of the environments of the trials that a table shows, one for each trial.
 *
 * @internal
 */
export const notes = (environments: ReadonlyArray<Environment>): ReadonlyArray<string> => {
  const of = (what: string, text: (environment: Environment) => string) => {
    const found = occurrences(environments.map(text))
    return found.length < 2 ? [] : [`The trials do not share one ${what}: ${found.join("; ")}.`]
  }
  return [
    ...of("revision", ({ versions }) => versions?.revision ?? `finegrain ${versions?.finegrain ?? "unknown"}`),
    ...of("backend", ({ backend }) => backend === undefined ? "unknown" : `${backend.name}, ${backend.device ?? ""}`),
    ...of("version of Node", ({ versions }) => versions?.node ?? "unknown"),
    // Columns may have data of their own; one name with two checksums is another matter.
    ...[...new Set(environments.map(({ dataset }) => dataset?.name))].flatMap((name) => {
      const own = environments.filter(({ dataset }) => dataset?.name === name)
      const found = occurrences(own.map(({ dataset }) => dataset?.sha256 ?? "unknown"))
      return found.length < 2 ? [] : [`The trials do not share one ${name ?? "dataset"}: ${found.join("; ")}.`]
    })
  ]
}

/**
 * The manifest of a trial as a line of a file of all. Groups follow from the seed and the strategy: their checksum is
 * enough to tell whether they are the same.
 *
 * @internal
 */
export const line = (id: string, manifest: TrialManifest): string => {
  const layers = manifest.layers?.map((layer) => ({
    ...layer,
    groups: {
      count: layer.groups.length,
      sha256: createHash("sha256").update(JSON.stringify(layer.groups)).digest("hex")
    }
  }))
  return `${RunFiles.toJson({ id, manifest: { ...manifest, ...(layers === undefined ? {} : { layers }) } })}\n`
}

/** Bytes above which manifests are compressed, so that they can be committed. */
const largest = 256 * 1024

/**
 * Such lines as a file; which of its two names it has, and which one it does not have.
 *
 * @internal
 */
export const file = (lines: ReadonlyArray<string>) => {
  const bytes = new TextEncoder().encode(lines.join(""))
  const [plain, compressed] = ["manifests.jsonl", "manifests.jsonl.gz"]
  return bytes.length <= largest
    ? { name: plain, other: compressed, bytes }
    : { name: compressed, other: plain, bytes: gzipSync(bytes, { level: 9 }) }
}
