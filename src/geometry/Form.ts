import type { Form } from "../engine/Form.ts"
import type * as Manifold from "./Manifold.ts"

export type { Form } from "../engine/Form.ts"

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
