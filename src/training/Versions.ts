import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { createRequire } from "node:module"

/** Versions that a manifest records. */
export interface Versions {
  readonly finegrain: string
  readonly node: string
  readonly tensorflow: string
  readonly effect: string
  /** Git revision of the working directory, "-dirty" with uncommitted changes; null outside of a checkout. */
  readonly revision: string | null
}

const require = createRequire(import.meta.url)

/** This package's manifest: beside `src` in a checkout, beside `dist` in an installed package. */
const own = (): { readonly version: string } => {
  try {
    return require("../../package.json") as { readonly version: string }
  } catch {
    return require("../../../package.json") as { readonly version: string }
  }
}

const git = (args: ReadonlyArray<string>): Effect.Effect<string | null> =>
  Effect.callback((resume) => {
    execFile("git", [...args], { timeout: 5000 }, (error, stdout) => {
      resume(Effect.succeed(error === null ? stdout.trim() : null))
    })
  })

/**
 * The version of this package.
 *
 * @example
 * ```ts
 * import { Versions } from "finegrain"
 * /^\d+\.\d+\.\d+/.test(Versions.finegrain()) // => true
 * ```
 */
export const finegrain = (): string => own().version

/**
 * The versions of everything that can change a result.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Versions } from "finegrain"
 * const { tensorflow } = await Effect.runPromise(Versions.versions)
 * tensorflow // => "4.22.0"
 * ```
 */
export const versions: Effect.Effect<Versions> = Effect.gen(function*() {
  const head = yield* git(["rev-parse", "HEAD"])
  const changes = head === null ? null : yield* git(["status", "--porcelain"])
  return {
    finegrain: own().version,
    node: process.versions.node,
    tensorflow: tf.version_core,
    effect: (require("effect/package.json") as { readonly version: string }).version,
    revision: head === null ? null : changes === "" ? head : `${head}-dirty`
  }
})
