/** Bounds of networks with defects. */
import * as tf from "@tensorflow/tfjs-core"
import * as Renormalization from "../../src/collections/Renormalization.ts"
import * as Bounds from "../../src/network/Bounds.ts"
import * as Norms from "../../src/numerics/Norms.ts"
import { boundLaws } from "../boundLaws.ts"
import type { Mutant } from "./Mutant.ts"

/** @internal */
export const boundMutants: ReadonlyArray<Mutant> = [
  {
    name: "bounds computed without logarithms",
    killedBy: "bounds survive deep networks",
    laws: boundLaws({
      logBounds: (net) => {
        const { frobenius, rowSum, spectral } = Bounds.logBounds(net)
        return { frobenius: Math.log(Math.exp(frobenius)), rowSum: Math.log(Math.exp(rowSum)), spectral }
      }
    })
  },
  {
    name: "bound without the root of the number of samples",
    killedBy: "bounds are what is printed",
    laws: boundLaws({ logBounds: (net) => Bounds.logBounds({ ...net, samples: net.samples ** 2 }) })
  },
  {
    name: "bound that grows with the samples",
    killedBy: "bounds grow with every norm and shrink with samples",
    laws: boundLaws({ logBounds: (net) => Bounds.logBounds({ ...net, samples: 1 / net.samples }) })
  },
  {
    name: "Frobenius norm taken for the spectral one",
    killedBy: "norms obey their inequalities",
    laws: boundLaws({ norms: { ...Norms, frobenius: (x) => tf.mul(0.5, Norms.frobenius(x)) } })
  },
  {
    name: "stale ℜ: λ of features below 1 not clamped",
    killedBy: "renormalized norms are at most 1",
    laws: boundLaws({
      factor: (policy, M, lambda) => Renormalization.factor({ ...policy, clamped: false }, M, lambda)
    })
  },
  {
    name: "concatenation without the precondition",
    killedBy: "a concatenation is bounded below by the product of its parts",
    laws: boundLaws({ largest: Infinity })
  }
]
