import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Geodesics } from "./Geodesics.ts"

/** Below sin s/s at s = 0.95π, above what 24 steps see of it where it is 0. */
const least = 0.05

/** Points side by side, as items of a new first axis. */
const stacked = <P extends NestedTensors.NestedTensors>(points: ReadonlyArray<P>): P => {
  const leaves = points.map(NestedTensors.leaves)
  let index = 0
  return NestedTensors.map(points[0]!, () => {
    const own = index++
    return tf.stack(leaves.map((all) => all[own]!))
  })
}

/**
 * The law that geodesics from one point spread.
 *
 * @internal
 */
export const conjugatePoints = <P extends NestedTensors.NestedTensors>(
  { M, reach, point, unitTangent, law, when, exp, injectivityRadius, radius }: Geodesics<P>
): void => {
  when(
    exp !== undefined && M.dimension >= 2 && injectivityRadius > 0 && Number.isFinite(injectivityRadius),
    "geodesics do not meet again below the injectivity radius",
    "the manifold gives no exponential map or finite injectivity radius, or has no plane",
    law(
      "geodesics do not meet again below the injectivity radius",
      "D exp(x, sv)[w] ≠ 0 for unit v ⟂ w and s < injectivity radius",
      (c) => {
        const x = point(c)
        const v = unitTangent(c, x)
        const w = unitTangent(c, x, 1)
        const across = NestedTensors.sub(w, NestedTensors.scaleItems(tf.div(M.inner(x, w, v), M.inner(x, v, v)), v))
        const unit = NestedTensors.scaleItems(tf.div(1, tf.maximum(M.norm(x, across), 1e-3)), across)
        const h = 0.02
        const lengths = Array.from({ length: 24 }, (_, k) => ((k + 1) / 24) * radius)
        // All lengths as one batch: as few operations as for one.
        const atEach = (f: (s: number) => P): P => stacked(lengths.map(f))
        const along = (s: number) => NestedTensors.scale(s / Math.min(1, reach), v)
        const xs = atEach(() => x)
        const side = (t: number) =>
          exp!(xs, atEach((s) => NestedTensors.add(along(s), NestedTensors.scale(t * s, unit))))
        const at = exp!(xs, atEach(along))
        const factors = tf.tensor1d(lengths.map((s) => 1 / (2 * h * s)))
        const turned = M.project(at, NestedTensors.scaleItems(factors, NestedTensors.sub(side(h), side(-h))))
        return tf.relu(tf.sub(least, M.norm(at, turned)))
      },
      Tolerance.measured(
        5e-3,
        "central differences of step 0.02; sin s/s = 0.052 at 0.95π, by Rauch the least there can be"
      )
    )
  )
}
