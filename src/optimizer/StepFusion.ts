/** Chains that an engine takes as one: recognized, planned, and run in two sweeps. */
import * as tf from "@tensorflow/tfjs-core"
import * as Kernels from "../engine/FusedKernels.ts"
import * as Step from "../engine/Step.ts"
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import type { Optimizer, Problem } from "./contract.ts"
import { recognize, type Recognized } from "./fusable.ts"
import { derive, type PlanOnManifolds } from "./fusion/derive.ts"
import type { RecognizedStep } from "./fusion/sweep.ts"
import type { Transform } from "./Transform.ts"

export type { RecognizedStep } from "./fusion/sweep.ts"

/** By problem, and by engine: each has its own limit. */
const plans = new WeakMap<object, Map<string, PlanOnManifolds | undefined>>()

const derived = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  problem: Problem<P, W>
): PlanOnManifolds | undefined => {
  const engine = tf.getBackend()
  const known = plans.get(problem) ?? new Map<string, PlanOnManifolds | undefined>()
  plans.set(problem, known)
  if (!known.has(engine)) known.set(engine, derive(problem))
  return known.get(engine)
}

/** By transform, since it does not change. */
const recognitions = new WeakMap<object, Recognized | undefined>()

const recognized = ({ transform }: { readonly transform: Transform }): Recognized | undefined => {
  if (!recognitions.has(transform)) recognitions.set(transform, recognize(transform))
  return recognitions.get(transform)
}

/**
 * The plan by which the engine takes the whole step in its own two kernels; undefined where it has none, where the
 * chain is another than they know, where the arrangement is not one of matrices, and under automatic differentiation.
 *
 * @internal
 */
export const planOf = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>
): RecognizedStep | undefined => {
  const kernelsHere = Kernels.allowed() && tf.engine().state.gradientDepth === 0 &&
    tf.getKernel(Step.kernels.direction, tf.getBackend()) !== undefined
  const chain = kernelsHere ? recognized(optimizer) : undefined
  const plan = chain === undefined ? undefined : derived(optimizer.problem)
  return chain === undefined || plan === undefined ? undefined : { plan, recognized: chain }
}

/**
 * How the steps of an optimizer are computed on the present engine: `fused`, `composed`, or `fused; composed on …` with
 * the manifolds whose operations have no kernel.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Backend, Collection, FgSgd, StepFusion, Grassmann, Optimizer, Sphere, Schedule } from "finegrain"
 * await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
 * const sphere = Sphere.make([3, 3])
 * const on = (manifold: typeof sphere) =>
 *   FgSgd.make(Optimizer.onPoints(Collection.pom(manifold)), { schedule: Schedule.constant(1) })
 * StepFusion.interpretation(on(sphere)) // => "fused"
 * StepFusion.interpretation(on(Grassmann.make([3, 2]))) // => "fused; composed on Gr(3,2)"
 * ```
 */
export const interpretation = <P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors>(
  optimizer: Optimizer<P, W>
): string => {
  const fused = planOf(optimizer)
  if (fused === undefined) return "composed"
  const leaves = fused.plan.leaves.filter(({ form }) => form === undefined)
  const composed = new Set(leaves.map(({ manifold }) => manifold.name))
  return composed.size === 0 ? "fused" : `fused; composed on ${[...composed].join(", ")}`
}
