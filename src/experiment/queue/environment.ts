/** What a machine has to be like for its results to stand in one table with those of others. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Struct from "effect/Struct"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Catalogues from "../../training/Catalogues.ts"
import * as ownFiles from "../../training/run/ownFiles.ts"
import * as RunFiles from "../../training/RunFiles.ts"
import type { TrainConfig } from "../../training/TrainConfig.ts"
import * as identity from "./identity.ts"

const decode = RunFiles.decode(RunFiles.Manifest, "manifest")

/** Settings that choose data, of which one checksum stands for every part. */
const dataOf = (config: TrainConfig) => {
  const more = Object.keys(Catalogue.parameters(Catalogues.builtIn.datasets))
  const own = Struct.pick(config as Readonly<Record<string, unknown>>, ["imageSize", ...more])
  return `${config.dataset} (${identity.fingerprint(own).slice(0, 8)})`
}

/**
 * The data and the engine of a run, as its manifest tells; undefined before it is written.
 *
 * @internal
 */
export const factsOf = Effect.fnUntraced(function*(config: TrainConfig, directory: string) {
  const path = yield* Path.Path
  const found = yield* Effect.option(ownFiles.readOwn(path.resolve(directory), "manifest.json", decode))
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
    [`the data ${dataOf(config)}`]: dataset.sha256,
    [`the engine ${config.backend}`]: engine.filter((part) => part !== undefined).join(", ")
  }
})
