/** Pyramidal multilayer perceptrons: no layer is wider than the one before it. */
import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"

/** What a pyramidal multilayer perceptron looks like. */
export interface PyramidalMlpOptions {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  /** Units of the hidden layers, none wider than the one before; default [256, 128, 64]. */
  readonly widths?: ReadonlyArray<number>
  /** An analytic activation, as the theory asks; default `tanh`. */
  readonly activation?: "tanh" | "sigmoid" | "softplus"
  readonly seed?: Seed.Seed
}

/**
 * A perceptron whose layers never widen, n₁ ≥ n₂ ≥ … ≥ n_L. Where its first layer is at least as wide as there are
 * training samples, critical points with weights of full rank from the second layer on are global minima.
 *
 * Its layers are `hidden1`, `hidden2`, … and `logits`; dense kernels are Euclidean unless `Network.make` is told
 * otherwise by name.
 *
 * Source: Nguyen and Hein 2017, *The loss surface of deep and wide neural networks*, theorem 3.4.
 *
 * @throws RangeError for widths that grow.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * const model = Models.pyramidalMlp({ height: 4, width: 4, channels: 1, classes: 3, widths: [8, 4] })
 * model.countParams() // => 187
 * ```
 */
export const pyramidalMlp = ({
  activation = "tanh",
  channels,
  classes,
  height,
  seed = 0,
  width,
  widths = [256, 128, 64]
}: PyramidalMlpOptions): tfl.LayersModel => {
  const wider = widths.findIndex((units, i) => i > 0 && units > widths[i - 1]!)
  if (wider > 0) {
    throw new RangeError(
      `pyramidalMlp: layer ${wider + 1} has ${widths[wider]} units, more than the ${widths[wider - 1]} before it`
    )
  }
  const dense = (name: string, units: number) =>
    tfl.layers.dense({
      name,
      units,
      ...(name === "logits" ? {} : { activation }),
      kernelInitializer: tfl.initializers.glorotNormal({ seed: Seed.split(seed, name) })
    })
  return tfl.sequential({
    name: "pyramidal_mlp",
    layers: [
      tfl.layers.flatten({ inputShape: [height, width, channels] }),
      ...widths.map((units, i) => dense(`hidden${i + 1}`, units)),
      dense("logits", classes)
    ]
  })
}
