/** How an extreme situation is written down. */
import type * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import type { Edge } from "../edges.ts"
import type { Situation } from "../operations.ts"

/**
 * An edge by its name, what it changes, and whether it is on the cut locus.
 *
 * @internal
 */
export const edge = (
  name: string,
  at: (s: Situation, M: Manifold.Manifold) => Partial<Situation>,
  cut = false
): Edge => ({ name, at, cut })

/**
 * The length of an axis.
 *
 * @internal
 */
export const size = (x: tf.Tensor, axis: number) => x.shape.at(axis)!
