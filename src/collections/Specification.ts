/** Specifications such as `Sp+Ob+St+Euc`: the families among which the groups of a layer are shared, read from text. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Manifold from "../geometry/Manifold.ts"
import * as CentredSphere from "../geometry/manifolds/CentredSphere.ts"
import * as DoublyStochastic from "../geometry/manifolds/DoublyStochastic.ts"
import * as Euclidean from "../geometry/manifolds/Euclidean.ts"
import * as FixedRank from "../geometry/manifolds/FixedRank.ts"
import * as FixedSpectrum from "../geometry/manifolds/FixedSpectrum.ts"
import * as Grassmann from "../geometry/manifolds/Grassmann.ts"
import * as Lorentz from "../geometry/manifolds/Lorentz.ts"
import * as NormBall from "../geometry/manifolds/NormBall.ts"
import * as Oblique from "../geometry/manifolds/Oblique.ts"
import * as PoincareBall from "../geometry/manifolds/PoincareBall.ts"
import * as Simplex from "../geometry/manifolds/Simplex.ts"
import * as Spd from "../geometry/manifolds/Spd.ts"
import * as SpecialOrthogonal from "../geometry/manifolds/SpecialOrthogonal.ts"
import * as SpectralBall from "../geometry/manifolds/SpectralBall.ts"
import * as Sphere from "../geometry/manifolds/Sphere.ts"
import * as Stiefel from "../geometry/manifolds/Stiefel.ts"

/** The families among which the groups of a layer are shared, e.g. those of `Sp+Ob+St+Euc`. */
export type Specification = readonly [Manifold.Family, ...ReadonlyArray<Manifold.Family>]

/** A specification that cannot be read. */
export class SpecificationError extends Schema.TaggedError<SpecificationError>()("SpecificationError", {
  specification: Schema.String,
  reason: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `"${this.specification}" is no collection specification: ${this.reason}. ` +
      `Join one or more of ${this.known.join(", ")} with "+", as in "Sp+Ob+St+Euc".`
  }
}

/**
 * All families with their default choices: those of the paper first, Sp, Ob, St (embedded metric, QR retraction) and
 * Euc.
 *
 * | symbol | kernels |
 * | --- | --- |
 * | `Sp`, `Cen`, `Ball` | on the unit sphere; with mean zero; inside the sphere |
 * | `Ob`, `Sim` | whose columns have norm 1; are probability distributions |
 * | `St`, `SO`, `Gr`, `FS`, `Spec` | orthonormal columns; rotations; subspaces; chosen singular values; those up to 1 |
 * | `Euc`, `Rk` | of any kind; of rank 1 |
 * | `SPD`, `DS` | symmetric positive definite; doubly stochastic |
 * | `Hyp`, `Lor` | in hyperbolic space: Poincaré ball, Lorentz model |
 *
 * @example
 * ```ts
 * import { Specification } from "finegrain"
 * const symbols = Specification.families.map(({ symbol }) => symbol).join()
 * symbols // => "Sp,Ob,St,Euc,Gr,SO,FS,Cen,Ball,Spec,SPD,Sim,DS,Hyp,Lor,Rk"
 * ```
 */
export const families: ReadonlyArray<Manifold.Family> = [
  Sphere.family(),
  Oblique.family(),
  Stiefel.family(),
  Euclidean.family(),
  Grassmann.family(),
  SpecialOrthogonal.family(),
  FixedSpectrum.family(),
  CentredSphere.family(),
  NormBall.family(),
  SpectralBall.family(),
  Spd.family(),
  Simplex.family(),
  DoublyStochastic.family(),
  PoincareBall.family(),
  Lorentz.family(),
  FixedRank.family()
]

/**
 * Stiefel manifolds with other choices than `St`: `St:polar`, `St:cayley` and `St:exp` retract otherwise,
 * `St:canonical` has the other metric.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Specification } from "finegrain"
 * Result.getOrThrow(Specification.parse("Sp+St:polar")).length // => 2
 * ```
 */
export const variants: ReadonlyArray<Manifold.Family> = [
  { ...Stiefel.family({ retraction: Stiefel.polar }), symbol: "St:polar" },
  { ...Stiefel.family({ retraction: Stiefel.cayley }), symbol: "St:cayley" },
  { ...Stiefel.family({ retraction: Stiefel.exponential }), symbol: "St:exp" },
  { ...Stiefel.family({ metric: Stiefel.canonical }), symbol: "St:canonical" }
]

/** The radius of `Ball:0.25`; NaN where none can be read, undefined where none is meant. */
const radiusOf = (part: string): number | undefined => {
  const [, text] = /^ball:(.*)$/iu.exec(part) ?? []
  return text === undefined ? undefined : /^\d*\.?\d+(?:e-?\d+)?$/iu.test(text) ? Number(text) : Number.NaN
}

/**
 * Reads a specification such as `Sp+Ob+St+Euc` (Ozay 2019, section 4); spaces and letter case do not matter.
 *
 * `Ball:0.25` is the norm ball of radius 0.25: the max-norm constraint.
 *
 * Own families join by `parse(text, [...Specification.families, mine])`.
 *
 * Fails with SpecificationError for a text that is empty, names what is not known, or names a manifold twice.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Specification } from "finegrain"
 * Specification.format(Result.getOrThrow(Specification.parse("sp + st"))) // => "Sp+St"
 * Result.isFailure(Specification.parse("Sp+Torus")) // => true
 * Specification.format(Result.getOrThrow(Specification.parse("Ball:.25"))) // => "Ball:0.25"
 * ```
 */
export const parse = (
  text: string,
  known: ReadonlyArray<Manifold.Family> = [...families, ...variants]
): Result.Result<Specification, SpecificationError> => {
  const refuse = (reason: string) =>
    Result.fail(new SpecificationError({ specification: text, reason, known: known.map(({ symbol }) => symbol) }))
  if (text.trim() === "") return refuse("it is empty")
  const found: Array<Manifold.Family> = []
  for (const part of text.split("+").map((symbol) => symbol.trim())) {
    if (part === "") return refuse(`a manifold is missing beside a "+"`)
    const radius = known.some(({ symbol }) => symbol === "Ball") ? radiusOf(part) : undefined
    if (radius !== undefined && !(radius > 0 && Number.isFinite(radius))) {
      return refuse(`"${part}" has no positive number for a radius`)
    }
    const family = radius === undefined
      ? known.find(({ symbol }) => symbol.toLowerCase() === part.toLowerCase())
      : NormBall.family({ radius })
    if (family === undefined) return refuse(`there is no manifold "${part}"`)
    if (found.some(({ symbol }) => symbol === family.symbol)) return refuse(`"${family.symbol}" stands in it twice`)
    found.push(family)
  }
  const [head, ...tail] = found
  return head === undefined ? refuse("it is empty") : Result.succeed([head, ...tail])
}

/**
 * The text of a specification.
 *
 * @example
 * ```ts
 * import { Specification, Stiefel } from "finegrain"
 * Specification.format([Stiefel.family()]) // => "St"
 * ```
 */
export const format = (specification: Specification): string => specification.map(({ symbol }) => symbol).join("+")
