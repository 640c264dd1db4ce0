import * as tf from "@tensorflow/tfjs-core"
import type * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Geodesics } from "./Geodesics.ts"

/**
 * Laws that make the distance a metric.
 *
 * @internal
 */
export const distances = <P extends NestedTensors.NestedTensors>(
  { M, entries, point, tangent, law, when, dist, size, other, asymmetry, excess }: Geodesics<P>
): void => {
  when(
    dist !== undefined,
    "distance",
    "the manifold gives none",
    law("distance is symmetric", "d(x, y) = d(y, x)", (c) => {
      const x = point(c)
      return asymmetry(x, other(c, x, 1))
    }),
    law("distance to itself is zero", "d(x, x) = 0", (c) => dist!(point(c), point(c))),
    law("distance obeys the triangle inequality", "d(x, z) ≤ d(x, y) + d(y, z)", (c) => {
      const apart = () => {
        const x = point(c)
        const y = other(c, x, 1)
        return excess(x, y, other(c, y, 2))
      }
      // Points that follow one direction are where the inequality is closest to an equation.
      const inLine = () => {
        const x = point(c)
        const v = tangent({ ...c, size: size(c) }, x)
        const ahead = M.retract(x, v)
        return excess(x, ahead, M.retract(ahead, M.transport(x, ahead, v)))
      }
      return [apart, inLine]
    }, Tolerance.rounding(entries, 10))
  )
}

/**
 * The law that the distance is the length of a geodesic.
 *
 * @internal
 */
export const alongGeodesics = <P extends NestedTensors.NestedTensors>(
  { entries, relative, point, tangent, law, when, dist, exp, radius }: Geodesics<P>
): void => {
  when(
    exp !== undefined && dist !== undefined && radius > 0,
    "distance along geodesics",
    "the manifold gives no exponential map, distance or injectivity radius",
    law(
      "distance is the length of the geodesic",
      "d(x, exp(x, v)) = ‖v‖ for ‖v‖ < injectivity radius, or within the reach where that is unknown",
      (c) => {
        const x = point(c)
        return relative(tf.abs(tf.sub(dist!(x, exp!(x, tangent(c, x))), c.size)), tf.scalar(c.size))
      },
      Tolerance.rounding(entries, 10),
      radius
    )
  )
}
