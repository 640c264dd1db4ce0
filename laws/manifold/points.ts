import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * Random and nearest points.
 *
 * @internal
 */
export const pointLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, rounding, gap, length, relative, point, ambient, tangent, section }: Setting<P>
): LawSet => {
  const { always, law, set, when } = section(
    "points",
    "Absil, Mahony and Sepulchre 2008, section 3.1; Lewis and Malick 2008 for nearest points"
  )
  always(
    law("random points lie on the manifold", "c(random) = 0", (c) => M.residual(point(c))),
    law(
      "random is reproducible",
      "random(seed) = random(seed)",
      (c) => gap(point(c), point(c)),
      Tolerance.exact
    ),
    law(
      "random depends on the seed",
      "random(s) ≠ random(s′)",
      (c) => M.dimension === 0 ? 0 : tf.cast(tf.less(gap(point(c), point(c, 1)), 1e-6), "float32"),
      Tolerance.exact
    ),
    law(
      "nearest points lie on the manifold",
      "c(nearest(u)) = 0",
      (c) => M.residual(M.nearest(NestedTensors.add(point(c), NestedTensors.scale(0.3, ambient(c)))))
    ),
    law("nearest fixes points", "nearest(x) = x", (c) => gap(M.nearest(point(c)), point(c))),
    law("nearest is idempotent", "nearest(nearest(u)) = nearest(u)", (c) => {
      const once = M.nearest(NestedTensors.add(point(c), NestedTensors.scale(0.3, ambient(c))))
      return relative(gap(M.nearest(once), once), length(once))
    }, Tolerance.rounding(entries, 4))
  )
  const exact = M.nearestPoint === "exact"
  const onlyProjection = "the manifold claims a projection, whose points are on it but need not be the nearest"
  when(
    exact,
    "degenerate points have nearest ones, too",
    `${onlyProjection}, nor be there for every ambient point`,
    law("degenerate points have nearest ones, too", "c(nearest(u)) = 0 for u of one column", (c) => {
      const firstColumn = NestedTensors.map(ambient(c), (leaf) => {
        const last = leaf.shape.at(-1) ?? 1
        return tf.mul(leaf, tf.tensor1d(Array.from({ length: last }, (_, i) => (i === 0 ? 1 : 0))))
      })
      return M.residual(M.nearest(firstColumn))
    })
  )
  when(
    exact,
    "nearest is nearest",
    onlyProjection,
    law("nearest is nearest", "‖u − nearest(u)‖ ≤ ‖u − y‖ for y on M", (c) => {
      const u = NestedTensors.add(point(c), NestedTensors.scale(0.3, ambient(c)))
      const best = M.nearest(u)
      const rival = M.retract(best, NestedTensors.scale(0.2, tangent(c, best)))
      const excess = (y: P) => tf.relu(tf.sub(gap(u, best), gap(u, y)))
      return tf.maximum(excess(rival), tf.maximum(excess(point(c)), excess(point(c, 1))))
    }, options.open === undefined ? rounding : Tolerance.measured(options.open, "an open set has no nearest points"))
  )
  when(
    exact && (options.convex ?? false),
    "nearest points do not spread",
    exact ? "the set is not claimed to be convex" : onlyProjection,
    law("nearest points do not spread", "‖nearest(u) − nearest(w)‖ ≤ ‖u − w‖", (c) => {
      // Around the boundary of a set of size 1, near each other.
      const u = NestedTensors.scale(0.3, ambient(c))
      const w = NestedTensors.add(u, NestedTensors.scale(0.3, ambient(c, 1)))
      return tf.relu(tf.sub(gap(M.nearest(u), M.nearest(w)), gap(u, w)))
    }, Tolerance.rounding(entries, 4))
  )
  return set
}
