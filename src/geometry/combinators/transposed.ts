import * as Matrices from "../../numerics/Matrices.ts"
import * as Norms from "../../numerics/Norms.ts"
import type * as Manifold from "../Manifold.ts"
import { rearranged } from "./rearranged.ts"

/**
 * The manifold of the transposes, {Xᵀ : X ∈ M}: n×m matrices for m×n ones.
 *
 * @example
 * ```ts
 * import { Combinators, Stiefel } from "finegrain"
 * const wide = Combinators.transposed(Stiefel.make([5, 3]))
 * wide.shape // => [3, 5]
 * wide.norms.rowSum // => { min: 3, max: 3 }
 * ```
 */
export const transposed = (manifold: Manifold.Manifold): Manifold.Manifold =>
  rearranged(manifold, `${manifold.name}ᵀ`, {
    shape: manifold.shape.toReversed(),
    from: Matrices.transpose,
    to: Matrices.transpose
  }, Norms.transpose(manifold.norms))
