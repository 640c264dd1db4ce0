import type * as tfl from "@tensorflow/tfjs-layers"
import type * as Seed from "../../numerics/Seed.ts"
import { cifarResNet } from "./cifarResNet.ts"
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

/**
 * The networks that a configuration can name.
 *
 * @example
 * ```ts
 * import { Models } from "finegrain"
 * const fit = { height: 28, width: 28, channels: 1, classes: 10, seed: 1 }
 * Models.byName["resnet-8"](fit).countParams() // => 75482
 * ```
 */
export const byName = {
  "small-cnn": smallCnn,
  "resnet-8": (fit: Fit) => cifarResNet({ ...fit, depth: 8 }),
  "resnet-20": (fit: Fit) => cifarResNet({ ...fit, depth: 20 }),
  "resnet-56": (fit: Fit) => cifarResNet({ ...fit, depth: 56 }),
  "resnet-110": (fit: Fit) => cifarResNet({ ...fit, depth: 110 }),
  "senet-8": (fit: Fit) => cifarResNet({ ...fit, depth: 8, squeeze: 16 }),
  "senet-20": (fit: Fit) => cifarResNet({ ...fit, depth: 20, squeeze: 16 }),
  "senet-56": (fit: Fit) => cifarResNet({ ...fit, depth: 56, squeeze: 16 }),
  "resnet-20-sd": (fit: Fit) => cifarResNet({ ...fit, depth: 20, survival: 0.5 }),
  "resnet-110-sd": (fit: Fit) => cifarResNet({ ...fit, depth: 110, survival: 0.5 }),
  "resnet-18": (fit: Fit) => resNet({ ...fit, depth: 18 }),
  "resnet-50": (fit: Fit) => resNet({ ...fit, depth: 50 }),
  "resnet-101": (fit: Fit) => resNet({ ...fit, depth: 101 }),
  "senet-50": (fit: Fit) => resNet({ ...fit, depth: 50, squeeze: 16 }),
  "senet-101": (fit: Fit) => resNet({ ...fit, depth: 101, squeeze: 16 }),
  "mlp": pyramidalMlp
} satisfies Record<string, (fit: Fit) => tfl.LayersModel>
