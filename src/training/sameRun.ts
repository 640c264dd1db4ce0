/** Whether a run that goes on is the one that was begun. */
import * as Effect from "effect/Effect"
import * as Checkpoint from "./Checkpoint.ts"
import type * as RunFiles from "./RunFiles.ts"
import type { TrainConfig } from "./TrainConfig.ts"

/** What of a run decides about its bits. */
export interface RunIdentity {
  readonly config: object
  readonly dataset: object
  readonly backend: {
    readonly name: string
    readonly device: string
    readonly version: string
    readonly arithmetic?: string
  }
  readonly versions: { readonly finegrain: string; readonly tensorflow: string; readonly node: string }
}

/** Settings that change nothing in the results of a run. */
const free: ReadonlySet<string> = new Set<`config.${keyof TrainConfig}`>(["config.threads"])

/** Where modules are is not what they are, which checksums tell. */
const isFree = (key: string) => free.has(key) || key.startsWith("config.use.")

/** Every number, text and boolean of a value, by its path. */
const flat = (value: unknown, prefix = ""): ReadonlyArray<readonly [string, string]> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, part]) => flat(part, prefix === "" ? key : `${prefix}.${key}`))
    : value === undefined
    ? []
    : [[prefix, JSON.stringify(value)]]

/** A device, but for its threads, on which no bit depends. */
const deviceOf = (device: string | undefined) => device?.replace(/, \d+ threads?$/, "")

/**
 * On what of an engine bits depend. Keys that earlier versions did not write are compared where both have them.
 *
 * @internal
 */
export const environment = ({ backend, versions }: Pick<Partial<RunFiles.Manifest>, "backend" | "versions">) => ({
  "versions.finegrain": versions?.finegrain,
  "versions.tensorflow": versions?.tensorflow,
  // What it compiles to is settled by its major version.
  "versions.node": versions?.node?.split(".")[0],
  "backend.version": backend?.version,
  "backend.device": deviceOf(backend?.device),
  "backend.arithmetic": backend?.arithmetic
})

/**
 * The earlier manifest must say the same of settings, as they are read today, and of data.
 *
 * Fails with CheckpointMismatch, which names what differs.
 *
 * @internal
 */
export const sameRun = Effect.fnUntraced(function*(config: object, manifest: RunFiles.Manifest, own: RunIdentity) {
  const [there, here] = [
    new Map(flat({ config, dataset: manifest.dataset })),
    new Map(flat({ config: own.config, dataset: own.dataset }))
  ]
  for (const key of new Set([...there.keys(), ...here.keys()])) {
    const [actual = "not set", expected = "not set"] = [there.get(key), here.get(key)]
    if (actual !== expected && !isFree(key)) {
      return yield* new Checkpoint.CheckpointMismatch({ what: key, expected, actual })
    }
  }
})

/**
 * To go on to the same bits, it must also say the same of everything else that they depend on: the engine, how it
 * rounds, and versions.
 *
 * Fails with CheckpointMismatch, which names what differs.
 *
 * @internal
 */
export const sameEnvironment = Effect.fnUntraced(function*(manifest: RunFiles.Manifest, own: RunIdentity) {
  const withEngine = (of: Pick<Partial<RunFiles.Manifest>, "backend" | "versions">) => ({
    "backend.name": of.backend?.name,
    ...environment(of)
  })
  const [ran, runs] = [withEngine(manifest), withEngine(own)]
  for (const key of Object.keys(runs) as ReadonlyArray<keyof typeof runs>) {
    const [actual, expected] = [ran[key], runs[key]]
    if (actual !== undefined && expected !== undefined && actual !== expected) {
      return yield* new Checkpoint.CheckpointMismatch({ what: key, expected, actual })
    }
  }
})
