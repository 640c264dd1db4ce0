import * as tf from "@tensorflow/tfjs-core"
import type * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import type { Case, Setting } from "../setting.ts"

/**
 * What the laws of geodesics have in common.
 *
 * @internal
 */
export const geodesics = <P extends NestedTensors.NestedTensors>(setting: Setting<P>) => {
  const { M, options, point, reach, relative, section, tangent } = setting
  const { law, set, when } = section(
    "geodesics",
    "Absil, Mahony and Sepulchre 2008, section 5.4; do Carmo 1992, chapter 3"
  )
  const { dist, exp, log } = M
  const representative = (options.representative ?? ((x) => x)) as (
    x: NestedTensors.NestedTensors
  ) => NestedTensors.NestedTensors
  // A finite radius is claimed at every point, also where the manifold reaches less far; of an infinite one lengths of
  // 3 must do. Where it is unknown, logarithms are those of geodesics within the reach.
  const { injectivityRadius } = M
  const known = Number.isFinite(injectivityRadius) ? 0.95 * injectivityRadius : Math.min(3, reach)
  const radius = injectivityRadius > 0 || !Number.isFinite(reach) ? known : reach
  // Where a radius is known, logarithms may be refused beyond it: by name, as the law of far points has it.
  const bounded = exp !== undefined && injectivityRadius > 0 && Number.isFinite(injectivityRadius)
  const size = (c: Case) => bounded ? Math.min(c.size, 0.45 * injectivityRadius) : c.size
  const other = (c: Case, x: P, k: number) => bounded ? exp!(x, tangent({ ...c, size: size(c) }, x, k)) : point(c, k)
  const asymmetry = (x: P, y: P) => {
    const [there, back] = [dist!(x, y), dist!(y, x)]
    // Points of different components are infinitely far apart, either way.
    const same = tf.equal(there, back)
    return tf.where(same, tf.zerosLike(there), relative(tf.abs(tf.sub(there, back)), there))
  }
  const excess = (x: P, y: P, z: P) => {
    const [straight, around] = [dist!(x, z), tf.add(dist!(x, y), dist!(y, z))]
    return tf.where(tf.lessEqual(straight, around), tf.zerosLike(around), tf.sub(straight, around))
  }
  return {
    ...setting,
    law,
    set,
    when,
    dist,
    exp,
    log,
    injectivityRadius,
    radius,
    representative,
    bounded,
    size,
    other,
    asymmetry,
    excess
  }
}

/** The setting of laws of geodesics. */
export type Geodesics<P extends NestedTensors.NestedTensors> = ReturnType<typeof geodesics<P>>
