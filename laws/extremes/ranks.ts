/** Matrices that hang on their least singular values. */
import * as tf from "@tensorflow/tfjs-core"
import { type Edge, ofLength } from "../edges.ts"
import { edge, size } from "./edge.ts"
import { scales } from "./lengths.ts"
import { ofValues, spread } from "./spectra.ts"

/**
 * Matrices of fixed rank about to lose one.
 *
 * @internal
 */
export const rankDrop = (rank: number): ReadonlyArray<Edge> => [
  ...(rank === 1 ? [] : [1e-3, 1e-5]).map((least) =>
    edge(`least singular value ${least}`, ({ u }, M) => {
      const x = ofValues(u, spread(rank, least))
      return { x, v: ofLength(M, x, M.randomTangent(1, x), least) }
    })
  ),
  edge("two equal singular values to choose from", ({ u }) => ({ u: ofValues(u, [1, 1]) })),
  ...scales
]

/**
 * Matrices of less than their rank.
 *
 * @internal
 */
export const lessRank = (rank: number): ReadonlyArray<Edge> => [
  edge("zero", ({ x }) => ({ x: tf.zerosLike(x) })),
  ...(rank === 1 ? [] : [edge("rank one less", ({ u }) => ({ x: ofValues(u, spread(rank, 1).slice(1)) }))])
]

/**
 * Ambient matrices whose polar factors hang on their least singular value.
 *
 * @internal
 */
export const weakDirections = (least: number): Edge =>
  edge("a weak direction", ({ u }) => ({ u: ofValues(u, spread(Math.min(size(u, -1), size(u, -2)), least)) }))
