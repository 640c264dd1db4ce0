import type * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import type { LawSet } from "../Law.ts"
import { conjugatePoints } from "./geodesics/conjugatePoints.ts"
import { alongGeodesics, distances } from "./geodesics/distances.ts"
import { exponentialMap } from "./geodesics/exponentialMap.ts"
import { farPoints } from "./geodesics/farPoints.ts"
import { geodesics } from "./geodesics/Geodesics.ts"
import { logarithms } from "./geodesics/logarithms.ts"
import type { Setting } from "./setting.ts"

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
