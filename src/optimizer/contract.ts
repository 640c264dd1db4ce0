/**
 * What an optimizer is made of, what it keeps between steps and what a step gives: for whatever takes steps, composed
 * or in kernels.
 */
import type * as Collection from "../collections/Collection.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import type * as TensorTree from "../numerics/TensorTree.ts"
import type { Scaling, Told, Transform } from "./Transform.ts"

/**
 * What is optimized: a collection of POMs with points ω of nesting `P`, and how the network's weights of nesting `W`
 * are arranged.
 */
export interface Problem<P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors> {
  readonly collection: Collection.Collection<P>
  readonly arrangement: Arrangement<P, W>
}

/** An optimizer: a problem, and what becomes of its gradients. */
export interface Optimizer<P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors> {
  readonly problem: Problem<P, W>
  readonly transform: Transform
}

/** The optimizer's state; ω and the states of transforms belong to it. */
export interface State<P extends NestedTensors.NestedTensors> {
  readonly step: number
  /** ω, on the manifolds. */
  readonly x: P
  /** What the transforms keep. */
  readonly memory: TensorTree.TensorTree
  /** ℜ by leaf of ω: one factor per matrix, `[count, 1, 1]`; undefined, or beyond the end, where it is 1. Not owned. */
  readonly scaling: Scaling
}

/** What one update gives: the next state, the weights for the network, whether the point moved, and what was told. */
export interface Updated<P extends NestedTensors.NestedTensors, W extends NestedTensors.NestedTensors> {
  readonly state: State<P>
  readonly weights: W
  /** False where a transform gave no direction, as while gradients accumulate. */
  readonly moved: boolean
  /** Of every POM. */
  readonly told: Told
}
