/** The direction of steepest descent under a norm. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Collection from "../../collections/Collection.ts"
import * as MatrixForm from "../../geometry/MatrixForm.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Matrices from "../../numerics/Matrices.ts"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import { stateless, type Told, type Transform } from "../Transform.ts"
import { mapLeaves, refusesMixedLeaves } from "./leaves.ts"
import { checkedAscent, type DualAscent, steepestOnStiefel } from "./manifoldMuon.ts"
import { msign } from "./msign.ts"

/** The norm under which a direction is steepest. */
export type SteepestNorm = "frobenius" | "spectral"

/** u/length, 0 where the length is. */
const divided = (u: tf.Tensor, length: tf.Tensor): tf.Tensor =>
  tf.div(u, tf.add(length, Differentiable.equal(length, 0)))

/** grad/‖grad‖ for every matrix, by its manifold's metric. */
const normalized = (u: tf.Tensor, x: tf.Tensor, { manifold }: Collection.FactorStack): tf.Tensor =>
  divided(u, NestedTensors.expandTo(manifold.norm(x, u), u.rank))

/** Every Euclidean weight of a leaf as one matrix: all axes of its shape but the last are its rows. */
const eachAsMatrix = (u: tf.Tensor, { manifold: { shape } }: Collection.FactorStack): tf.Tensor => {
  const [batch, columns] = [u.shape.slice(0, u.rank - shape.length), shape.at(-1)!]
  return tf.reshape(msign(tf.reshape(u, [...batch, tf.util.sizeFromShape([...shape]) / columns, columns])), u.shape)
}

/** What is steepest on the manifold of a leaf, and the gap where it was found by iteration. */
const onLeaf = (
  u: tf.Tensor,
  x: tf.Tensor,
  leaf: Collection.FactorStack,
  norm: SteepestNorm,
  ascent: DualAscent
): { readonly direction: tf.Tensor; readonly gap?: tf.Tensor } => {
  const form = MatrixForm.of(leaf.manifold)
  if (norm === "frobenius" || form === undefined) return { direction: normalized(u, x, leaf) }
  switch (form.name) {
    case "Euclidean":
      return { direction: leaf.manifold.shape.length < 2 ? normalized(u, x, leaf) : eachAsMatrix(u, leaf) }
    case "Unit": {
      // The largest column is the norm: every column by itself; a sphere is one column of all entries.
      const axes = form.columns === 1 ? [-2, -1] : [form.transposed ? -1 : -2]
      return { direction: divided(u, Differentiable.length(u, axes)) }
    }
    case "Stiefel": {
      const turned = form.transposed ? Matrices.transpose : (a: tf.Tensor) => a
      const { direction, gap } = steepestOnStiefel(turned(x), turned(u), ascent)
      return { direction: turned(direction), gap }
    }
  }
}

/** The mean over a POM's matrices of a number that only some leaves have; 0 elsewhere. */
const meanPerPom = (
  gaps: ReadonlyArray<{ readonly gap: tf.Tensor; readonly owners: Int32Array }>,
  poms: number
): tf.Tensor1D => {
  const sums = gaps.map(({ gap, owners }) =>
    tf.unsortedSegmentSum(tf.reshape(gap, [-1]), tf.tensor1d(owners, "int32"), poms)
  )
  const counts = Array.from({ length: poms }, () => 0)
  for (const { owners } of gaps) for (const pom of owners) counts[pom]!++
  const sum = sums.reduce<tf.Tensor>((a, b) => tf.add(a, b), tf.zeros([poms]))
  return tf.div(sum, tf.tensor1d(counts.map((count) => Math.max(1, count)))) as tf.Tensor1D
}

/**
 * The direction of steepest descent under a norm of the tangent space, argmax ⟨G, A⟩ over tangent A of norm at most 1.
 *
 * Under `frobenius` grad/‖grad‖ for every matrix. Under `spectral` msign(G) for Euclidean matrices (Muon), columns of
 * norm 1 on oblique manifolds and spheres, and on Stiefel manifolds the solution of the dual problem (manifold Muon),
 * whose duality gap relative to the dual value is told as `gap`; other manifolds and vectors take grad/‖grad‖. Source:
 * Jordan 2024, *Muon*; Bernstein 2025, *Modular Manifolds*.
 *
 * @throws RangeError for an ascent that makes no sense.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Transform, Transforms } from "finegrain"
 * const muon = Transforms.steepest("spectral")
 * const at = { step: 0, x: tf.eye(2), collection: Collection.pom(Euclidean.make([2, 2])), scaling: [] }
 * const { direction } = muon.update(tf.tensor2d([[0, 5], [0.1, 0]]), Transform.stateless, at)
 * [...direction!.dataSync()].map((u) => u.toFixed(3)) // => ["0.000", "1.000", "1.000", "0.000"]
 * ```
 */
export const steepest = (norm: SteepestNorm, ascent: DualAscent = {}): Transform => {
  const checked = checkedAscent(ascent)
  return {
    name: `steepest ${norm}`,
    tells: norm === "spectral" ? ["gap"] : [],
    refuses: refusesMixedLeaves("steepest descent"),
    init: () => stateless,
    update: <P extends NestedTensors.NestedTensors>(
      gradient: P,
      state: object,
      at: Parameters<typeof mapLeaves<P>>[1]
    ) => {
      const gaps: Array<{ readonly gap: tf.Tensor; readonly owners: Int32Array }> = []
      const direction = mapLeaves(gradient, at, (u, x, leaf) => {
        const found = onLeaf(u, x, leaf, norm, checked)
        if (found.gap !== undefined) gaps.push({ gap: found.gap, owners: leaf.owners })
        return found.direction
      })
      const told: Told = norm === "spectral" ? { gap: meanPerPom(gaps, at.collection.poms.length) } : {}
      return { direction, state: state as typeof stateless, told }
    }
  }
}
