import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as Arithmetic from "../src/numerics/Arithmetic.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import * as Seed from "../src/numerics/Seed.ts"
import { type Edge, situations } from "./edges.ts"
import { isRefusal } from "./Law.ts"
import { operationsOf, type Situation } from "./operations.ts"

/** Values of one leaf, as float64 numbers, with their shape. */
interface Values {
  readonly shape: ReadonlyArray<number>
  readonly of: ReadonlyArray<number>
}

/** What an operation should give at every situation, and how far float32 may be from it: ε times the condition. */
interface Expected {
  readonly name: string
  readonly leaves: ReadonlyArray<Values>
  /** By leaf and item. */
  readonly allowed: ReadonlyArray<ReadonlyArray<number>>
  /** Items that the operation refuses by name. */
  readonly refused: ReadonlyArray<boolean>
}

interface Reference {
  readonly inputs: Readonly<Record<keyof Situation, ReadonlyArray<Values>>>
  /** None of an operation that refuses every item by name: there is no value to be near. */
  readonly expected: ReadonlyArray<Expected | undefined>
}

const { epsilon } = Arithmetic.float32
const largestNumber = 3.4e38
/** Below the least normal number of float32, several of its roundings. */
const leastNumber = 1e-37
const trials = 4

/**
 * What stands instead of k where an operation refuses a situation by a typed error.
 *
 * @example
 * ```ts
 * import { refusal } from "finegrain/laws"
 * refusal // => -1
 * ```
 */
export const refusal = -1

/** Computes in float64 on the cpu engine, whichever is in use; that engine starts at once, so nothing is waited for. */
const inFloat64 = <A>(region: () => A): A => {
  const engine = tf.getBackend()
  if (engine !== "cpu") void tf.setBackend("cpu")
  try {
    return Arithmetic.within(Arithmetic.float64, region)
  } finally {
    if (engine !== "cpu") void tf.setBackend(engine)
  }
}

const orRefused = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** What an operation gives for a batch, and the items that it refuses. */
interface Outcome {
  readonly leaves: ReadonlyArray<tf.Tensor>
  readonly refused: ReadonlyArray<boolean>
}

/** One item that is refused refuses its batch: then item by item, 0 for those; nothing where all are. */
const outcome = <P extends NestedTensors.NestedTensors>(
  apply: (s: Situation<P>) => NestedTensors.NestedTensors,
  s: Situation<P>,
  items: number
): Outcome | undefined => {
  const indices = Array.from({ length: items }, (_, i) => i)
  const whole = orRefused(() => NestedTensors.leaves(apply(s)))
  if (whole !== undefined) return { leaves: whole, refused: indices.map(() => false) }
  const item = (p: P, i: number) => NestedTensors.map(p, (leaf) => tf.slice(leaf, [i], [1]))
  const each = indices.map((i) =>
    orRefused(() => NestedTensors.leaves(apply({ x: item(s.x, i), y: item(s.y, i), u: item(s.u, i), v: item(s.v, i) })))
  )
  const like = each.find((leaves) => leaves !== undefined)
  return like === undefined
    ? undefined
    : {
      leaves: like.map((leaf, l) => tf.concat(each.map((leaves) => leaves?.[l] ?? tf.zerosLike(leaf)), 0)),
      refused: each.map((leaves) => leaves === undefined)
    }
}

const read = (leaves: ReadonlyArray<tf.Tensor>): ReadonlyArray<Values> =>
  leaves.map((leaf) => ({ shape: leaf.shape, of: Array.from(leaf.dataSync()) }))

/** The largest entry, by item of the batch. */
const ofItems = ({ of, shape }: Values): ReadonlyArray<number> => {
  const items = shape[0]!
  const each = of.length / items
  return Array.from(
    { length: items },
    (_, i) =>
      of.slice(i * each, (i + 1) * each).reduce((most, value) => Math.abs(value) <= most ? most : Math.abs(value), 0)
  )
}

const keys = ["x", "y", "u", "v"] as const

const rebuild = <P extends NestedTensors.NestedTensors>(like: P, leaves: ReadonlyArray<Values>): P => {
  let k = 0
  return NestedTensors.map(like, () => {
    const { of, shape } = leaves[k++]!
    return tf.tensor([...of], [...shape])
  })
}

/**
 * Inputs as float32 holds them, and the values that float64 finds for them and for inputs that are one rounding away.
 */
const reference = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  edges: ReadonlyArray<Edge<P>>,
  reach: number,
  seed: number
): Reference =>
  inFloat64(() => {
    let found: Reference | undefined
    tf.tidy(() => {
      const all = situations(M, edges, reach, seed)
      const inputs = Object.fromEntries(keys.map((key) => [
        key,
        read(NestedTensors.leaves(all[key])).map(({ of, shape }) => ({ shape, of: of.map(Math.fround) }))
      ])) as unknown as Reference["inputs"]
      const situation = (change: (value: number, i: number, key: string) => number): Situation<P> => {
        const part = (key: (typeof keys)[number]) =>
          rebuild(
            all[key],
            inputs[key].map(({ of, shape }) => ({ shape, of: of.map((value, i) => change(value, i, key)) }))
          )
        return { x: part("x"), y: part("y"), u: part("u"), v: part("v") }
      }
      const exact = situation((value) => value)
      const near = Array.from({ length: trials }, (_, k) => {
        const noise = Object.fromEntries(
          keys.map((key) => [
            key,
            Seed.uniforms(Seed.split(Seed.split(seed, key), k), inputs[key].reduce((n, { of }) => n + of.length, 0))
          ])
        ) as Record<string, Float64Array>
        return situation((value, i, key) => value * (1 + epsilon * (noise[key]![i]! < 0.5 ? -1 : 1)))
      })
      const items = inputs.x[0]!.shape[0]!
      const expected = operationsOf(M).map(({ apply, name }): Expected | undefined => {
        const right = outcome(apply, exact, items)
        const moved = near.map((s) => outcome(apply, s, items))
        if (right === undefined || moved.includes(undefined)) return undefined
        const leaves = read(right.leaves)
        const changed = moved.map((one) => read(one!.leaves))
        const allowed = leaves.map((leaf, l) => {
          const sizes = ofItems(leaf)
          const moves = changed.map((values) =>
            ofItems({ shape: leaf.shape, of: leaf.of.map((value, i) => values[l]!.of[i]! - value) })
          )
          return sizes.map((size, i) => Math.max(...moves.map((move) => move[i]!)) + epsilon * size + leastNumber)
        })
        return {
          name,
          leaves,
          allowed,
          refused: right.refused.map((own, i) => own || moved.some((m) => m!.refused[i]))
        }
      })
      found = { inputs, expected }
    })
    return found!
  })

/**
 * By how many k·ε·condition the engine in use, in float32, is from float64 at the edges of a manifold: k, operations ×
 * situations.
 *
 * Both start from the same float32 inputs. ε·condition is how far the float64 value moves where inputs move by one
 * relative rounding, and one rounding of the value; where that is no float32 number, k is 0. Sizes are those of the
 * largest entry. What an operation refuses by name has no k: there it is `refusal`.
 *
 * @internal
 */
export const errors = <P extends NestedTensors.NestedTensors>(
  M: Manifold.Manifold<P>,
  edges: ReadonlyArray<Edge<P>>,
  reach: number,
  seed: number
): tf.Tensor => {
  const { expected, inputs } = reference(M, edges, reach, seed)
  const like = M.random(seed, [1])
  const part = (key: (typeof keys)[number]) => rebuild(like, inputs[key])
  const given: Situation<P> = { x: part("x"), y: part("y"), u: part("u"), v: part("v") }
  return tf.stack(
    operationsOf(M).map(({ apply }, o) => {
      const items = inputs.x[0]!.shape[0]!
      const right = expected[o]
      const found = right === undefined ? undefined : outcome(apply, given, items)
      if (right === undefined || found === undefined) return tf.mul(refusal, tf.ones([items]))
      const k = right.leaves.map(({ of, shape }, l) => {
        const each = of.length / items
        const may = of.map((_, i) => right.allowed[l]![Math.floor(i / each)]!)
        const representable = tf.tensor(
          of.map((value, i) => Math.abs(value) < largestNumber && may[i]! < largestNumber),
          [...shape],
          "bool"
        )
        const exact = tf.tensor(of.map((value) => Math.abs(value) < largestNumber ? value : 0), [...shape])
        const within = tf.tensor(may.map((value) => value < largestNumber ? value : 1), [...shape])
        const k = tf.abs(tf.div(tf.sub(found.leaves[l]!, exact), within))
        return tf.max(tf.reshape(tf.where(representable, k, tf.zerosLike(k)), [items, -1]), 1)
      }).reduce((a, b) => tf.maximum(a, b))
      const refused = tf.tensor1d(right.refused.map((own, i) => own || found.refused[i]!), "bool")
      return tf.where(refused, tf.mul(refusal, tf.ones([items])), k)
    })
  )
}
