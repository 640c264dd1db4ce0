/**
 * Transforms of directions: what an optimizer is made of. A transform takes the direction that the one before it gives,
 * keeps a state, and says how that state moves when the point moves. `chain` composes them, and is a transform again.
 *
 * Source: the gradient transformations of optax, on manifolds.
 */
import type * as tf from "@tensorflow/tfjs-core"
import type * as Collection from "../collections/Collection.ts"
import type * as NestedTensors from "../numerics/NestedTensors.ts"
import type { TensorTree } from "../numerics/TensorTree.ts"

/** ℜ for the leaves of a point, from left to right; undefined, or beyond the end, where it is 1. */
export type Scaling = ReadonlyArray<tf.Tensor | undefined>

/** Where a transform is applied: the step that is taken, the point ω on the product of all POMs, and ℜ. */
export interface At<P extends NestedTensors.NestedTensors = NestedTensors.NestedTensors> {
  /** Steps taken before, from 0. */
  readonly step: number
  readonly x: P
  readonly collection: Collection.Collection<P>
  readonly scaling: Scaling
}

/** What a transform tells of every POM, by name; tensors of shape [poms]. */
export type Told = Readonly<Record<string, tf.Tensor1D>>

/**
 * What a transform gives: the direction for the next one, undefined where the point stays this time, and its own next
 * state.
 */
export interface Transformed<P extends NestedTensors.NestedTensors, S extends TensorTree> {
  readonly direction: P | undefined
  readonly state: S
  readonly told?: Told
}

/** A transform of directions with a state of tensors, all of it pure. */
export interface Transform<S extends TensorTree = TensorTree> {
  /** Stands in manifests, errors and names of states. */
  readonly name: string
  /** What it tells of every POM in every step. */
  readonly tells?: ReadonlyArray<string>
  /** Why it cannot serve a collection, and what to do; undefined where it can. */
  readonly refuses?: (collection: Collection.Collection) => string | undefined
  // Methods, so that transforms of different states stand in one list.
  init<P extends NestedTensors.NestedTensors>(at: At<P>): S
  update<P extends NestedTensors.NestedTensors>(direction: P, state: S, at: At<P>): Transformed<P, S>
  /** The state at the point to which the step led: tangent parts are transported. Default: it stays as it is. */
  carry?<P extends NestedTensors.NestedTensors>(state: S, to: P, at: At<P>): S
  /** What `chain` is made of, for those who look into it. */
  readonly parts?: ReadonlyArray<Transform>
  /** The names under which the states of its parts stand. */
  readonly names?: ReadonlyArray<string>
}

/**
 * The state of a transform that keeps nothing: a tree without tensors.
 *
 * @example
 * ```ts
 * import { TensorTree, Transform } from "finegrain"
 * TensorTree.leaves(Transform.stateless).length // => 0
 * ```
 */
export const stateless: Readonly<Record<string, never>> = {}

/**
 * A transform that keeps nothing.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Collection, Euclidean, NestedTensors, Transform } from "finegrain"
 * const negated = Transform.pure("negated", (u) => NestedTensors.scale(-1, u))
 * const at = { step: 0, x: tf.ones([1]), collection: Collection.pom(Euclidean.make([1])), scaling: [] }
 * [...negated.update(tf.tensor1d([2]), Transform.stateless, at).direction!.dataSync()] // => [-2]
 * ```
 */
export const pure = (
  name: string,
  f: <P extends NestedTensors.NestedTensors>(direction: P, at: At<P>) => P
): Transform<typeof stateless> => ({
  name,
  init: () => stateless,
  update: (direction, state, at) => ({ direction: f(direction, at), state })
})

/**
 * The collection of every POM that a point stands on, whatever the nesting of its points.
 *
 * @example
 * ```ts
 * import { Collection, Euclidean, Transform } from "finegrain"
 * Transform.anyCollection(Collection.pom(Euclidean.make([1]))).poms.length // => 1
 * ```
 */
export const anyCollection = <P extends NestedTensors.NestedTensors>(
  collection: Collection.Collection<P>
): Collection.Collection => collection as unknown as Collection.Collection

/** Names by which parts are told apart: a second `clip` is `clip 2`. */
const distinct = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length
    return before === 0 ? name : `${name} ${before + 1}`
  })

/** States of a chain's parts, by name. */
export type Chained = { readonly [name: string]: TensorTree }

/**
 * Transforms one after the other: each gets the direction that the one before it gives; where one gives none, the point
 * stays and those after it see nothing of this step.
 *
 * @example
 * ```ts
 * import { Transform, Transforms } from "finegrain"
 * const sgd = Transform.chain("sgd", Transforms.pullback, Transforms.riemannian, Transforms.momentum({ decay: 0.9 }))
 * sgd.parts!.map(({ name }) => name) // => ["pullback", "riemannian", "momentum"]
 * ```
 */
export const chain = (name: string, ...parts: ReadonlyArray<Transform>): Transform<Chained> => {
  const names = distinct(parts.map((part) => part.name))
  return {
    name,
    parts,
    names,
    refuses: (collection) => parts.map(({ refuses }) => refuses?.(collection)).find((reason) => reason !== undefined),
    tells: [...new Set(parts.flatMap(({ tells = [] }) => tells))],
    init: (at) => Object.fromEntries(parts.map((part, i) => [names[i]!, part.init(at)])),
    update: <P extends NestedTensors.NestedTensors>(
      direction: P,
      state: Chained,
      at: At<P>
    ): Transformed<P, Chained> => {
      let now: P | undefined = direction
      const told: Array<Told> = []
      const after: Record<string, TensorTree> = {}
      for (const [i, part] of parts.entries()) {
        const own = state[names[i]!]!
        if (now === undefined) after[names[i]!] = own
        else {
          const next: Transformed<P, TensorTree> = within(part.name, () => part.update(now!, own, at))
          after[names[i]!] = next.state
          if (next.told !== undefined) told.push(next.told)
          now = next.direction
        }
      }
      return { direction: now, state: after, told: Object.assign({}, ...told) as Told }
    },
    carry: (state, to, at) =>
      Object.fromEntries(
        parts.map((part, i) => {
          const own = state[names[i]!]!
          return [names[i]!, part.carry === undefined ? own : within(part.name, () => part.carry!(own, to, at))]
        })
      )
  }
}

/** What a part throws is known by the names of the transforms around it. */
const within = <A>(name: string, f: () => A): A => {
  try {
    return f()
  } catch (cause) {
    throw cause instanceof TransformThrew
      ? new TransformThrew(`${name}/${cause.path}`, cause.cause)
      : new TransformThrew(name, cause)
  }
}

/**
 * An exception from within a transform, with its path.
 *
 * @internal
 */
export class TransformThrew extends Error {
  readonly path: string
  constructor(path: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.path = path
  }
}
