/** Constrained layers, as a manifest tells of them. */
import { createHash } from "node:crypto"
import type * as Network from "../../network/Network.ts"

/**
 * Layers of more matrices than this have them counted and hashed, not listed: those of a ResNet-101 would fill half a
 * gigabyte.
 */
const mostListed = 4096

const describeIndices = (indices: ReadonlyArray<number> | Int32Array, listed: boolean) =>
  listed
    ? indices
    : { count: indices.length, sha256: createHash("sha256").update(Int32Array.from(indices)).digest("hex") }

/** What a manifest tells of a layer. */
export const describeLayer = (layer: Network.ConstrainedLayer) => ({
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
