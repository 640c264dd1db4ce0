import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Network, NetworkSpectra } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../../backends.ts"
import { images, train } from "./training.ts"

const kernel = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotNormal({ seed }) })

/** Two convolutions with a normalization; the second convolution with its channels first, or last. */
const model = (first: boolean): tfl.Sequential =>
  tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, name: "one", ...kernel(1) }),
      ...(first ? [tfl.layers.permute({ dims: [3, 1, 2] })] : []),
      tfl.layers.conv2d({
        filters: 3,
        kernelSize: [3, 2],
        dataFormat: first ? "channelsFirst" : "channelsLast",
        name: "two",
        ...kernel(2)
      }),
      tfl.layers.batchNormalization({ axis: first ? 1 : 3 }),
      ...(first ? [tfl.layers.permute({ dims: [2, 3, 1] })] : []),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3, ...kernel(3) })
    ]
  })

onEachBackend("channels first", () => {
  it("have the λ, the spectra and the training of channels last", async () => {
    const of = async (first: boolean) => {
      const { losses, network } = await train(model(first), { specification: "Sp+St", seed: 1, epochs: 2 })
      const lambdas = await Effect.runPromise(Network.deviations(network, images()))
      const spectra = await Effect.runPromise(NetworkSpectra.measure(network))
      return {
        losses,
        lambdas: lambdas.map((lambda) => Array.from(lambda)),
        norms: spectra.map(({ operatorNorm }) => operatorNorm)
      }
    }
    const [found, right] = [await of(true), await of(false)]
    expect(found.lambdas.map(({ length }) => length)).toEqual([1, 4])
    expect(right.norms.every((norm) => norm! > 0)).toBe(true)
    const flat = ({ lambdas, losses, norms }: typeof found) => [...losses, ...lambdas.flat(), ...norms as Array<number>]
    // The two sum in another order.
    for (const [i, value] of flat(found).entries()) expect(value).toBeCloseTo(flat(right)[i]!, 3)
  })
})
