/** Forms: which manifolds have kernels of their own in the engines. */
import type { MatrixForm } from "../engine/MatrixForm.ts"
import type * as Manifold from "./Manifold.ts"

export type { MatrixForm } from "../engine/MatrixForm.ts"

const forms = new WeakMap<Manifold.Manifold, MatrixForm>()

/**
 * Says which form a manifold has. It is said of this one value: a copy in which something was replaced has none.
 *
 * @internal
 */
export const declare = (manifold: Manifold.Manifold, form: MatrixForm): Manifold.Manifold => {
  forms.set(manifold, form)
  return manifold
}

/**
 * The form of a manifold, if it has one.
 *
 * @example
 * ```ts
 * import { MatrixForm, Sphere } from "finegrain"
 * const sphere = Sphere.make([3, 3])
 * MatrixForm.of(sphere) // => { name: "Unit", rows: 9, columns: 1, transposed: false }
 * MatrixForm.of({ ...sphere, retract: (x) => x }) // => undefined
 * ```
 */
export const of = (manifold: Manifold.Manifold): MatrixForm | undefined => forms.get(manifold)
