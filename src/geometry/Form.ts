import type * as Manifold from "./Manifold.ts"

/**
 * What an engine may take a manifold for, to compute its projection, retraction and transport in one pass: a space without
 * constraints, columns of norm 1, or orthonormal columns. The metric is the Frobenius inner product, the retraction X + V, X + V with
 * its columns divided by their lengths, or the Q factor of X + V; transport is projection onto the tangent space at the target.
 */
export interface Form {
  readonly name: "Euclidean" | "Unit" | "Stiefel"
  /** The matrix on which the formulas act, whatever the shape of a point. */
  readonly rows: number
  readonly columns: number
  /** Whether a point holds that matrix transposed. */
  readonly transposed: boolean
}

const forms = new WeakMap<Manifold.Manifold, Form>()

/**
 * Says which form a manifold has. It is said of this one value: a copy in which something was replaced has none.
 *
 * @internal
 */
export const declare = (manifold: Manifold.Manifold, form: Form): Manifold.Manifold => {
  forms.set(manifold, form)
  return manifold
}

/**
 * The form of a manifold, if it has one.
 *
 * @example
 * ```ts
 * import { Form, Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 3])
 * Form.of(sphere) // => { name: "Unit", rows: 9, columns: 1, transposed: false }
 * Form.of({ ...sphere, retract: (x) => x }) // => undefined
 * ```
 */
export const of = (manifold: Manifold.Manifold): Form | undefined => forms.get(manifold)
