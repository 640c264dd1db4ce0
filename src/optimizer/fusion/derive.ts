/** A problem as the kernels of a step see it, found by arranging numbers in place of weights. */
import * as tf from "@tensorflow/tfjs-core"
import * as Kernels from "../../engine/FusedKernels.ts"
import type * as Step from "../../engine/Step.ts"
import type { Arrangement } from "../../geometry/combinators/rearranged.ts"
import type * as Manifold from "../../geometry/Manifold.ts"
import * as MatrixForm from "../../geometry/MatrixForm.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Shape from "../../numerics/Shape.ts"
import type { Problem } from "../contract.ts"
import { readsAtOnce } from "./readsAtOnce.ts"

/** A leaf as the kernels see it, with its manifold for what they leave to be composed. */
export interface LeafOnManifold extends Step.StepLeaf {
  readonly manifold: Manifold.Manifold
}

/** What the kernels and the composed parts need to know of a problem. */
export interface PlanOnManifolds extends Step.StepPlan {
  readonly leaves: ReadonlyArray<LeafOnManifold>
}

/** Above so many entries the matrix products of the composition are faster than four matrices side by side. */
const largestMatrix = 1 << 12
/** Up to here float32 counts exactly. */
const largestIndex = 1 << 24

const range = (size: number) => Float32Array.from({ length: size }, (_, i) => i)

/** The values of every leaf after `from` has arranged variables filled by `fill`. */
const arranged = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { from, shape }: Arrangement<P, W>,
  fill: (size: number, variable: number) => Float32Array
): ReadonlyArray<Float32Array> => {
  const filled = (of: Shape.Shape, variable: number) => tf.tensor(fill(Shape.size(of), variable), [...of])
  const leaves = tf.tidy(() => [...NestedTensors.leaves(from(NestedTensors.ofShapes(shape, filled) as W))])
  // Not within the region: it would look for tensors among millions of numbers.
  const values = leaves.map((leaf) => leaf.dataSync<"float32">())
  tf.dispose(leaves)
  return values
}

/** Runs a synchronous region on an engine whose tensors can be read at once. */
const readable = <A>(region: () => A): A => {
  const engine = tf.getBackend()
  if (readsAtOnce()) return region()
  // The engine is there, so that this takes effect before the promise is kept.
  void tf.setBackend("cpu")
  try {
    return region()
  } finally {
    void tf.setBackend(engine)
  }
}

/**
 * A value for every entry, different enough that an arrangement which also computes with entries does not go unseen.
 */
const probe = (size: number, variable: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.fround(Math.sin(1 + i * 12.9898 + variable * 78.233)))

const leafOf = (
  { manifold, owners }: { readonly manifold: Manifold.Manifold; readonly owners: Int32Array },
  places: Float32Array,
  variables: Float32Array,
  sizes: ReadonlyArray<number>
): LeafOnManifold | undefined => {
  const count = owners.length
  const size = Shape.size(manifold.shape)
  const variable = variables[0]
  if (places.length !== count * size || variable === undefined || variables.some((v) => v !== variable)) {
    return undefined
  }
  const base = (m: number) => places[m * size]!
  const separable = places.every((place, i) => place === base(Math.floor(i / size)) + places[i % size]! - base(0))
  if (!separable) return undefined
  const declared = MatrixForm.of(manifold)
  const flat = declared?.name === "Euclidean" && count === 1 && size === sizes[variable] &&
    places.every((p, i) => p === i)
  const form = flat || size <= Math.min(largestMatrix, Kernels.largest(tf.getBackend())) ? declared : undefined
  const { columns, rows } = form ?? { columns: 1, rows: size }
  const local = Int32Array.from(
    { length: size },
    (_, e) => form?.transposed === true ? (e % columns) * rows + Math.floor(e / columns) : e
  )
  return {
    manifold,
    form,
    count,
    size,
    owners,
    variable,
    bases: Int32Array.from({ length: count }, (_, m) => base(m)),
    deltas: local.map((e) => places[e]! - base(0)),
    local,
    flat
  }
}

/**
 * A problem as the kernels see it: which entry of which variable every entry of ω is, found by arranging numbers in
 * place of weights.
 *
 * undefined where the arrangement does more than move the entries of whole matrices.
 */
export const derive = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { arrangement, collection }: Problem<P, W>
): PlanOnManifolds | undefined => {
  const sizes = Shape.leaves(arrangement.shape as Shape.ShapeTree).map(Shape.size)
  if (collection.leaves === undefined || collection.leaves.length === 0) return undefined
  if (sizes.some((size) => size === 0 || size > largestIndex)) return undefined
  const [places, variables, probed] = readable(() =>
    [
      arranged(arrangement, range),
      arranged(arrangement, (size, i) => new Float32Array(size).fill(i)),
      arranged(arrangement, probe)
    ] as const
  )
  const leaves = collection.leaves.map((leaf, i) => leafOf(leaf, places[i]!, variables[i]!, sizes))
  const known = leaves.filter((leaf) => leaf !== undefined)
  const probes = sizes.map(probe)
  const seen = sizes.map((size) => new Uint8Array(size))
  const moves = known.length === leaves.length && known.every((leaf, i) =>
    places[i]!.every((place, e) => {
      seen[leaf.variable]![place]!++
      return probed[i]![e] === probes[leaf.variable]![place]
    })
  )
  return moves && seen.every((times) => times.every((t) => t === 1))
    ? { leaves: known, variables: sizes, poms: collection.poms.length }
    : undefined
}
