import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Interval } from "../numerics/Interval.ts"
import { names as norms, type NormIntervals } from "../numerics/Norms.ts"
import * as Shape from "../numerics/Shape.ts"

/** What a manifold says of itself in numbers; each is a claim that a law can refute, if it is a possible one. */
export interface Claims {
  readonly name: string
  readonly shape: Shape.ShapeTree
  readonly dimension: number
  readonly curvature: Interval
  readonly norms: NormIntervals
  readonly retractionOrder?: number
  readonly injectivityRadius?: number
  readonly nearestPoint?: string
}

/** A claim that no manifold could keep, with what was found and what would be possible. */
export class DefinitionRefused extends Schema.TaggedError<DefinitionRefused>()("DefinitionRefused", {
  manifold: Schema.String,
  field: Schema.String,
  found: Schema.String,
  expected: Schema.String
}) {
  override get message() {
    const { expected, field, found, manifold } = this
    return `The definition of ${manifold} is refused: its ${field} is ${found}. It must be ${expected}.`
  }
}

const isLength = (length: unknown) => Number.isInteger(length) && (length as number) > 0

const isShapeTree = (shape: unknown): boolean =>
  Array.isArray(shape) &&
  (shape.every(isLength) || shape.every((factor) => Array.isArray(factor) && isShapeTree(factor)))

// NaN fails every comparison.
const isInterval = ({ max, min }: Interval, least: number) => min <= max && min >= least

const shown = ({ max, min }: Interval) => `[${min}, ${max}]`

/**
 * The first claim that no manifold could keep, if there is one: `Manifold.make` throws it, and a law looks for it where
 * a manifold was put together otherwise.
 *
 * @example
 * ```ts
 * import * as Option from "effect/Option"
 * import { Interval, Manifold, Sphere } from "finegrain"
 * const wrong = { ...Sphere.make([2, 2]), curvature: Interval.make(1, 0) }
 * const { field, found } = Option.getOrThrow(Manifold.refusal(wrong))
 * [field, found] // => ["curvature", "[1, 0]"]
 * ```
 */
export const refusal = (claims: Claims): Option.Option<DefinitionRefused> => {
  const { curvature, dimension, injectivityRadius = 0, name, nearestPoint = "exact", retractionOrder = 1, shape } =
    claims
  const refuse = (field: string, found: unknown, expected: string) =>
    Option.some(
      new DefinitionRefused({ manifold: name === "" ? "a manifold" : name, field, found: String(found), expected })
    )
  if (!isShapeTree(shape)) {
    return refuse("shape", JSON.stringify(shape), "a list of positive integers, or a list of such")
  }
  const entries = Shape.entries(shape)
  if (!(Number.isInteger(dimension) && dimension >= 0 && dimension <= entries)) {
    return refuse("dimension", dimension, `a whole number from 0 to ${entries}, the number of entries`)
  }
  if (!isInterval(curvature, -Infinity)) {
    return refuse("curvature", shown(curvature), "an interval, min ≤ max, without NaN")
  }
  const wrong = norms.find((kind) => !isInterval(claims.norms[kind], 0))
  if (wrong !== undefined) {
    return refuse(`${wrong} norm interval`, shown(claims.norms[wrong]), "an interval, 0 ≤ min ≤ max, without NaN")
  }
  if (!([1, 2, Infinity].includes(retractionOrder))) {
    return refuse("retraction order", retractionOrder, "1, 2, or Infinity for the exponential map")
  }
  if (!(injectivityRadius >= 0)) {
    return refuse(
      "injectivity radius",
      injectivityRadius,
      "at least 0; 0 where it is unknown, Infinity where there is no cut"
    )
  }
  return nearestPoint === "exact" || nearestPoint === "projection"
    ? Option.none()
    : refuse("nearestPoint", nearestPoint, `"exact", or "projection" where nearest points are not the nearest`)
}
