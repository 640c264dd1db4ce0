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

/** What factors may depend on besides norms. */
export interface AtPoms {
  readonly step: number
  readonly poms: ReadonlyArray<Collection.Pom>
}

/** A transform that scales every POM's part of a direction by a function of the POMs' norms. */
export interface PerPom extends Transform {
  readonly factors: (norms: tf.Tensor1D, at: AtPoms) => Factors
}
