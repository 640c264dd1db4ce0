/** Families of manifolds, one for every shape, and the shapes that they refuse. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Shape from "../../numerics/Shape.ts"
import { isManifold, type Manifold } from "./value.ts"

/** A shape on which a manifold cannot live, with the reason and what would work. */
export class ShapeRefused extends Schema.TaggedError<ShapeRefused>()("ShapeRefused", {
  manifold: Schema.String,
  shape: Schema.Array(Schema.Finite),
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.manifold} refuses shape [${this.shape.join(", ")}]: ${this.reason}. ${this.remedy}`
  }
}

/**
 * The lengths of an m×n shape for which `accepts` holds; a refusal that says what would work otherwise.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Manifold } from "finegrain"
 * Result.isSuccess(Manifold.matrixShape("Sp", [3, 3], ([m, n]) => m * n >= 2)) // => true
 * ```
 */
export const matrixShape = (
  manifold: string,
  shape: Shape.Shape,
  accepts: (lengths: readonly [m: number, n: number]) => boolean,
  reason = "its points are isolated (entries ±1), the dimension is 0 and nothing can be learned"
): Result.Result<readonly [m: number, n: number], ShapeRefused> => {
  const [m = 0, n = 0] = shape
  const refuse = (reason: string, remedy: string) =>
    Result.fail(new ShapeRefused({ manifold, shape: [...shape], reason, remedy }))
  if (shape.length !== 2 || ![m, n].every((length) => Number.isInteger(length) && length > 0)) {
    return refuse("a point is an m×n matrix", "Give two positive integers, as in [3, 3]; write a vector as [m, 1].")
  }
  return accepts([m, n])
    ? Result.succeed([m, n])
    : refuse(
      reason,
      "Give another shape: see the kernel through another matricization (perKernel, perFilter, perInput or whole), " +
        "or keep it Euclidean."
    )
}

/** A named family of manifolds, one for every m×n shape that it accepts. */
export interface Family {
  /** Short name used in collection specifications, e.g. `St`. */
  readonly symbol: string
  /** Name in full, e.g. `Stiefel`. */
  readonly name: string
  /** What its points are, in words, e.g. `orthonormal columns`: for tables. */
  readonly about?: string
  /** Its retraction in words, e.g. `QR`: for tables. */
  readonly retraction?: string
  /** The member for m×n matrices, or why there is none. */
  readonly at: (shape: Shape.Shape) => Result.Result<Manifold, ShapeRefused>
}

/**
 * A family whose `at` breaks instead of giving a manifold or a refusal; said with the family's name, for it is at
 * fault.
 */
export class FamilyFailed extends Schema.TaggedError<FamilyFailed>()("FamilyFailed", {
  manifold: Schema.String,
  shape: Schema.Array(Schema.Number),
  reason: Schema.String
}) {
  override get message() {
    return `The family ${this.manifold} fails at shape [${this.shape.join(", ")}]: ${this.reason}. Mend its \`at\`.`
  }
}

/**
 * The member of a family at a shape: what its `at` gives, a refusal included; a family that throws, or gives something
 * else, is named in a failure.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Manifold } from "finegrain"
 * const mine: Manifold.Family = { symbol: "Mine", name: "my own", at: () => { throw new Error("no such table") } }
 * Result.getOrThrow(Result.flip(Manifold.member(mine, [3, 3]))).reason // => "its `at` throws \"no such table\""
 * ```
 */
export const member = (
  family: Family,
  shape: Shape.Shape
): Result.Result<Manifold, ShapeRefused | FamilyFailed> => {
  const fail = (reason: string) =>
    Result.fail(new FamilyFailed({ manifold: family.symbol || family.name, shape: [...shape], reason }))
  try {
    const found: unknown = family.at(shape)
    if (!Result.isResult(found)) return fail("its `at` gives no Result")
    if (Result.isSuccess(found) && !isManifold(found.success)) return fail("its `at` succeeds with no manifold")
    return found as Result.Result<Manifold, ShapeRefused>
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n")
    return fail(`its \`at\` throws "${line}"`)
  }
}
