import * as tfl from "@tensorflow/tfjs-layers"
import * as Seed from "../../numerics/Seed.ts"

/**
 * Channels weighted by gates that follow from their means: x·σ(W₂ relu(W₁ mean(x))), W₁ with `count/reduction` rows.
 *
 * Source: Hu, Shen and Sun 2018, *Squeeze-and-excitation networks*, section 3.
 *
 * @internal
 */
export const squeezeExcite = (
  x: tfl.SymbolicTensor,
  name: string,
  reduction: number,
  seed: Seed.Seed
): tfl.SymbolicTensor => {
  const count = x.shape[3]!
  const dense = (units: number, activation: "relu" | "sigmoid", part: string) =>
    tfl.layers.dense({
      name: `${name}_${part}`,
      units,
      activation,
      kernelInitializer: tfl.initializers.heNormal({ seed: Seed.split(seed, `${name}_${part}`) })
    })
  const mean = tfl.layers.globalAveragePooling2d({ name: `${name}_squeeze` }).apply(x)
  const hidden = dense(Math.floor(count / reduction), "relu", "reduce").apply(mean)
  const gates = tfl.layers.reshape({ name: `${name}_gates`, targetShape: [1, 1, count] })
    .apply(dense(count, "sigmoid", "excite").apply(hidden)) as tfl.SymbolicTensor
  return tfl.layers.multiply({ name: `${name}_scale` }).apply([x, gates]) as tfl.SymbolicTensor
}
