import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { Network } from "./constrained.ts"

/**
 * SHA-256 of the network's geometry: shapes of all weights, and of every constrained layer its matricization, manifolds
 * and POMs. Two networks whose points ω mean the same have the same one.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3 })] })
 * const fingerprintOn = (specification: string) =>
 *   Effect.runSync(Effect.map(Network.make(model, { specification }), Network.fingerprint))
 * fingerprintOn("Sp") === fingerprintOn("Sp") // => true
 * fingerprintOn("Sp") === fingerprintOn("St") // => false
 * ```
 */
export const fingerprint = ({ layers, model, problem }: Network): string =>
  bytesToHex(sha256(utf8ToBytes(JSON.stringify({
    weights: model.weights.map(({ shape }) => shape),
    manifold: problem.collection.manifold.name,
    layers: layers.map(({ blocks, groups, kernel: { order }, kinds, matricization, name, shape }) => ({
      name,
      // Orders of one kernel whose axes are in the order of A, B, C, D need no name: the weight's shape says it all.
      ...(order.axes.flat().every((axis, i) => axis === i) ? {} : { order: order.name, blocks }),
      shape,
      matricization: matricization.name,
      kinds: kinds.map(({ indices, manifold }) => ({ manifold: manifold.name, indices })),
      groups
    }))
  }))))
