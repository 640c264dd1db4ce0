/** What families of manifolds of matrices have in common: shapes that they refuse, and the transpose of a tall one. */
import * as Result from "effect/Result"
import type * as Shape from "../numerics/Shape.ts"
import { transposed } from "./combinators/transposed.ts"
import * as Manifold from "./Manifold.ts"

/** A manifold of m×n matrices, for all m and n that it accepts. */
export interface OfMatrices {
  readonly symbol: string
  readonly name: string
  readonly about?: string
  readonly retraction?: string
  /** Default: all. */
  readonly accepts?: (lengths: readonly [m: number, n: number]) => boolean
  /** Why not others; default: their points are isolated. */
  readonly reason?: string
  readonly at: (m: number, n: number) => Manifold.Manifold
}

/**
 * A family, with `make`, which gives its member at a shape or throws its refusal.
 *
 * @internal
 */
export const matrixFamily = <Options extends ReadonlyArray<unknown>>(kind: (...options: Options) => OfMatrices) => {
  const family = (...options: Options): Manifold.Family => {
    const { accepts = () => true, at, reason, ...told } = kind(...options)
    const { symbol } = told
    return {
      ...told,
      at: (shape) => Result.map(Manifold.matrixShape(symbol, shape, accepts, reason), ([m, n]) => at(m, n))
    }
  }
  const make = (shape: Shape.Shape, ...options: Options): Manifold.Manifold =>
    Result.getOrThrow(family(...options).at(shape))
  return { family, make }
}

/**
 * The manifold of tall matrices where m ≥ n, that of their transposes elsewhere; `label` is its name without the shape.
 *
 * @internal
 */
export const tallOrWide =
  (label: string, tall: (m: number, n: number, name: string) => Manifold.Manifold): OfMatrices["at"] => (m, n) => {
    const name = `${label}(${m},${n})`
    return m >= n ? tall(m, n, name) : { ...transposed(tall(n, m, name)), name }
  }
