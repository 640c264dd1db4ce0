/** Intervals of curvature and norms that are claimed but wrong. */
import * as Combinators from "../../src/collections/combinators.ts"
import * as PoincareBall from "../../src/geometry/manifolds/PoincareBall.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Interval from "../../src/numerics/Interval.ts"
import { manifoldLaws } from "../manifoldLaws.ts"
import { type Mutant, mutant } from "./Mutant.ts"

const sphere = Sphere.make([3, 3])

/** @internal */
export const intervalMutants: ReadonlyArray<Mutant> = [
  {
    name: "curvature of the unit sphere claimed tight on a product",
    killedBy: "sectional curvature attains its interval",
    laws: manifoldLaws({ ...sphere, curvature: Interval.make(0, 1) }, { tightCurvature: true })
  },
  mutant("hyperbolic space declared flat", "geodesics spread as the curvature allows", PoincareBall.make([3, 3]), {
    curvature: Interval.point(0)
  }, "other"),
  mutant("curvature that is no number", "claims are possible", sphere, { curvature: Interval.point(NaN) }),
  mutant("printed ‖·‖_{2→1} of the poster, 1 on the sphere", "norm intervals hold", sphere, {
    norms: { ...sphere.norms, rowSum: Interval.point(1) }
  }),
  mutant("norm interval that is too wide", "norm intervals are attained", sphere, {
    norms: { ...sphere.norms, rowSum: Interval.make(1, 3) }
  }),
  mutant(
    "curvature of a product claimed for a sphere of radius 1/2",
    "sectional curvature stays in its interval",
    Combinators.scaled(sphere, 0.5),
    {
      curvature: Interval.make(0, 1)
    }
  )
]
