/** What the manifest of a run says. */
import { createHash } from "node:crypto"
import type { Dataset } from "../../data/Dataset.ts"
import type * as Network from "../../network/Network.ts"
import type { RunIdentity } from "../sameRun.ts"
import type { TrainConfig } from "../TrainConfig.ts"
import type * as Trainer from "../Trainer.ts"

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

const namesOf = ({ classNames, classes }: Dataset): ReadonlyArray<string> =>
  classNames ?? Array.from({ length: classes }, (_, label) => String(label))

/** What a reader of the results should know of the data. */
export const notesOf = (
  { batchSize }: TrainConfig,
  { notes = [], train: { count } }: Dataset
): ReadonlyArray<string> => [
  ...notes,
  ...(batchSize > count
    ? [`a batch of ${batchSize} is more than the ${count} training images: steps take all of them`]
    : [])
]

/** The data of a run, as far as it decides about its bits. */
export const identityOf = ({ checksum, name, test, train }: Dataset) => ({
  name,
  sha256: checksum,
  train: train.count,
  test: test.count
})

/** `manifest.json`: everything from which the run can be repeated. */
export const manifestOf = (
  { backend, config, dataset: data, door: { used }, versions }: RunIdentity,
  dataset: Dataset,
  { model, layers, unconstrained }: Network.Network,
  schedule: string,
  { interpretation }: Trainer.Training
) => ({
  config,
  ...(used.length === 0 ? {} : { use: used }),
  seed: config.seed,
  versions,
  backend,
  dataset: { ...data, classes: namesOf(dataset), notes: notesOf(config, dataset) },
  model: { name: config.model, parameters: model.countParams() },
  schedule,
  step: interpretation,
  layers: layers.map(describeLayer),
  unconstrained
})
