/** Checks of points and tangent vectors, which say by how much they fail. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NestedTensors from "../../numerics/NestedTensors.ts"
import * as Tensors from "../../numerics/Tensors.ts"
import { frobeniusInner } from "./entries.ts"
import type { Manifold } from "./value.ts"

/** A point or tangent vector that fails its constraint, with the amount. */
export class OffManifold extends Schema.TaggedError<OffManifold>()("OffManifold", {
  manifold: Schema.String,
  what: Schema.String,
  residual: Schema.Number,
  tolerance: Schema.Finite
}) {
  override get message() {
    return `${this.what} is not on ${
      brief(this.manifold)
    }: residual ${this.residual} exceeds the tolerance ${this.tolerance}`
  }
}

/** The name of a product of a whole network, shortened. */
const brief = (name: string) => name.length <= 160 ? name : `${name.slice(0, 110)} … ${name.slice(-40)}`

const worst = (residuals: tf.Tensor) =>
  Tensors.read(residuals).pipe(
    Effect.ensuring(Effect.sync(() => residuals.dispose())),
    // Math.max would turn NaN and 1 into NaN too, but an empty batch into −Infinity.
    Effect.map((values) => values.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b), 0))
  )

/**
 * Checks that x (every point of the batch) lies on the manifold; fails with the largest residual.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Manifold, Sphere } from "finegrain"
 * const check = Manifold.checkPoint(Sphere.make([2, 2]), tf.ones([2, 2]), 1e-6)
 * const error = await Effect.runPromise(Effect.flip(check))
 * error.message // => "the point is not on Sp(2,2): residual 1 exceeds the tolerance 0.000001"
 * ```
 */
export const checkPoint = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold<P>,
  x: P,
  tolerance: number
): Effect.Effect<void, Tensors.ReadFailed | OffManifold> =>
  Effect.flatMap(Effect.suspend(() => worst(manifold.residual(x))), (residual) =>
    residual <= tolerance
      ? Effect.void
      : Effect.fail(new OffManifold({ manifold: manifold.name, what: "the point", residual, tolerance })))

/**
 * Checks that v is tangent at x: ‖v − project(x, v)‖ ≤ tolerance.
 *
 * Fails with OffManifold, which says by how much it is not, and with ReadFailed where the engine failed.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Manifold, Sphere } from "finegrain"
 * const sphere = Sphere.make([2, 2])
 * const x = sphere.random(1)
 * const error = await Effect.runPromise(Effect.flip(Manifold.checkTangent(sphere, x, x, 1e-6)))
 * error._tag // => "OffManifold"
 * ```
 */
export const checkTangent = <P extends NestedTensors.NestedTensors>(
  manifold: Manifold<P>,
  x: P,
  v: P,
  tolerance: number
): Effect.Effect<void, Tensors.ReadFailed | OffManifold> =>
  Effect.flatMap(
    Effect.suspend(() =>
      worst(tf.tidy(() => {
        const normalPart = NestedTensors.sub(v, manifold.project(x, v))
        return tf.sqrt(frobeniusInner(manifold.shape, normalPart, normalPart))
      }))
    ),
    (residual) =>
      residual <= tolerance
        ? Effect.void
        : Effect.fail(new OffManifold({ manifold: manifold.name, what: "the tangent vector", residual, tolerance }))
  )
