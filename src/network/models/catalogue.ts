/** The networks that configurations, flags and experiments name: a line each. */
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Catalogue from "../../choices/Catalogue.ts"
import type * as Seed from "../../numerics/Seed.ts"
import { cifarResNet } from "./cifarResNet.ts"
import { perceptron } from "./perceptron.ts"
import { pyramidalMlp } from "./pyramidalMlp.ts"
import { resNet } from "./resNet.ts"
import { smallCnn } from "./smallCnn.ts"

/** What a network must fit, and the seed of its weights. */
export interface Fit {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classes: number
  readonly seed: Seed.Seed
}

const model = Catalogue.entries<Fit, tfl.LayersModel>()

type Options<F> = F extends (options: infer O) => unknown ? Omit<O, keyof Fit> : never

const residual = (
  images: string,
  { depth, normalization, squeeze, survival }: Pick<
    Options<typeof cifarResNet>,
    "depth" | "normalization" | "squeeze" | "survival"
  >
) =>
  [
    `a residual network of ${depth} layers for ${images} images`,
    ...(squeeze === undefined ? [] : ["with squeeze and excitation"]),
    ...(survival === undefined ? [] : ["of stochastic depth"]),
    ...(normalization === "none" ? ["without normalization, every branch scaled by 0 at first"] : [])
  ].join(", ")

const small = (options: Options<typeof cifarResNet>) =>
  model({ about: residual("small", options), make: (fit) => cifarResNet({ ...fit, ...options }) })

const large = (options: Options<typeof resNet>) =>
  model({ about: residual("large", options), make: (fit) => resNet({ ...fit, ...options }) })

/**
 * The networks that a configuration can name.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * const fit = { height: 28, width: 28, channels: 1, classes: 10, seed: 1 }
 * Models.models["resnet-8"].make(fit).countParams() // => 75482
 * ```
 */
export const models = {
  "small-cnn": model({ about: "two convolutions and a dense layer", make: smallCnn }),
  mlp: model({ about: "a pyramid of dense layers", make: pyramidalMlp }),
  perceptron: model({ about: "dense layers of 128 and 64 units with ReLU, without biases", make: perceptron }),
  "resnet-8": small({ depth: 8 }),
  "resnet-20": small({ depth: 20 }),
  "resnet-56": small({ depth: 56 }),
  "resnet-110": small({ depth: 110 }),
  "senet-8": small({ depth: 8, squeeze: 16 }),
  "senet-20": small({ depth: 20, squeeze: 16 }),
  "senet-56": small({ depth: 56, squeeze: 16 }),
  "resnet-20-sd": small({ depth: 20, survival: 0.5 }),
  "resnet-110-sd": small({ depth: 110, survival: 0.5 }),
  "resnet-8-skipinit": small({ depth: 8, normalization: "none" }),
  "resnet-20-skipinit": small({ depth: 20, normalization: "none" }),
  "resnet-56-skipinit": small({ depth: 56, normalization: "none" }),
  "resnet-18": large({ depth: 18 }),
  "resnet-50": large({ depth: 50 }),
  "resnet-101": large({ depth: 101 }),
  "senet-50": large({ depth: 50, squeeze: 16 }),
  "senet-101": large({ depth: 101, squeeze: 16 })
} satisfies Catalogue.Catalogue
