/** The error budget: by how many k·ε·condition an operation may be wrong, measured. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../src/numerics/Arithmetic.ts"
import * as NestedTensors from "../src/numerics/NestedTensors.ts"
import * as Seed from "../src/numerics/Seed.ts"
import type { ManifoldOperation, Situation } from "./operations.ts"
import { type Outcome, outcome } from "./outcome.ts"

/** Values of one leaf, as float64 numbers, with their shape. */
interface Values {
  readonly shape: ReadonlyArray<number>
  readonly of: ReadonlyArray<number>
}

/**
 * What an operation should give at every situation, and how far an arithmetic may be from it: ε times the condition.
 */
interface Expected {
  readonly leaves: ReadonlyArray<Values>
  /** By leaf and item. */
  readonly allowed: ReadonlyArray<ReadonlyArray<number>>
  /** Items that the operation refuses by name. */
  readonly refused: ReadonlyArray<boolean>
}

interface Reference<P extends NestedTensors.NestedTensors> {
  /** Only how its points are put together counts. */
  readonly like: Situation<P>
  readonly inputs: Readonly<Record<keyof Situation, ReadonlyArray<Values>>>
  /** None of an operation that refuses every item by name: there is no value to be near. */
  readonly expected: ReadonlyArray<Expected | undefined>
}

/** The largest number; and below the least normal one, several of its roundings. */
const range = { float32: { largest: 3.4e38, least: 1e-37 }, float64: { largest: 1.7e308, least: 1e-307 } }
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

/** Relative roundings up or down of all items but the first ones; the same under the same seed. */
const rounding = (epsilon: number, exact: number, seed: Seed.Seed) => {
  let drawn = 0
  return <P extends NestedTensors.NestedTensors>(p: P): P =>
    NestedTensors.map(p, (leaf) => {
      const noise = Seed.uniforms(Seed.split(seed, drawn++), leaf.size)
      const kept = (leaf.size / leaf.shape[0]!) * exact
      const factors = Array.from(noise, (u, i) => i < kept ? 1 : 1 + (u < 0.5 ? -epsilon : epsilon))
      return tf.mul(leaf, tf.tensor(factors, leaf.shape))
    })
}

/** Points as often as inputs are rounded, and once as they are. */
const repeated = <P extends NestedTensors.NestedTensors>(p: P): P =>
  NestedTensors.map(p, (leaf) => tf.concat(Array.from({ length: 1 + trials }, () => leaf), 0))

/**
 * Inputs as the arithmetic in use holds them; the values that float64 finds for them, and for inputs one rounding away.
 */
const reference = <P extends NestedTensors.NestedTensors>(
  { complete, made, operations, seed }: Compared<P>
): Reference<P> => {
  const { epsilon, name } = Arithmetic.current()
  const { least } = range[name]
  const held = name === "float32" ? Math.fround : (value: number) => value
  return inFloat64(() => {
    let found: Reference<P> | undefined
    tf.tidy(() => {
      const all = made()
      const inputs = Object.fromEntries(keys.map((key) => [
        key,
        read(NestedTensors.leaves(all[key])).map(({ of, shape }) => ({ shape, of: of.map(held) }))
      ])) as unknown as Reference<P>["inputs"]
      const items = inputs.x[0]!.shape[0]!
      const round = rounding(epsilon, items, seed)
      const part = (key: (typeof keys)[number]) => round(repeated(rebuild(all[key], inputs[key])))
      const batch = complete({ x: part("x"), y: part("y"), u: part("u"), v: part("v") })
      const count = items * (1 + trials)
      const expected = operations.map(({ apply, size, value }): Expected | undefined => {
        const right = outcome((s) => apply(s, round), batch, count)
        const identical = value === undefined ? right : outcome(value, batch, count)
        const sized = size === undefined ? identical : outcome(size, batch, count)
        if (right === undefined || identical === undefined || sized === undefined) return undefined
        const ofTrial = (values: Values, k: number): Values => {
          const each = values.of.length / (1 + trials)
          return { shape: [items, ...values.shape.slice(1)], of: values.of.slice(k * each, (k + 1) * each) }
        }
        const whole = read(right.leaves)
        const first = (of: Outcome) => read(of.leaves).map((leaf) => ofTrial(leaf, 0))
        const sizes = first(sized)
        const allowed = whole.map((leaf, l) => {
          const base = ofTrial(leaf, 0)
          const moves = Array.from({ length: trials }, (_, k) => {
            const changed = ofTrial(leaf, k + 1)
            return ofItems({ shape: base.shape, of: base.of.map((value, i) => changed.of[i]! - value) })
          })
          const own = ofItems(sizes[l]!)
          return own.map((size, i) => Math.max(...moves.map((move) => move[i]!)) + epsilon * size + least)
        })
        const refused = [right, identical, sized].map((of) => of.refused)
        return {
          leaves: first(identical),
          allowed,
          refused: Array.from(
            { length: items },
            (_, i) => refused.some((of) => of.some((own, j) => own && j % items === i))
          )
        }
      })
      found = { like: all, inputs, expected }
    })
    return found!
  })
}

/** What is compared, in which situations. */
export interface Compared<P extends NestedTensors.NestedTensors> {
  readonly operations: ReadonlyArray<ManifoldOperation<P>>
  /** The situations, in the arithmetic in which it is called. */
  readonly made: () => Situation<P>
  /** What of inputs says nothing beyond rounding, computed from what does. */
  readonly complete: (s: Situation<P>) => Situation<P>
  readonly seed: Seed.Seed
}

/**
 * By how many k·ε·condition the engine and arithmetic in use are from the right values: k, operations × situations.
 *
 * Right are those of float64 for the same inputs, or what an identity says. ε·condition is how far the float64 value
 * moves where inputs move by one relative rounding, and one rounding of the value; where that overflows, k is 0.
 * Sizes are those of the largest entry. What an operation refuses by name has no k: there it is `refusal`.
 *
 * @internal
 */
export const errors = <P extends NestedTensors.NestedTensors>(
  compared: Compared<P>
): tf.Tensor => {
  const { operations } = compared
  const { largest } = range[Arithmetic.current().name]
  // NaN does not, and is nowhere right.
  const overflows = (value: number) => Math.abs(value) >= largest
  const { expected, inputs, like } = reference(compared)
  const part = (key: (typeof keys)[number]) => rebuild(like[key], inputs[key])
  const given: Situation<P> = { x: part("x"), y: part("y"), u: part("u"), v: part("v") }
  const items = inputs.x[0]!.shape[0]!
  return tf.stack(
    operations.map(({ apply }, o) => {
      const right = expected[o]
      const found = right === undefined ? undefined : outcome((s) => apply(s), given, items)
      if (right === undefined || found === undefined) return tf.mul(refusal, tf.ones([items]))
      const k = right.leaves.map(({ of, shape }, l) => {
        const each = of.length / items
        const may = of.map((_, i) => right.allowed[l]![Math.floor(i / each)]!)
        const representable = tf.tensor(
          of.map((value, i) => !overflows(value) && !overflows(may[i]!)),
          [...shape],
          "bool"
        )
        const exact = tf.tensor(of.map((value) => overflows(value) ? 0 : value), [...shape])
        const within = tf.tensor(may.map((value) => overflows(value) ? 1 : value), [...shape])
        const k = tf.abs(tf.div(tf.sub(found.leaves[l]!, exact), within))
        return tf.max(tf.reshape(tf.where(representable, k, tf.zerosLike(k)), [items, -1]), 1)
      }).reduce((a, b) => tf.maximum(a, b))
      const refused = tf.tensor1d(right.refused.map((own, i) => own || found.refused[i]!), "bool")
      return tf.where(refused, tf.mul(refusal, tf.ones([items])), k)
    })
  )
}
