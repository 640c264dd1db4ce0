import * as Result from "effect/Result"
import * as Specification from "../src/collections/Specification.ts"
import type * as Manifold from "../src/geometry/Manifold.ts"
import { normBall, spectralBall } from "./subjects/balls.ts"
import { combined } from "./subjects/combined.ts"
import { grassmann, specialOrthogonal, stiefel } from "./subjects/frames.ts"
import { lorentz, poincare } from "./subjects/hyperbolic.ts"
import { doublyStochastic, simplex, spd } from "./subjects/positive.ts"
import { euclidean, fixedRank, fixedSpectrum } from "./subjects/spectra.ts"
import { centred, oblique, sphere } from "./subjects/spheres.ts"
import { claims, type Subject } from "./subjects/Subject.ts"

/** Families with claims of their own, beyond what they define. */
const claimed: ReadonlyArray<Subject> = [
  euclidean,
  sphere,
  oblique,
  stiefel,
  grassmann,
  specialOrthogonal,
  fixedSpectrum,
  centred,
  normBall,
  spectralBall,
  spd,
  simplex,
  doublyStochastic,
  poincare,
  lorentz,
  fixedRank,
  combined
]

/** A family of which nothing is claimed beyond what it defines, at those shapes of matrices that it accepts. */
const plain = ({ at, symbol }: Manifold.Family): Subject => ({
  name: symbol.toLowerCase(),
  symbol,
  shapes: [[3, 3], [5, 2], [4, 1]].filter((shape) => Result.isSuccess(at(shape))),
  at: (shape) => [claims(Result.getOrThrow(at(shape)), "", {})]
})

/**
 * Every family that collections know, with the claims that its laws check where it has any.
 *
 * @example
 * ```ts
 * import { subjects } from "finegrain/laws"
 * subjects.map(({ name }) => name).includes("stiefel") // => true
 * ```
 */
export const subjects: ReadonlyArray<Subject> = [
  ...claimed,
  ...Specification.families.filter(({ symbol }) => claimed.every((subject) => subject.symbol !== symbol)).map(plain)
]
