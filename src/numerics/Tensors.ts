/** Tensors as resources, and the failures of computing and reading them as typed errors. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { EngineFailed } from "../engine/Engine.ts"
import { heapBytes, outOfMemory } from "../engine/wasm/memory.ts"
import { NotConverged } from "./Convergence.ts"
import * as NestedTensors from "./NestedTensors.ts"
import type * as Shape from "./Shape.ts"
import * as TensorTree from "./TensorTree.ts"

/** A tensor whose shape is not the one that is needed. */
export class ShapeMismatch extends Schema.TaggedError<ShapeMismatch>()("ShapeMismatch", {
  where: Schema.String,
  expected: Schema.Array(Schema.Finite),
  actual: Schema.Array(Schema.Finite)
}) {
  override get message() {
    return `${this.where}: expected shape [${this.expected.join(", ")}], got [${this.actual.join(", ")}]`
  }
}

/**
 * Checks that points have the shapes, without batch dimensions, that are expected; fails with the first leaf that
 * differs.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Tensors } from "finegrain"
 * const check = Tensors.checkShapes("weights", [[2], [3]], [tf.zeros([2]), tf.zeros([4])])
 * const error = await Effect.runPromise(Effect.flip(check))
 * error.message // => "weights[1]: expected shape [3], got [4]"
 * ```
 */
export const checkShapes = (
  where: string,
  expected: Shape.ShapeTree,
  points: NestedTensors.NestedTensors
): Effect.Effect<void, ShapeMismatch> => {
  if (NestedTensors.isLeaf(points)) {
    return points.shape.join() === expected.join()
      ? Effect.void
      : Effect.fail(
        new ShapeMismatch({ where, expected: expected.filter((n) => typeof n === "number"), actual: points.shape })
      )
  }
  if (points.length !== expected.length) {
    return Effect.fail(
      new ShapeMismatch({ where: `${where}, number of parts`, expected: [expected.length], actual: [points.length] })
    )
  }
  return Effect.forEach(
    points,
    (part, i) => checkShapes(`${where}[${i}]`, expected[i] as Shape.ShapeTree, part),
    {
      discard: true
    }
  )
}

/** A quantity that stopped being finite: where, at which step, and its value. */
export class Diverged extends Schema.TaggedError<Diverged>()("Diverged", {
  layer: Schema.String,
  step: Schema.Finite,
  quantity: Schema.String,
  value: Schema.Number
}) {
  override get message() {
    return `Training diverged at step ${this.step}: ${this.quantity} of ${this.layer} is ${this.value}. ` +
      "Lower the learning rate, or look for bad values in the data."
  }
}

/**
 * A pure synchronous region: every tensor made inside is freed, except those in the result.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Tensors } from "finegrain"
 * const before = tf.memory().numTensors
 * const y = Tensors.region(() => tf.add(tf.mul(tf.scalar(2), 3), 1))
 * y.dataSync()[0] // => 7
 * tf.memory().numTensors - before // => 1
 * ```
 */
export const region = <A extends TensorTree.TensorTree>(f: () => A): A => {
  let result: A | undefined
  // A list: TensorFlow.js walks named parts slowly, and this stands in every step.
  tf.tidy(() => TensorTree.leaves(result = f()) as Array<tf.Tensor>)
  return result as A
}

/**
 * Copies the leaves of `result` that are also leaves of `others`, so that each has one owner.
 *
 * Manifold operations may return an argument unchanged; what outlives a region must not be shared.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Tensors } from "finegrain"
 * const x = tf.scalar(1)
 * Tensors.fresh(x, [x]) === x // => false
 * Tensors.fresh(x, []) === x // => true
 * ```
 */
export const fresh = <T extends TensorTree.TensorTree>(
  result: T,
  others: ReadonlyArray<TensorTree.TensorTree>
): T => {
  const owned = new Set(TensorTree.leaves(others))
  const leaves = TensorTree.leaves(result)
  // As good as always nothing is shared: a step comes by here.
  if (new Set([...owned, ...leaves]).size === owned.size + leaves.length) return result
  return TensorTree.map(result, (leaf) => {
    if (owned.has(leaf)) return tf.clone(leaf)
    owned.add(leaf)
    return leaf
  })
}

/** Why values cannot be had: the engine failed, or an iteration that they come from did not converge. */
export type ReadFailed = EngineFailed | NotConverged

const isReadFailed = (defect: unknown): defect is ReadFailed =>
  defect instanceof EngineFailed || defect instanceof NotConverged

/**
 * What an engine or an iteration threw is a typed failure where it is its own (ReadFailed), and a defect where it is
 * anything else.
 *
 * @internal
 */
export const engineFailures = <A, R>(effect: Effect.Effect<A, never, R>): Effect.Effect<A, ReadFailed, R> =>
  Effect.catchDefect(effect, (defect) => {
    const failure = isReadFailed(defect) ? defect : outOfMemory(defect, heapBytes())
    return failure === undefined ? Effect.die(defect) : Effect.fail(failure)
  })

/**
 * Tensors as a resource: made by `f` in a region, freed when the scope closes.
 *
 * Fails with ReadFailed where the engine failed, or an iteration within `f` did not converge.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Tensors } from "finegrain"
 * const before = tf.memory().numTensors
 * const ones = Effect.flatMap(Tensors.scoped(() => tf.ones([2])), Tensors.read)
 * await Effect.runPromise(Effect.scoped(ones)) // => Float32Array.of(1, 1)
 * tf.memory().numTensors - before // => 0
 * ```
 */
export const scoped = <T extends TensorTree.TensorTree>(f: () => T): Effect.Effect<T, ReadFailed, Scope.Scope> =>
  Effect.acquireRelease(
    engineFailures(Effect.sync(() => region(f))),
    (tree) => Effect.sync(() => TensorTree.dispose(tree))
  )

/**
 * The values of a tensor, read asynchronously; the tensor stays alive.
 *
 * Fails with ReadFailed, of an engine where it failed since its last read.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Tensors } from "finegrain"
 * await Effect.runPromise(Tensors.read(tf.tensor1d([1, 2]))) // => Float32Array.of(1, 2)
 * ```
 */
export const read = (x: tf.Tensor): Effect.Effect<Float32Array, ReadFailed> =>
  engineFailures(Effect.promise(() => x.data<"float32">()))

/**
 * Reads what `f` makes and frees it.
 *
 * Fails with ReadFailed as `scoped` and `read` do.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Tensors } from "finegrain"
 * await Effect.runPromise(Tensors.evaluate(() => tf.add(1, 2))) // => Float32Array.of(3)
 * ```
 */
export const evaluate = (f: () => tf.Tensor): Effect.Effect<Float32Array, ReadFailed> =>
  Effect.scoped(Effect.flatMap(scoped(f), read))

/**
 * Runs an effect and counts the tensors that it leaves behind.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as Effect from "effect/Effect"
 * import { Tensors } from "finegrain"
 * const [, left] = await Effect.runPromise(Tensors.counted(Effect.sync(() => tf.scalar(1))))
 * left // => 1
 * ```
 */
export const counted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.suspend(() => {
    const before = tf.memory().numTensors
    return Effect.map(effect, (a) => [a, tf.memory().numTensors - before] as const)
  })
