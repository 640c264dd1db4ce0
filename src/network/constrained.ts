/** A network and its constrained layers, as values. */
import type * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import type * as Grouping from "../collections/Grouping.ts"
import type { KernelShape, Matricization } from "../collections/matricized.ts"
import type * as Renormalization from "../collections/Renormalization.ts"
import type * as Specification from "../collections/Specification.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import type * as Seed from "../numerics/Seed.ts"
import type * as Optimizer from "../optimizer/Optimizer.ts"
import type { Unconstrained } from "./declarations/unconstrained.ts"
import type { LayerKernel, OwnClasses } from "./kernelClasses.ts"

/** How one layer's kernel is constrained. */
export interface LayerOptions {
  /** The manifolds among which the layer's groups are shared, or their text. */
  readonly specification?: Specification.Specification | string
  readonly strategy?: Grouping.Strategy
  /**
   * Default: `perKernel` where every manifold accepts it, else the first of whole, perFilter, perInput, perFilterMatrix
   * that works.
   */
  readonly matricization?: Matricization
}

/** How a network is constrained. */
export interface NetworkOptions extends LayerOptions {
  /** Default `Sp+Ob+St+Euc`. */
  readonly specification?: Specification.Specification | string
  /** Default `Grouping.PIO()`. */
  readonly strategy?: Grouping.Strategy
  /** Default `Renormalization.unit`. */
  readonly policy?: Renormalization.Policy
  /** Default 0. */
  readonly seed?: Seed.Seed
  /**
   * By layer name, as `make` has it for models within the model, or for one of a layer's kernels with its name, as
   * `lstm/recurrent_kernel`. Dense and recurrent layers and embeddings are Euclidean unless they are named here.
   */
  readonly overrides?: Readonly<Record<string, LayerOptions>>
  /** Kernels of own classes of layers, by class name. */
  readonly classes?: OwnClasses
}

/** The matrices of a layer that live on one manifold. */
export interface Kind {
  /** Symbol of the manifold's family, as in the specification. */
  readonly symbol: string
  readonly manifold: Manifold.Manifold
  readonly indices: ReadonlyArray<number>
}

/** A constrained kernel of a layer, seen as matrices on manifolds in POMs. */
export interface ConstrainedLayer {
  /** The layer's, and for a layer with several kernels also the weight's, as `lstm/recurrent_kernel`. */
  readonly name: string
  readonly layer: tfl.layers.Layer
  /** Which weight it is, and how kernels lie in it. */
  readonly kernel: LayerKernel
  /** How many kernels of this shape the weight holds: groups of channels, or gates. */
  readonly blocks: number
  readonly shape: KernelShape
  readonly matricization: Matricization
  readonly specification: Specification.Specification
  readonly strategy: Grouping.Strategy
  readonly groups: ReadonlyArray<Grouping.Group>
  /** The manifolds in use with the indices of their matrices, in the order of the layer's tensors in ω. */
  readonly kinds: ReadonlyArray<Kind>
  /** Position of the kernel among the network's trainable variables. */
  readonly variable: number
  /** Position of the layer's first tensor among the leaves of ω. */
  readonly leaf: number
}

/** ω of a network: for every trainable variable, the tensors of its manifolds. */
export type NetworkPoint = ReadonlyArray<ReadonlyArray<tf.Tensor>>

/** The weights of a network: one tensor for every trainable variable. */
export type NetworkWeights = ReadonlyArray<tf.Tensor>

/** A model whose kernels have been given collections of POMs. */
export interface Network {
  readonly model: tfl.LayersModel
  readonly variables: ReadonlyArray<tf.Variable>
  readonly layers: ReadonlyArray<ConstrainedLayer>
  /** Layers with weights of which none is on a manifold, and why. */
  readonly unconstrained: ReadonlyArray<Unconstrained>
  readonly problem: Optimizer.Problem<NetworkPoint, NetworkWeights>
  readonly policy: Renormalization.Policy
  readonly seed: Seed.Seed
}
