/**
 * How many times as long distances become for the POMs where ω is rescaled to W = ℜω: between the smallest and the
 * largest ℜ of a POM's matrices.
 */
import * as tf from "@tensorflow/tfjs-core"
import { counted } from "../choices/counted.ts"
import type * as Collection from "../collections/Collection.ts"
import type { Lengths } from "./StepSize.ts"
import type { Scaling } from "./Transform.ts"

/** Numbers that are compared at once; a POM of more takes several rounds. */
const width = 32

/** Indices of a round: as many rows as there are to be numbers, each padded with its first index. */
interface Round {
  readonly indices: Int32Array
  readonly width: number
}

/** Rounds after which every group is one number, in the groups' order. */
const roundsOf = (groups: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<Round> => {
  const across = Math.min(width, Math.max(...groups.map((group) => group.length)))
  let rows = 0
  const indices: Array<number> = []
  const next = groups.map((group) => {
    const own: Array<number> = []
    for (let from = 0; from < group.length; from += across) {
      for (let i = 0; i < across; i++) indices.push(group[from + i] ?? group[from]!)
      own.push(rows++)
    }
    return own
  })
  const round = { indices: Int32Array.from(indices), width: across }
  return next.every((group) => group.length === 1) ? [round] : [round, ...roundsOf(next)]
}

const known = new WeakMap<ReadonlyArray<Collection.FactorStack>, ReadonlyArray<Round>>()

const roundsIn = (leaves: ReadonlyArray<Collection.FactorStack>, poms: number): ReadonlyArray<Round> => {
  const found = known.get(leaves)
  if (found !== undefined) return found
  const groups = Array.from({ length: poms }, (): Array<number> => [])
  for (const [index, pom] of leaves.flatMap(({ owners }) => [...owners]).entries()) groups[pom]!.push(index)
  const rounds = roundsOf(groups)
  known.set(leaves, rounds)
  return rounds
}

/** ℜ of every matrix of a leaf. */
const perMatrix = (factor: tf.Tensor | undefined, count: number): tf.Tensor => {
  if (factor === undefined) return tf.ones([count])
  if (factor.size === count) return tf.reshape(factor, [count])
  if (factor.size === 1) return tf.mul(tf.ones([count]), tf.reshape(factor, []))
  throw new RangeError(
    `ℜ has ${counted(factor.size, "number")} for ${counted(count, "matrix", "matrices")}: give one for each`
  )
}

/**
 * The smallest and the largest ℜ of each POM; undefined where no weight is rescaled.
 *
 * @internal
 */
export const lengthsOf = (
  { leaves, poms }: Pick<Collection.Collection, "leaves" | "poms">,
  scaling: Scaling
): Lengths | undefined => {
  if (leaves === undefined || scaling.every((factor) => factor === undefined)) return undefined
  const all = tf.concat(leaves.map(({ owners }, i) => perMatrix(scaling[i], owners.length)))
  const rounds = roundsIn(leaves, poms.length)
  const reduced = (reduce: (x: tf.Tensor, axis: number) => tf.Tensor) =>
    rounds.reduce(
      (values, { indices, width }) =>
        reduce(tf.gather(values, tf.tensor2d(indices, [indices.length / width, width], "int32")), 1),
      all
    ) as tf.Tensor1D
  return { smallest: reduced(tf.min), largest: reduced(tf.max) }
}
