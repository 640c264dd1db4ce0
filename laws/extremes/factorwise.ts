/** Edges of products. */
import type * as Manifold from "../../src/geometry/Manifold.ts"
import type * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import { atEdge, type Edge } from "../edges.ts"
import type { Situation } from "../operations.ts"

/**
 * An edge of every factor at once.
 *
 * @internal
 */
export const factorwise = <Ps extends ReadonlyArray<NestedTensors.NestedTensors>>(
  factors: { readonly [K in keyof Ps]: Manifold.Manifold<Ps[K]> },
  ...edges: { readonly [K in keyof Ps]: Edge<Ps[K]> }
): Edge<Ps> => ({
  name: edges.map(({ name }) => name).join(" beside "),
  cut: edges.some(({ cut = false }) => cut),
  at: (s) => {
    const each = edges.map(({ at }, i) => {
      const own = { x: s.x[i]!, y: s.y[i]!, u: s.u[i]!, v: s.v[i]! }
      const M = factors[i]! as Manifold.Manifold<NestedTensors.NestedTensors>
      return atEdge(own, at as Edge<NestedTensors.NestedTensors>["at"], M, Infinity)
    })
    const part = (key: keyof Situation) => each.map((of) => of[key]) as unknown as Ps
    return { x: part("x"), y: part("y"), u: part("u"), v: part("v") }
  }
})
