import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Geodesics } from "./Geodesics.ts"

/**
 * Laws of the exponential map: where its geodesics begin, and that they are some.
 *
 * @internal
 */
export const exponentialMap = <P extends NestedTensors.NestedTensors>(
  { M, gap, relative, point, tangent, unitTangent, shortOfOrder, slopes, law, when, exp }: Geodesics<P>
): void => {
  when(
    exp !== undefined,
    "exponential map",
    "the manifold gives none",
    law("exponential of zero stays", "exp(x, 0) = x", (c) => {
      const x = point(c)
      return gap(exp!(x, NestedTensors.map(x, tf.zerosLike)), x)
    }),
    law("exponential stays on the manifold", "c(exp(x, v)) = 0", (c) => {
      const x = point(c)
      return M.residual(exp!(x, tangent(c, x)))
    }),
    law(
      "exponential is of first order",
      "exp(x, tv) = x + tv + O(t²)",
      (c) => {
        const x = point(c)
        const v = unitTangent(c, x)
        return shortOfOrder(
          2,
          0.2,
          (t) => gap(exp!(x, NestedTensors.scale(t, v)), NestedTensors.add(x, NestedTensors.scale(t, v)))
        )
      },
      slopes
    ),
    law(
      "geodesics have constant speed",
      "‖d/ds exp(x, sv)‖ = ‖v‖",
      (c) => {
        const x = point(c)
        const v = tangent(c, x)
        const h = 0.02
        return [0.4, 0.8].map((s) => {
          const at = exp!(x, NestedTensors.scale(s, v))
          const ahead = NestedTensors.sub(
            exp!(x, NestedTensors.scale(s + h, v)),
            exp!(x, NestedTensors.scale(s - h, v))
          )
          const speed = M.norm(at, M.project(at, NestedTensors.scale(1 / (2 * h), ahead)))
          return relative(tf.abs(tf.sub(speed, c.size)), tf.scalar(c.size))
        }).reduce((a, b) => tf.maximum(a, b))
      },
      Tolerance.measured(2e-3, "central differences of step 0.02 on geodesics of length up to 2")
    )
  )
}
