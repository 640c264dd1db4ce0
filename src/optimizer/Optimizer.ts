/**
 * Optimizers: a problem, and a transform of its gradients. A step runs the transform, retracts, carries the states and
 * rescales.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Collection from "../collections/Collection.ts"
import * as NestedTensors from "../numerics/NestedTensors.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as TensorTree from "../numerics/TensorTree.ts"
import type { Optimizer, Problem, State, Updated } from "./contract.ts"
import { sweep } from "./fusion/sweep.ts"
import * as StepFusion from "./StepFusion.ts"
import { anyCollection, type At, type Transform, TransformThrew } from "./Transform.ts"
import { rescale } from "./transforms/rescale.ts"

export type { Optimizer, Problem, State, Updated } from "./contract.ts"

/** A transform that does not serve its problem, or a part of a step that failed. */
export class OptimizerError extends Schema.TaggedError<OptimizerError>()("OptimizerError", {
  stage: Schema.String,
  reason: Schema.String,
  cause: Schema.optionalKey(Schema.Unknown)
}) {
  override get message() {
    return `The optimizer, ${this.stage}: ${this.reason}`
  }
}

/**
 * What was thrown while an optimizer was made, as its error.
 *
 * @internal
 */
export const refusal = (cause: unknown): OptimizerError =>
  cause instanceof OptimizerError
    ? cause
    : new OptimizerError({
      stage: "hyperparameters",
      reason: cause instanceof Error ? cause.message : String(cause),
      cause
    })

const identity = <A>(a: A): A => a

/**
 * A problem whose weights are the points themselves, as on a manifold without a network.
 *
 * @example
 * ```ts
 * import { Collection, Optimizer, Sphere } from "finegrain"
 * Optimizer.onPoints(Collection.pom(Sphere.make([3, 1]))).collection.poms.length // => 1
 * ```
 */
export const onPoints = <P extends NestedTensors.NestedTensors>(
  collection: Collection.Collection<P>
): Problem<P, P> => ({
  collection,
  arrangement: { shape: collection.manifold.shape, from: identity, to: identity }
})

/**
 * An optimizer from a problem and a transform, in general a chain that ends with a step size.
 *
 * @throws OptimizerError for a transform that cannot serve the collection, or that tells no norms, without which
 * divergence goes unseen.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Optimizer, Sphere, Schedule, Transform, Transforms } from "finegrain"
 * // The largest entry of a vector, on the sphere: minimize −⟨a, x⟩.
 * const sphere = Sphere.make([3, 1])
 * const descent = Transform.chain("descent", Transforms.riemannian, Transforms.descend(Schedule.constant(0.2)))
 * const optimizer = Optimizer.make(Optimizer.onPoints(Collection.pom(sphere)), descent)
 * const a = tf.tensor2d([[0], [2], [0]])
 * let state = Optimizer.init(optimizer, sphere.random(1))
 * for (let t = 0; t < 60; t++) state = Optimizer.update(optimizer, state, tf.neg(a)).state
 * state.x.dataSync()[1]! > 0.999 // => true
 * ```
 */
export const make = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>,
  transform: Transform
): Optimizer<P, W> => {
  const reason = transform.refuses?.(anyCollection(problem.collection)) ??
    (transform.tells?.includes("norms") === true
      ? undefined
      : `${transform.name} tells no norms of directions: end it with a step size, as descend(schedule)`)
  if (reason !== undefined) throw new OptimizerError({ stage: transform.name, reason })
  return { problem, transform }
}

const at = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { problem: { collection } }: Optimizer<P, W>,
  { scaling, step, x }: Pick<State<P>, "scaling" | "step" | "x">
): At<P> => ({ step, x, collection, scaling })

/**
 * The initial state: the nearest point to the given weights, and what the transform starts with.
 *
 * @throws ShapeMismatch for weights of another shape than the problem's. Many points of a manifold are one of
 * `Combinators.power`, not a batch.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Optimizer, Sphere, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Sphere.make([2, 1])))
 * const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(1) })
 * [...Optimizer.init(optimizer, tf.tensor2d([[3], [4]])).x.dataSync()] // => [0.6, 0.8]
 * ```
 */
export const init = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>,
  weights: W
): State<P> => {
  const { problem: { arrangement, collection }, transform } = optimizer
  Effect.runSync(Tensors.checkShapes("weights", arrangement.shape, weights))
  const [x, memory] = Tensors.region((): readonly [P, TensorTree.TensorTree] => {
    const nearest = Tensors.fresh(collection.manifold.nearest(arrangement.from(weights)), [weights])
    return [nearest, Tensors.fresh(transform.init(at(optimizer, { step: 0, x: nearest, scaling: [] })), [nearest])]
  })
  return { step: 0, x, memory, scaling: [] }
}

/**
 * The weights that the network uses: W = ℜω, in the network's arrangement.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, FgSgd, Optimizer, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(1) })
 * const state = { ...Optimizer.init(optimizer, tf.tensor1d([4])), scaling: [tf.scalar(0.5)] }
 * [...Optimizer.weightsOf(optimizer, state).dataSync()] // => [2]
 * ```
 */
export const weightsOf = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { problem }: Optimizer<P, W>,
  { scaling, x }: Pick<State<P>, "scaling" | "x">
): W => problem.arrangement.to(rescale(scaling, x))

/**
 * One step as an Effect, in stages, each in a region of its own whose tensors live until the step ends: transform,
 * retraction, transport of what is tangent, rescaling.
 *
 * Where the engine has the whole step in kernels, it runs those; see StepFusion. The given state stays untouched and
 * alive, whatever happens; the result owns its tensors (ℜ is shared with the given state). Fails with ShapeMismatch
 * where the gradients do not have the weights' shapes, and with the name of a transform or stage that threw. Source:
 * Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Collection, Euclidean, FgSgd, Optimizer, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(0.5) })
 * const state = Optimizer.init(optimizer, tf.tensor1d([1]))
 * const { weights } = await Effect.runPromise(Optimizer.step(optimizer, state, tf.tensor1d([1])))
 * weights.dataSync()[0] // => 0.5
 * ```
 */
export const step = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>,
  state: State<P>,
  gradients: W
): Effect.Effect<Updated<P, W>, OptimizerError | Tensors.ShapeMismatch> => {
  const { problem, transform } = optimizer
  const { manifold } = problem.collection
  const here = at(optimizer, state)
  const kept = new Set<TensorTree.TensorTree>()
  const given: ReadonlyArray<TensorTree.TensorTree> = [state.x, state.memory, gradients]
  const stage = <A extends TensorTree.TensorTree>(name: string, f: () => A, owned = given) =>
    Effect.acquireRelease(
      Effect.try({
        // A stage may hand on what it was given; what outlives the step must have one owner.
        try: () => Tensors.region(() => Tensors.fresh(f(), owned)),
        catch: (cause) =>
          new OptimizerError({
            stage: cause instanceof TransformThrew ? `${name}/${cause.path}` : name,
            reason: cause instanceof Error ? cause.message : String(cause),
            cause
          })
      }),
      (tree) => Effect.sync(() => TensorTree.dispose(TensorTree.leaves(tree).filter((leaf) => !kept.has(leaf))))
    )
  const inStages = Effect.gen(function*() {
    const { direction: [v], memory, told } = yield* stage(transform.name, () => {
      const { direction, state: memory, told = {} } = transform.update(
        problem.arrangement.from(gradients),
        state.memory,
        here
      )
      return { direction: direction === undefined ? [] : [direction], memory, told }
    })
    const x = yield* stage("retraction", () => v === undefined ? state.x : manifold.retract(state.x, v))
    const carried = yield* stage(
      "transport",
      () => v === undefined || transform.carry === undefined ? memory : transform.carry(memory, x, here),
      [...given, x, memory]
    )
    const weights = yield* stage(
      "rescaling",
      () => weightsOf(optimizer, { x, scaling: state.scaling }),
      [...given, x, carried]
    )
    return { x, memory: carried, weights, moved: v !== undefined, told }
  })
  return Effect.scoped(Effect.gen(function*() {
    yield* Tensors.checkShapes("gradients", problem.arrangement.shape, gradients)
    const plan = StepFusion.planOf(optimizer)
    const { memory, moved, told, weights, x } = yield* plan === undefined
      ? inStages
      : Effect.map(
        stage("fused step", () => sweep(plan, optimizer, state, gradients)),
        (swept) => ({ ...swept, moved: true })
      )
    for (const leaf of TensorTree.leaves([x, memory, weights, told])) kept.add(leaf)
    return { state: { step: state.step + 1, x, memory, scaling: state.scaling }, weights, moved, told }
  }))
}

/**
 * One step as a pure function, the same pipeline as `step`; throws its OptimizerError.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, FgSgd, Optimizer, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(0.5) })
 * const { state } = Optimizer.update(optimizer, Optimizer.init(optimizer, tf.tensor1d([1])), tf.tensor1d([1]))
 * state.x.dataSync()[0] // => 0.5
 * ```
 */
export const update = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>,
  state: State<P>,
  gradients: W
): Updated<P, W> => Effect.runSync(step(optimizer, state, gradients))

/** The path of the first part of this name in a chain's state. */
const pathOf = ({ names = [], parts = [] }: Transform, name: string): ReadonlyArray<string> | undefined => {
  for (const [i, part] of parts.entries()) {
    const within = part.name === name ? [] : pathOf(part, name)
    if (within !== undefined) return [names[i]!, ...within]
  }
  return undefined
}

/**
 * What the first transform of a name keeps, as an average of the points; undefined where the chain has none.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, Optimizer, Schedule, Transform, Transforms } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const descend = Transforms.descend(Schedule.constant(1))
 * const optimizer = Optimizer.make(problem, Transform.chain("sgd", descend, Transforms.average({ decay: 0.75 })))
 * const { state } = Optimizer.update(optimizer, Optimizer.init(optimizer, tf.tensor1d([0])), tf.tensor1d([4]))
 * const average = Optimizer.stateOf(optimizer, state, "average") as tf.Tensor
 * [state.x.dataSync()[0], average.dataSync()[0]] // => [-4, -1]
 * ```
 */
export const stateOf = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  { transform }: Optimizer<P, W>,
  { memory }: State<P>,
  name: string
): TensorTree.TensorTree | undefined =>
  pathOf(transform, name)?.reduce<TensorTree.TensorTree>(
    (tree, part) => (tree as Readonly<Record<string, TensorTree.TensorTree>>)[part]!,
    memory
  )

/**
 * Frees the tensors of a state: the point, and what its transforms keep.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, FgSgd, Optimizer, Schedule } from "finegrain"
 * const problem = Optimizer.onPoints(Collection.pom(Euclidean.make([1])))
 * const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(0.5) })
 * const state = Optimizer.init(optimizer, tf.tensor1d([1]))
 * Optimizer.dispose(state)
 * state.x.isDisposed // => true
 * ```
 */
export const dispose = ({ memory, x }: State<NestedTensors.NestedTensors>): void => {
  NestedTensors.dispose(x)
  TensorTree.dispose(memory)
}
