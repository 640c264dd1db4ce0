import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { Law, LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import type { Case, Setting } from "./setting.ts"

/** What the laws of geodesics have in common. */
const geodesics = <P extends NestedTensors.NestedTensors>(setting: Setting<P>) => {
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

type Geodesics<P extends NestedTensors.NestedTensors> = ReturnType<typeof geodesics<P>>

/** Where geodesics begin, and that they are some. */
const exponentialMap = <P extends NestedTensors.NestedTensors>(
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

/** Back from where they lead, and to the cut locus. */
const logarithms = <P extends NestedTensors.NestedTensors>(
  { M, options, entries, length, gap, relative, point, tangent, unitTangent, law, when, dist, exp, log, radius }:
    Geodesics<P>
): void => {
  when(
    exp !== undefined && log !== undefined && radius > 0,
    "logarithm",
    "the manifold gives none, or no injectivity radius",
    law(
      "logarithm inverts the exponential",
      "log(x, exp(x, v)) = v for ‖v‖ < injectivity radius, or within the reach where that is unknown",
      (c) => {
        const x = point(c)
        const v = tangent(c, x)
        return relative(gap(log!(x, exp!(x, v)), v), length(v))
      },
      // Near the cut locus the logarithm's condition grows like 1/(distance to it).
      Tolerance.rounding(entries, 10),
      radius
    )
  )
  when(
    exp !== undefined && log !== undefined && dist !== undefined,
    "logarithm leads to the other point",
    "the manifold gives no exponential map, logarithm or distance",
    law("logarithm leads to the other point", "v = log(x, y): P(v) = v, exp(x, v) = y, ‖v‖ = d(x, y)", (c) => {
      const x = point(c)
      const y = M.retract(x, tangent(c, x))
      const v = log!(x, y)
      return tf.stack([
        relative(gap(M.project(x, v), v), length(v)),
        relative(gap(exp!(x, v), y), length(y)),
        relative(tf.abs(tf.sub(M.norm(x, v), dist!(x, y))), dist!(x, y))
      ])
    }, Tolerance.rounding(entries, 10))
  )
  const cut = options.cut as ((x: NestedTensors.NestedTensors) => P) | undefined
  when(
    exp !== undefined && log !== undefined && dist !== undefined && cut !== undefined,
    "logarithm leads to the cut locus",
    "no point of it is given",
    law("logarithm leads to the cut locus", "the same for y of the cut locus of x, and near it", (c) => {
      const x = point(c)
      const opposite = cut!(x)
      const near = M.retract(opposite, NestedTensors.scale(1e-5, unitTangent(c, opposite)))
      return tf.stack([opposite, near].flatMap((y) => {
        const v = log!(x, y)
        return [
          relative(gap(M.project(x, v), v), length(v)),
          relative(gap(exp!(x, v), y), length(y)),
          relative(tf.abs(tf.sub(M.norm(x, v), dist!(x, y))), dist!(x, y))
        ]
      }))
    }, Tolerance.rounding(entries, 10))
  )
}

/** What makes it a metric. */
const distances = <P extends NestedTensors.NestedTensors>(
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

/** Beyond the radius that is claimed: right, or refused by name. */
const farPoints = <P extends NestedTensors.NestedTensors>(
  { M, entries, relative, point, law, when, dist, exp, log, representative, bounded, asymmetry, excess }: Geodesics<P>
): void => {
  when(
    bounded && dist !== undefined,
    "distances of far points are right or refused",
    "the manifold gives no exponential map, distance or finite injectivity radius: all points are near",
    refusable(law(
      "distances of far points are right or refused",
      "d(x, y) = d(y, x) and d(x, z) ≤ d(x, y) + d(y, z) for random points, or a typed error",
      (c) => [() => asymmetry(point(c), point(c, 1)), () => excess(point(c), point(c, 1), point(c, 2))],
      Tolerance.rounding(entries, 10)
    ))
  )
  when(
    bounded && log !== undefined && dist !== undefined,
    "logarithms of far points are right or refused",
    "the manifold gives no exponential map, logarithm, distance or finite injectivity radius: all points are near",
    refusable(law(
      "logarithms of far points are right or refused",
      "v = log(x, y): exp(x, v) = y, ‖v‖ = d(x, y) for random points, or a typed error",
      (c) => {
        const [x, y] = [point(c), point(c, 1)]
        const v = log!(x, y)
        const d = dist!(x, y)
        const missed = largest(NestedTensors.sub(representative(exp!(x, v)), representative(y)))
        return tf.stack([missed, relative(tf.abs(tf.sub(M.norm(x, v), d)), d)])
      },
      Tolerance.rounding(entries, 10)
    ))
  )
}

/** Their lengths. */
const alongGeodesics = <P extends NestedTensors.NestedTensors>(
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

/** Geodesics from one point spread. */
const conjugatePoints = <P extends NestedTensors.NestedTensors>(
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

/**
 * Exponential map, logarithm and distance.
 *
 * @internal
 */
export const exponentialLaws = <P extends NestedTensors.NestedTensors>(setting: Setting<P>): LawSet => {
  const all = geodesics(setting)
  for (const add of [exponentialMap, logarithms, distances, farPoints, alongGeodesics, conjugatePoints]) add(all)
  return all.set
}

const refusable = (law: Law): Law => ({ ...law, refusable: true })

/** The largest entry of every item. */
const largest = (p: NestedTensors.NestedTensors): tf.Tensor =>
  NestedTensors.leaves(p)
    .map((leaf) => tf.max(tf.reshape(tf.abs(leaf), [leaf.shape[0]!, -1]), -1))
    .reduce((a, b) => tf.maximum(a, b))

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
