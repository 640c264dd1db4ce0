/**
 * What scales every POM's part of a direction by a factor: the contract of transforms that engines run between their
 * two sweeps.
 */
import type * as tf from "@tensorflow/tfjs-core"
import type * as Collection from "../collections/Collection.ts"
import type { Told, Transform } from "./Transform.ts"

/** Factors for the POMs' parts of a direction, shape [poms], and what is told of them. */
export interface Factors {
  readonly factors: tf.Tensor1D
  readonly told?: Told
}

/** Factors as numbers at hand, and what is told of them. */
export interface FactorsOnHost {
  readonly factors: Float32Array
  readonly told: Readonly<Record<string, Float32Array>>
}

/** What factors may depend on besides norms. */
export interface AtPoms {
  readonly step: number
  readonly poms: ReadonlyArray<Collection.Pom>
}

/** A transform that scales every POM's part of a direction by a function of the POMs' norms. */
export interface PerPom extends Transform {
  readonly factors: (norms: tf.Tensor1D, at: AtPoms) => Factors
  /** `factors` on numbers at hand, to the same bits: faster for some hundred POMs; not every such transform has it. */
  readonly onHost?: ((norms: Float32Array, at: AtPoms) => FactorsOnHost) | undefined
}
