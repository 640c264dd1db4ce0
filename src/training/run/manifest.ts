/** What the manifest of a run says. */
import { createHash } from "node:crypto"
import { classNamesOf } from "../../data/Dataset.ts"
import type * as Network from "../../network/Network.ts"
import type { RunIdentity } from "../sameRun.ts"
import type { Training } from "../Training.ts"

/**
 * Layers of more matrices than this have them counted and hashed, not listed: those of a ResNet-101 would fill half a
 * gigabyte.
 */
const mostListed = 4096

const describeIndices = (indices: ReadonlyArray<number> | Int32Array, listed: boolean) =>
  listed
    ? indices
    : { count: indices.length, sha256: createHash("sha256").update(Int32Array.from(indices)).digest("hex") }

const describeLayer = (layer: Network.ConstrainedLayer) => ({
  layer: layer.name,
  shape: layer.shape,
  ...(layer.blocks === 1 ? {} : { blocks: layer.blocks }),
  matricization: layer.matricization.name,
  strategy: layer.strategy.name,
  selection: layer.strategy.selection,
  manifolds: layer.kinds.map(({ indices, manifold }) => ({ manifold: manifold.name, matrices: indices.length })),
  groups: layer.groups.map(({ indices, manifold }) => ({
    manifold: layer.specification[manifold]!.symbol,
    matrices: describeIndices(
      indices,
      layer.groups.reduce((sum, group) => sum + group.indices.length, 0) <= mostListed
    )
  }))
})

/** What a manifest tells of data; every `Dataset` is such. */
export interface RecordedData {
  readonly name: string
  /** By which data of one name are told apart. */
  readonly checksum: string
  readonly train: { readonly count: number }
  readonly test: { readonly count: number }
  readonly classes?: number
  readonly classNames?: ReadonlyArray<string>
}

/** The data of a run, as far as it decides about its bits. */
export const identityOf = ({ checksum, name, test, train }: RecordedData) => ({
  name,
  sha256: checksum,
  train: train.count,
  test: test.count
})

/** What a manifest says beside what a run is made of. */
export interface Described {
  readonly data: RecordedData
  readonly seed: number
  /** The name of the model. */
  readonly model: string
  /** What a reader of the results should know of the data. */
  readonly notes: ReadonlyArray<string>
  /** Further keys. */
  readonly manifest?: object
}

/** `manifest.json`: everything from which the run can be repeated. */
export const manifestOf = (
  { data, manifest, model: name, notes, seed }: Described,
  { backend, config, dataset, versions }: RunIdentity,
  { model, layers, unconstrained }: Network.Network,
  { interpretation, schedule }: Pick<Training, "interpretation" | "schedule">
) => ({
  config,
  ...manifest,
  seed,
  versions,
  backend,
  dataset: { ...dataset, classes: classNamesOf(data), notes },
  model: { name, parameters: model.countParams() },
  schedule,
  step: interpretation,
  layers: layers.map(describeLayer),
  unconstrained
})
