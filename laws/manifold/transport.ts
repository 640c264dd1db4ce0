import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Setting } from "./setting.ts"

/**
 * Vector transport.
 *
 * @internal
 */
export const transportLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, length, gap, relative, point, tangent, section }: Setting<P>
): LawSet => {
  const { always, law, set, when } = section("transport", "Absil, Mahony and Sepulchre 2008, section 8.1")
  const isometry = law("transport is an isometry", "⟨T(u), T(v)⟩_y = ⟨u, v⟩_x", (c) => {
    const x = point(c)
    const y = M.retract(x, tangent(c, x, 2))
    const [u, v] = [tangent(c, x), tangent(c, x, 1)]
    return tf.abs(tf.sub(M.inner(y, M.transport(x, y, u), M.transport(x, y, v)), M.inner(x, u, v)))
  }, Tolerance.rounding(entries, 4))
  const bounded = law("transport does not lengthen", "‖T(v)‖_y ≤ ‖v‖_x", (c) => {
    const x = point(c)
    const y = M.retract(x, tangent(c, x, 2))
    const v = tangent(c, x)
    return tf.relu(tf.sub(M.norm(y, M.transport(x, y, v)), M.norm(x, v)))
  }, Tolerance.rounding(entries, 4))
  const staysTangent = law("transported vectors are tangent", "P_y(T(v)) = T(v)", (c) => {
    const x = point(c)
    const y = M.retract(x, tangent(c, x, 1))
    const moved = M.transport(x, y, tangent(c, x))
    return relative(gap(M.project(y, moved), moved), length(moved))
  })
  always(
    options.transport === undefined ? { ...staysTangent, stronger: bounded } : staysTangent,
    law("transport is linear", "T(2u − 3v) = 2T(u) − 3T(v)", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 2))
      const [u, v] = [tangent(c, x), tangent(c, x, 1)]
      const whole = M.transport(x, y, NestedTensors.sub(NestedTensors.scale(2, u), NestedTensors.scale(3, v)))
      const parts = NestedTensors.sub(
        NestedTensors.scale(2, M.transport(x, y, u)),
        NestedTensors.scale(3, M.transport(x, y, v))
      )
      return relative(gap(whole, parts), length(whole))
    }, Tolerance.rounding(entries, 4)),
    law("transport to the same point is the identity", "T_{x→x}(v) = v", (c) => {
      const x = point(c)
      const v = tangent(c, x)
      return gap(M.transport(x, x, v), v)
    })
  )
  when(
    options.transport === "bounded",
    "transport does not lengthen",
    "the transport is not claimed to be bounded",
    { ...bounded, stronger: isometry }
  )
  when(
    options.transport === "isometric",
    "transport there and back is the identity",
    "the transport is not claimed to be an isometry",
    law("transport there and back is the identity", "T_{y→x}(T_{x→y}(v)) = v", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x, 2))
      const v = tangent(c, x)
      return gap(M.transport(y, x, M.transport(x, y, v)), v)
    }, Tolerance.rounding(entries, 4))
  )
  when(
    options.transport === "isometric",
    "transport is an isometry",
    "the transport is not claimed to be one",
    isometry
  )
  return set
}
