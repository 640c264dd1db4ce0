import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * Isometries of the ambient space that the geometry is claimed to respect.
 *
 * @internal
 */
export const invarianceLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, gap, point, ambient, tangent, section }: Setting<P>
): LawSet => {
  const { always, law, set } = section("invariances", "Edelman, Arias and Smith 1998")
  for (const { act, name } of options.invariances ?? []) {
    always(law(`invariance: ${name}`, "f(g·x) = g·f(x)", (c) => {
      const g = (p: P) => NestedTensors.map(p, (leaf) => act(leaf, c.seed))
      const x = point(c)
      const [u, v] = [ambient(c), tangent(c, x)]
      const y = M.retract(x, v)
      const near = NestedTensors.add(x, NestedTensors.scale(0.2, u))
      return tf.stack([
        gap(M.project(g(x), g(u)), g(M.project(x, u))),
        gap(M.gradient(g(x), g(u)), g(M.gradient(x, u))),
        ...(M.nearestPoint === "exact" ? [gap(M.nearest(g(near)), g(M.nearest(near)))] : []),
        gap(M.transport(g(x), g(y), g(v)), g(M.transport(x, y, v))),
        tf.abs(tf.sub(M.inner(g(x), g(v), g(v)), M.inner(x, v, v))),
        M.residual(g(x)),
        ...(M.exp === undefined ? [] : [gap(M.exp(g(x), g(v)), g(M.exp(x, v)))]),
        ...(M.dist === undefined ? [] : [tf.abs(tf.sub(M.dist(g(x), g(y)), M.dist(x, y)))])
      ])
    }, Tolerance.rounding(entries, 10)))
  }
  return set
}
