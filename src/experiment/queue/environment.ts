/** What a machine has to be like for its results to stand in one table with those of others. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { Catalogues } from "../../training/Catalogues.ts"
import * as made from "../../training/made.ts"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import type { TrainConfig } from "../../training/TrainConfig.ts"

/**
 * The data and the engine of a run, as its manifest tells; undefined before it is written.
 *
 * @internal
 */
export const factsOf = Effect.fnUntraced(function*(config: TrainConfig, directory: string, known: Catalogues) {
  const path = yield* Path.Path
  const found = yield* Effect.option(
    ownFiles.readOwn(path.resolve(directory), "manifest.json", RunFiles.decodeManifest)
  )
  const manifest = Option.getOrUndefined(Option.flatten(found))
  if (manifest === undefined) return undefined
  const { backend, dataset, versions } = manifest
  const engine = [
    backend?.device?.replace(/, \d+ threads?$/, ""),
    backend?.arithmetic,
    backend?.version,
    `TensorFlow ${versions?.tensorflow}`,
    `Node ${versions?.node?.split(".")[0]}`
  ]
  return {
    // One checksum stands for every part.
    [made.dataInWords(config, known)]: dataset.sha256,
    [`the engine ${config.backend}`]: engine.filter((part) => part !== undefined).join(", ")
  }
})
