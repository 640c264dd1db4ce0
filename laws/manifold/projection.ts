import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Shape from "../../src/numerics/Shape.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * The orthogonal projection onto tangent spaces, and the dimension.
 *
 * @internal
 */
export const projectionLaws = <P extends NestedTensors.NestedTensors>(
  { M, entries, inner, length, gap, relative, point, ambient, tangent, shortOfOrder, slopes, section }: Setting<P>
): LawSet => {
  const { always, law, set } = section("projection", "Absil, Mahony and Sepulchre 2008, section 3.6.1")
  always(
    law("projection is idempotent", "P(P(u)) = P(u)", (c) => {
      const [x, p] = [point(c), M.project(point(c), ambient(c))]
      return relative(gap(M.project(x, p), p), length(p))
    }),
    law("projection is linear", "P(2u − 3v) = 2P(u) − 3P(v)", (c) => {
      const [x, u, v] = [point(c), ambient(c), ambient(c, 1)]
      const whole = M.project(x, NestedTensors.sub(NestedTensors.scale(2, u), NestedTensors.scale(3, v)))
      const parts = NestedTensors.sub(NestedTensors.scale(2, M.project(x, u)), NestedTensors.scale(3, M.project(x, v)))
      return relative(gap(whole, parts), length(whole))
    }),
    law("projection is self-adjoint", "⟨P(u), v⟩ = ⟨u, P(v)⟩", (c) => {
      const [x, u, v] = [point(c), ambient(c), ambient(c, 1)]
      const difference = tf.abs(tf.sub(M.inner(x, M.project(x, u), v), M.inner(x, u, M.project(x, v))))
      return relative(difference, tf.mul(length(u), length(v)))
    }),
    law(
      "projections are tangent",
      "c(x + tP(u)) = O(t²)",
      (c) => {
        const x = point(c)
        const p = M.project(x, ambient(c))
        const v = NestedTensors.scaleItems(tf.div(1, tf.add(length(p), 1e-3)), p)
        return shortOfOrder(2, 0.2, (t) => M.residual(NestedTensors.add(x, NestedTensors.scale(t, v))))
      },
      slopes
    ),
    law("random tangents are tangent", "P(v) = v", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.project(x, v), v)
    }),
    law("dimension is the rank of the projection", "dim = tr P", (c) => {
      const x = M.random(c.seed)
      const shapes = Shape.leaves(M.shape)
      let offset = 0
      const eyes = shapes.map((shape) => {
        const size = Shape.size(shape)
        const block = tf.slice(tf.eye(entries), [0, offset], [entries, size])
        offset += size
        return tf.reshape(block, [entries, ...shape])
      })
      let leaf = 0
      const basis = NestedTensors.map(x, () => eyes[leaf++]!)
      const copies = NestedTensors.map(x, (p) => tf.add(tf.zeros([entries, ...p.shape]), p))
      return tf.abs(tf.sub(tf.sum(inner(basis, M.project(copies, basis))), M.dimension))
    }, Tolerance.rounding(entries, entries))
  )
  return set
}
