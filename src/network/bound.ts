/** A trainable variable together with the manifolds that its kernels live on, if any. */
import type * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Collection from "../collections/Collection.ts"
import type * as Grouping from "../collections/Grouping.ts"
import * as KernelOrder from "../collections/KernelOrder.ts"
import type { Matricization } from "../collections/matricized.ts"
import type * as Specification from "../collections/Specification.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import * as Euclidean from "../geometry/manifolds/Euclidean.ts"
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import type * as Seed from "../numerics/Seed.ts"
import type * as Shape from "../numerics/Shape.ts"
import type { ConstrainedLayer } from "./constrained.ts"
import { held } from "./declarations/constraints.ts"
import type { Constraint } from "./declarations/private.ts"
import type { LayerKernel } from "./kernelClasses.ts"
import { PlanError } from "./PlanError.ts"
import { planLayer } from "./planLayer.ts"

/** A variable on its manifolds. */
export interface Bound {
  readonly collection: Collection.Collection<ReadonlyArray<tf.Tensor>>
  readonly arrangement: Arrangement<ReadonlyArray<tf.Tensor>, tf.Tensor>
}

/** A variable that may take every value, or every value that a constraint of TensorFlow.js leaves it. */
export const unconstrained = (name: string, shape: ReadonlyArray<number>, constraint?: Constraint): Bound => ({
  collection: Collection.join<ReadonlyArray<tf.Tensor>>(
    Collection.pom(constraint === undefined ? Euclidean.make(shape) : held(shape, constraint), name)
  ),
  arrangement: { shape, from: (w) => [w], to: ([x]) => x! }
})

/** A variable whose POMs go by labels, and have recommended rates. */
export const labelled = (
  bound: Bound,
  of: (pom: Collection.Pom) => ReadonlyArray<string>,
  recommended?: (pom: Collection.Pom) => number | undefined
): Bound => ({ ...bound, collection: Collection.labelled(bound.collection, of, recommended) })

const composed = <
  P extends NestedTensors.NestedTensors,
  Q extends NestedTensors.NestedTensors,
  R extends NestedTensors.NestedTensors
>(
  inner: Arrangement<P, Q>,
  outer: Arrangement<Q, R>
): Arrangement<P, R> => ({
  shape: outer.shape,
  from: (r) => inner.from(outer.from(r)),
  to: (p) => outer.to(inner.to(p))
})

/** What the plan of a constrained kernel says of it. */
type Planned = Omit<ConstrainedLayer, "name" | "layer" | "kernel" | "variable" | "leaf">

/** A variable whose kernels live on the manifolds of a specification. */
export const bind = (
  settings: {
    readonly specification: Specification.Specification
    readonly strategy: Grouping.Strategy
    readonly matricization?: Matricization
  },
  { order }: LayerKernel,
  name: string,
  weight: Shape.Shape,
  seed: Seed.Seed
): Result.Result<Bound & { readonly plan: Planned }, PlanError> =>
  Result.flatMap(
    Result.try({
      try: () => KernelOrder.kernels(order, weight),
      catch: (refused) => new PlanError({ layer: name, reason: String(refused), workable: [] })
    }),
    ({ blocks, shape }) =>
      Result.map(planLayer(name, shape, { ...settings, blocks }, seed), ({ arrangement, collection, ...plan }) => ({
        collection,
        arrangement: composed(arrangement, KernelOrder.matrices(order, plan.matricization, weight)),
        plan: {
          blocks,
          shape,
          matricization: plan.matricization,
          specification: settings.specification,
          strategy: settings.strategy,
          groups: plan.groups,
          kinds: plan.kinds
        }
      }))
  )
