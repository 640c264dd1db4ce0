import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Collection from "../collections/Collection.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import * as Points from "../numerics/Points.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as FusedStep from "./FusedStep.ts"
import * as StepSize from "./StepSize.ts"

/**
 * What is optimized: a collection of POMs with points ω of nesting `P`, and how the network's weights of nesting `W` are arranged.
 */
export interface Problem<P extends Points.Points, W extends Points.Points> {
  readonly collection: Collection.Collection<P>
  readonly arrangement: Arrangement<P, W>
}

/** Hyperparameters Θ of FG-SGD. */
export interface Hyperparameters {
  /** r(t). */
  readonly schedule: StepSize.Schedule
  /** θ in μᵗ = θ·transport(μᵗ⁻¹) + grad; default 0. */
  readonly momentum: number
  /** Multiple of the weights added to the Euclidean gradient; default 0. On spheres it is radial and has no effect. */
  readonly weightDecay: number
  /** g; default `StepSize.curvatureAware()`. */
  readonly rule: StepSize.Rule
}

/** ℜ for the leaves of a point, from left to right. */
export type Scaling = ReadonlyArray<tf.Tensor | undefined>

/** The optimizer's state; ω and μ belong to it. */
export interface State<P extends Points.Points> {
  readonly step: number
  /** ω, on the manifolds. */
  readonly x: P
  /** μ, tangent at ω. */
  readonly momentum: P
  /** ℜ by leaf of ω: one factor per matrix, `[count, 1, 1]`; undefined, or beyond the end, where it is 1. Not owned. */
  readonly scaling: Scaling
}

/** What a stage may look at besides its input. */
export interface Context<P extends Points.Points, W extends Points.Points> {
  readonly problem: Problem<P, W>
  readonly hyperparameters: Hyperparameters
  readonly state: State<P>
}

/** The step of every POM: v, the norms R and the denominators g, both of shape [poms]. */
export interface Step<P extends Points.Points> {
  readonly v: P
  readonly norms: tf.Tensor1D
  readonly denominators: tf.Tensor1D
}

/** The next point with the momentum transported to it. */
export interface Moved<P extends Points.Points> {
  readonly x: P
  readonly momentum: P
}

/** The five stages, each a pure function; replace any one of them by spreading `stages`. */
export interface Stages<P extends Points.Points, W extends Points.Points> {
  readonly euclideanGradient: (context: Context<P, W>, gradients: W) => P
  readonly tangentProjection: (context: Context<P, W>, gradient: P) => P
  readonly stepSize: (context: Context<P, W>, direction: P) => Step<P>
  readonly retraction: (context: Context<P, W>, direction: P, step: Step<P>) => Moved<P>
  readonly rescaling: (context: Context<P, W>, x: P) => W
}

const rescale = <P extends Points.Points>(scaling: Scaling, u: P): P => {
  let index = 0
  return Points.map(u, (leaf) => {
    const factor = scaling[index++]
    return factor === undefined ? leaf : tf.mul(leaf, factor)
  })
}

/**
 * Stage 1, the Euclidean gradient with respect to ω: grad_E = ℜ·(∂L/∂W + weightDecay·W), by the chain rule through W = ℜω.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, FgSgd, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Euclidean.make([1]))), { schedule: StepSize.constant(1), weightDecay: 0.1 })
 * const state = { ...FgSgd.init(optimizer, tf.tensor1d([4])), scaling: [tf.scalar(0.5)] }
 * // W = ℜω = 2, so the gradient is 0.5·(3 + 0.1·2).
 * [...FgSgd.euclideanGradient({ ...optimizer, state }, tf.tensor1d([3])).dataSync()] // => [1.6]
 * ```
 */
export const euclideanGradient = <P extends Points.Points, W extends Points.Points>(
  { problem, hyperparameters: { weightDecay }, state: { scaling, x } }: Context<P, W>,
  gradients: W
): P => {
  const arranged = problem.arrangement.from(gradients)
  const decayed = weightDecay === 0
    ? arranged
    : Points.add(arranged, Points.scale(weightDecay, rescale(scaling, x)))
  return rescale(scaling, decayed)
}

/**
 * Stage 2, the tangent direction: the Riemannian gradient plus momentum, μᵗ = θ·μᵗ⁻¹ + grad, with μᵗ⁻¹ already transported to ω.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Sphere, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Sphere.make([2, 1]))), { schedule: StepSize.constant(1) })
 * const state = FgSgd.init(optimizer, tf.tensor2d([[1], [0]]))
 * [...FgSgd.tangentProjection({ ...optimizer, state }, tf.tensor2d([[5], [3]])).dataSync()] // => [0, 3]
 * ```
 */
export const tangentProjection = <P extends Points.Points, W extends Points.Points>(
  { problem, hyperparameters: { momentum }, state }: Context<P, W>,
  gradient: P
): P => {
  const riemannian = problem.collection.manifold.gradient(state.x, gradient)
  return momentum === 0 ? riemannian : Points.add(riemannian, Points.scale(momentum, state.momentum))
}

/**
 * Stage 3, the step h: v = −r(t)/g(R)·direction for every POM, with R the direction's norm over the whole POM.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Sphere, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Sphere.make([3, 1]))), { schedule: StepSize.constant(0.8) })
 * const state = FgSgd.init(optimizer, tf.tensor2d([[1], [0], [0]]))
 * // R = 2 and g = R(2 + R) = 8: the step is 0.8/8 of the direction.
 * [...FgSgd.stepSize({ ...optimizer, state }, tf.tensor2d([[0], [2], [0]])).v.dataSync()].map(Math.abs) // => [0, 0.2, 0]
 * ```
 */
export const stepSize = <P extends Points.Points, W extends Points.Points>(
  { problem: { collection }, hyperparameters: { rule, schedule }, state }: Context<P, W>,
  direction: P
): Step<P> => {
  const norms = tf.sqrt(tf.relu(collection.squaredNorms(state.x, direction)))
  const denominators = rule.denominators(norms, Collection.curvatures(collection))
  const factors = tf.div(-schedule.rate(state.step), denominators) as tf.Tensor1D
  return { v: collection.scale(factors, direction), norms, denominators }
}

/**
 * Stage 4, the move: ωᵗ⁺¹ = R(ωᵗ, v), with the direction transported along as the next momentum.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Sphere, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Sphere.make([2, 1]))), { schedule: StepSize.constant(1) })
 * const state = FgSgd.init(optimizer, tf.tensor2d([[1], [0]]))
 * const step = { v: tf.tensor2d([[0], [0.75]]), norms: tf.tensor1d([1]), denominators: tf.tensor1d([1]) }
 * [...FgSgd.retraction({ ...optimizer, state }, step.v, step).x.dataSync()] // => [0.8, 0.6]
 * ```
 */
export const retraction = <P extends Points.Points, W extends Points.Points>(
  { problem: { collection: { manifold } }, hyperparameters: { momentum }, state }: Context<P, W>,
  direction: P,
  { v }: Step<P>
): Moved<P> => {
  const x = manifold.retract(state.x, v)
  return { x, momentum: momentum === 0 ? state.momentum : manifold.transport(state.x, x, direction) }
}

/**
 * Stage 5, the weights that the network uses: W = ℜω, in the network's arrangement.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, FgSgd, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Euclidean.make([1]))), { schedule: StepSize.constant(1) })
 * const state = { ...FgSgd.init(optimizer, tf.tensor1d([4])), scaling: [tf.scalar(0.5)] }
 * [...FgSgd.rescaling({ ...optimizer, state }, state.x).dataSync()] // => [2]
 * ```
 */
export const rescaling = <P extends Points.Points, W extends Points.Points>(
  { problem, state: { scaling } }: Context<P, W>,
  x: P
): W => problem.arrangement.to(rescale(scaling, x))

/** The five stages of the paper. Source: Ozay 2019, algorithm 1. */
export const stages = { euclideanGradient, tangentProjection, stepSize, retraction, rescaling }

/** An optimizer: a problem, its hyperparameters, and the five stages. */
export interface FgSgd<P extends Points.Points, W extends Points.Points> {
  readonly problem: Problem<P, W>
  readonly hyperparameters: Hyperparameters
  readonly stages: Stages<P, W>
  /** Whether any of them is not the paper's. */
  readonly replaced: boolean
}

/** Hyperparameters that make no sense, or a stage that failed. */
export class FgSgdError extends Schema.TaggedError<FgSgdError>()("FgSgdError", {
  stage: Schema.String,
  reason: Schema.String,
  cause: Schema.optionalKey(Schema.Unknown)
}) {
  override get message() {
    return `FG-SGD, ${this.stage}: ${this.reason}`
  }
}

/**
 * An optimizer with the paper's stages, any of which may be replaced.
 *
 * @throws FgSgdError for a momentum outside [0, 1), a negative weight decay, or a POM without a curvature bound under a rule that
 * needs one.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Sphere, StepSize } from "finegrain"
 * // The largest entry of a vector, on the sphere: minimize −⟨a, x⟩.
 * const sphere = Sphere.make([3, 1])
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(sphere)), { schedule: StepSize.constant(0.5) })
 * const a = tf.tensor2d([[0], [2], [0]])
 * let state = FgSgd.init(optimizer, sphere.random(1))
 * for (let t = 0; t < 60; t++) state = FgSgd.update(optimizer, state, tf.neg(a)).state
 * state.x.dataSync()[1]! > 0.999 // => true
 * ```
 */
export const make = <P extends Points.Points, W extends Points.Points>(
  problem: Problem<P, W>,
  options: Pick<Hyperparameters, "schedule"> & Partial<Hyperparameters>,
  replaced: Partial<Stages<P, W>> = {}
): FgSgd<P, W> => {
  const hyperparameters = { momentum: 0, weightDecay: 0, rule: StepSize.curvatureAware(), ...options }
  const refuse = (reason: string) => {
    throw new FgSgdError({ stage: "hyperparameters", reason })
  }
  if (!(hyperparameters.momentum >= 0 && hyperparameters.momentum < 1)) {
    refuse(`the momentum must be in [0, 1), not ${hyperparameters.momentum}`)
  }
  if (!(hyperparameters.weightDecay >= 0 && hyperparameters.weightDecay < Infinity)) {
    refuse(`the weight decay must not be negative, nor infinite, and is ${hyperparameters.weightDecay}`)
  }
  const unbounded = problem.collection.poms.find(({ curvature }) => !Number.isFinite(curvature.max))
  if (unbounded !== undefined && hyperparameters.rule !== StepSize.plain) {
    refuse(
      `${unbounded.manifold} has no finite bound of its sectional curvature, which the rule ${hyperparameters.rule.name} needs: ` +
        "declare one, or use the plain rule (StepSize.plain, `--rule plain`)"
    )
  }
  return { problem, hyperparameters, stages: { ...stages, ...replaced }, replaced: Object.keys(replaced).length > 0 }
}

const identity = <A>(a: A): A => a

/**
 * A problem whose weights are the points themselves, as on a manifold without a network.
 *
 * @example
 * ```ts
 * import { Collection, FgSgd, Sphere } from "finegrain"
 * FgSgd.onPoints(Collection.pom(Sphere.make([3, 1]))).collection.poms.length // => 1
 * ```
 */
export const onPoints = <P extends Points.Points>(collection: Collection.Collection<P>): Problem<P, P> => ({
  collection,
  arrangement: { shape: collection.manifold.shape, from: identity, to: identity }
})

/**
 * The initial state: the nearest point to the given weights, and no momentum.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, FgSgd, Sphere, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Sphere.make([2, 1]))), { schedule: StepSize.constant(1) })
 * [...FgSgd.init(optimizer, tf.tensor2d([[3], [4]])).x.dataSync()] // => [0.6, 0.8]
 * ```
 */
export const init = <P extends Points.Points, W extends Points.Points>(
  { problem: { arrangement, collection } }: FgSgd<P, W>,
  weights: W
): State<P> => {
  const [x, momentum] = Tensors.region((): readonly [P, P] => {
    const nearest = Tensors.fresh(collection.manifold.nearest(arrangement.from(weights)), [weights])
    return [nearest, Points.map(nearest, tf.zerosLike)]
  })
  return { step: 0, x, momentum, scaling: [] }
}

/** What one update gives: the next state, the weights for the network, and R and g of every POM. */
export interface Updated<P extends Points.Points, W extends Points.Points> {
  readonly state: State<P>
  readonly weights: W
  readonly norms: tf.Tensor1D
  readonly denominators: tf.Tensor1D
}

/**
 * One step of FG-SGD as an Effect: the five stages in order, each in a region of its own whose tensors live until the step ends.
 *
 * Where the engine has the whole step in kernels and no stage was replaced, it runs those; see FusedStep.
 *
 * The given state stays untouched and alive, whatever happens; the result owns its tensors (ℜ is shared with the given state).
 * Fails with ShapeMismatch where the gradients do not have the weights' shapes, and with the name of a stage that threw. Source: Ozay 2019, algorithm 1.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Collection, Euclidean, FgSgd, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Euclidean.make([1]))), { schedule: StepSize.constant(0.5) })
 * const state = FgSgd.init(optimizer, tf.tensor1d([1]))
 * const { weights } = await Effect.runPromise(FgSgd.step(optimizer, state, tf.tensor1d([1])))
 * weights.dataSync()[0] // => 0.5
 * ```
 */
export const step = <P extends Points.Points, W extends Points.Points>(
  { hyperparameters, problem, replaced, stages: own }: FgSgd<P, W>,
  state: State<P>,
  gradients: W
): Effect.Effect<Updated<P, W>, FgSgdError | Tensors.ShapeMismatch> => {
  const context = { problem, hyperparameters, state }
  const kept = new Set<tf.Tensor>()
  const given: ReadonlyArray<Points.Points> = [state.x, state.momentum, gradients]
  const stage = <A extends Points.Points>(name: string, f: () => A, owned = given) =>
    Effect.acquireRelease(
      Effect.try({
        // A stage may hand on what it was given; what outlives the step must have one owner.
        try: () => Tensors.region(() => Tensors.fresh(f(), owned)),
        catch: (cause) =>
          new FgSgdError({ stage: name, reason: cause instanceof Error ? cause.message : String(cause), cause })
      }),
      (points) => Effect.sync(() => Points.dispose(Points.leaves(points).filter((leaf) => !kept.has(leaf))))
    )
  const inStages = Effect.gen(function*() {
    const gradient = yield* stage("euclideanGradient", () => own.euclideanGradient(context, gradients))
    const direction = yield* stage("tangentProjection", () => own.tangentProjection(context, gradient))
    const [v, norms, denominators] = yield* stage("stepSize", () => {
      const sized = own.stepSize(context, direction)
      return [sized.v, sized.norms, sized.denominators] as const
    })
    const [x, momentum] = yield* stage("retraction", () => {
      const moved = own.retraction(context, direction, { v, norms, denominators })
      return [moved.x, moved.momentum] as const
    })
    const weights = yield* stage("rescaling", () => own.rescaling(context, x), [...given, x, momentum])
    return [x, momentum, weights, norms, denominators] as const
  })
  return Effect.scoped(Effect.gen(function*() {
    yield* Tensors.checkShapes("gradients", problem.arrangement.shape, gradients)
    const rate = hyperparameters.schedule.rate(state.step)
    if (!Number.isFinite(rate)) {
      const reason = `the schedule ${hyperparameters.schedule.name} gives ${rate} at step ${state.step}`
      return yield* new FgSgdError({ stage: "stepSize", reason })
    }
    const plan = FusedStep.planOf({ problem, replaced })
    const [x, momentum, weights, norms, denominators] = yield* plan === undefined
      ? inStages
      : stage("fused step", () => FusedStep.sweep(plan, context, gradients))
    for (const leaf of Points.leaves([x, momentum, weights, norms, denominators])) kept.add(leaf)
    return { state: { step: state.step + 1, x, momentum, scaling: state.scaling }, weights, norms, denominators }
  }))
}

/**
 * One step of FG-SGD as a pure function, the same pipeline as `step`; throws its FgSgdError.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, FgSgd, StepSize } from "finegrain"
 * const optimizer = FgSgd.make(FgSgd.onPoints(Collection.pom(Euclidean.make([1]))), { schedule: StepSize.constant(0.5) })
 * const { state } = FgSgd.update(optimizer, FgSgd.init(optimizer, tf.tensor1d([1])), tf.tensor1d([1]))
 * state.x.dataSync()[0] // => 0.5
 * ```
 */
export const update = <P extends Points.Points, W extends Points.Points>(
  optimizer: FgSgd<P, W>,
  state: State<P>,
  gradients: W
): Updated<P, W> => Effect.runSync(step(optimizer, state, gradients))

/** Frees the tensors of a state. */
export const dispose = (state: State<Points.Points>): void => {
  Points.dispose(state.x)
  Points.dispose(state.momentum)
}
