/** How far a step turns kernels: the angles between what POMs and layers were and are, each as one vector. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Network from "../../network/Network.ts"

/** Angles in degrees: of every constrained layer, and of every POM of the network, 0 where it is of no such layer. */
export interface Turns {
  readonly poms: ReadonlyArray<number>
  readonly layers: ReadonlyArray<number>
}

/** Squared angles of some steps of an epoch, summed. */
export interface TurnSums extends Turns {
  readonly steps: number
}

/** The leaves of every constrained layer, with the POMs that their matrices belong to. */
const leavesOf = ({ layers, problem: { collection: { leaves } } }: Network.Network) =>
  leaves === undefined
    ? undefined
    : layers.map(({ kinds, leaf, variable }) => ({
      variable,
      owners: kinds.map((_, k) => leaves[leaf + k]!.owners)
    }))

/** Whether there are constrained layers, and kernels of theirs that are tensors. */
export const areMeasured = (network: Network.Network): boolean => (leavesOf(network) ?? []).length > 0

/**
 * ‖a‖², ‖b‖² and ‖b − a‖² of every POM, of kernels a before a step and b after it, shape [3, poms]; undefined where a
 * tensor holds matrices of several manifolds.
 */
export const squares = (
  network: Network.Network,
  before: Network.NetworkWeights,
  after: Network.NetworkWeights
): tf.Tensor2D | undefined => {
  const layers = leavesOf(network)
  const { arrangement, collection: { poms } } = network.problem
  if (layers === undefined || layers.length === 0) return undefined
  const [from, to] = [arrangement.from(before), arrangement.from(after)]
  const parts = layers.flatMap(({ owners, variable }) =>
    owners.map((own, k) => ({ own, a: from[variable]![k]!, b: to[variable]![k]! }))
  )
  const owners = tf.tensor1d(parts.flatMap(({ own }) => [...own]), "int32")
  const byPom = (of: (part: typeof parts[number]) => tf.Tensor) => {
    const sums = parts.map((part) => tf.sum(tf.square(tf.reshape(of(part), [part.own.length, -1])), 1))
    return tf.unsortedSegmentSum(tf.concat(sums), owners, poms.length)
  }
  return tf.stack([byPom(({ a }) => a), byPom(({ b }) => b), byPom(({ a, b }) => tf.sub(b, a))]) as tf.Tensor2D
}

/**
 * The angle between two vectors in degrees, from ‖a‖², ‖b‖² and ‖b − a‖², which tell small angles as the product of a
 * and b does not; 0 where one of them is 0, and NaN where a square is infinite.
 */
const angle = (a: number, b: number, difference: number): number => {
  const product = Math.sqrt(a * b)
  if (!(product > 0)) return 0
  const chord = Math.max(0, difference - (Math.sqrt(a) - Math.sqrt(b)) ** 2) / product
  return 2 * Math.asin(Math.min(1, Math.sqrt(chord) / 2)) * 180 / Math.PI
}

/** The angles of a step, from what `squares` gives. */
export const turnsOf = (network: Network.Network, squares: Float32Array): Turns => {
  const count = squares.length / 3
  const of = (poms: Iterable<number>) => {
    const sums = [0, 0, 0]
    for (const pom of poms) for (const i of sums.keys()) sums[i]! += squares[i * count + pom]!
    return angle(sums[0]!, sums[1]!, sums[2]!)
  }
  return {
    poms: Array.from({ length: count }, (_, pom) => of([pom])),
    layers: leavesOf(network)!.map(({ owners }) => of(new Set(owners.flatMap((own) => [...own]))))
  }
}

const plus = (sums: ReadonlyArray<number> | undefined, angles: ReadonlyArray<number>) =>
  angles.map((value, i) => (sums?.[i] ?? 0) + value ** 2)

/** The sums of an epoch with a step more, as a part of its position; nothing of a step that did not measure. */
export const counted = (
  sums: TurnSums | undefined,
  turned: Turns | undefined
): { readonly turns?: TurnSums } =>
  turned === undefined ? {} : {
    turns: {
      steps: (sums?.steps ?? 0) + 1,
      poms: plus(sums?.poms, turned.poms),
      layers: plus(sums?.layers, turned.layers)
    }
  }

/** The root mean square angles of the steps that were measured, if any was. */
export const rootMeans = (sums: TurnSums | undefined): Turns | undefined => {
  if (sums === undefined) return undefined
  const root = (squares: ReadonlyArray<number>) => squares.map((sum) => Math.sqrt(sum / sums.steps))
  return { poms: root(sums.poms), layers: root(sums.layers) }
}
