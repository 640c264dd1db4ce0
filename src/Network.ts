import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import type { EngineFailed } from "./backend/Engine.ts"
import * as Collection from "./Collection.ts"
import {
  kernelArrangement,
  type KernelShape,
  type Matricization,
  matricizations,
  perFilter,
  perFilterMatrix,
  perInput,
  perKernel,
  whole
} from "./combinators/matricized.ts"
import type { Arrangement } from "./combinators/rearranged.ts"
import type * as FgSgd from "./FgSgd.ts"
import * as Grouping from "./Grouping.ts"
import * as Layers from "./Layers.ts"
import type * as Manifold from "./Manifold.ts"
import * as Euclidean from "./manifolds/Euclidean.ts"
import * as Norms from "./Norms.ts"
import type * as Points from "./Points.ts"
import * as Renormalization from "./Renormalization.ts"
import * as Seed from "./Seed.ts"
import * as Specification from "./Specification.ts"
import * as Tensors from "./Tensors.ts"

/** How one layer's kernel is constrained. */
export interface LayerOptions {
  /** The manifolds among which the layer's groups are shared, or their text. */
  readonly specification?: Specification.Specification | string
  readonly strategy?: Grouping.Strategy
  /** Default: `perKernel` where every manifold accepts it, else the first of whole, perFilter, perInput, perFilterMatrix that works. */
  readonly matricization?: Matricization
}

/** How a network is constrained. */
export interface Options extends LayerOptions {
  /** Default `Sp+Ob+St+Euc`. */
  readonly specification?: Specification.Specification | string
  /** Default `Grouping.PIO()`. */
  readonly strategy?: Grouping.Strategy
  /** Default `Renormalization.unit`. */
  readonly policy?: Renormalization.Policy
  /** Default 0. */
  readonly seed?: Seed.Seed
  /** By layer name. Dense layers are Euclidean unless they are named here. */
  readonly overrides?: Readonly<Record<string, LayerOptions>>
}

/** The matrices of a layer that live on one manifold. */
export interface Kind {
  /** Symbol of the manifold's family, as in the specification. */
  readonly symbol: string
  readonly manifold: Manifold.Manifold
  readonly indices: ReadonlyArray<number>
}

/** A constrained layer: its kernel, seen as matrices on manifolds in POMs. */
export interface ConstrainedLayer {
  readonly name: string
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
  readonly problem: FgSgd.Problem<NetworkPoint, NetworkWeights>
  readonly policy: Renormalization.Policy
  readonly seed: Seed.Seed
}

/** A layer that cannot be constrained as asked, with what would work. */
export class PlanError extends Schema.TaggedError<PlanError>()("PlanError", {
  layer: Schema.String,
  reason: Schema.String,
  workable: Schema.Array(Schema.String)
}) {
  override get message() {
    const hint = this.workable.length === 0 ? "" : ` What would work: ${this.workable.join(", ")}.`
    return `Layer "${this.layer}": ${this.reason}.${hint}`
  }
}

const byPreference = [perKernel, whole, perFilter, perInput, perFilterMatrix]

const members = (
  matricization: Matricization,
  shape: KernelShape,
  specification: Specification.Specification
): Result.Result<ReadonlyArray<Manifold.Manifold>, Manifold.ShapeRefused> =>
  Result.all(specification.map((family) => family.at(matricization.matrix(shape))))

const works = (shape: KernelShape, specification: Specification.Specification) => (matricization: Matricization) =>
  Result.isSuccess(members(matricization, shape, specification))

/**
 * A layer's kernel as matrices on manifolds, grouped into POMs: pure, from shapes and a seed.
 *
 * Fails with a PlanError that names the matricizations that would work, as for 1×1 kernels seen per kernel.
 *
 * @example
 * ```ts
 * import * as Result from "effect/Result"
 * import { Combinators, Grouping, Network, Specification } from "finegrain"
 * const specification = Result.getOrThrow(Specification.parse("Sp+St"))
 * const example1 = Result.getOrThrow(Network.planLayer("conv", [3, 3, 4, 6], { specification, strategy: Grouping.PIO() }, 1))
 * example1.poms.map(({ factors }) => factors) // => [3, 3, 2, 2, 2, 3, 3, 2, 2, 2]
 * const refused = Network.planLayer("conv", [1, 1, 4, 6], { specification, strategy: Grouping.PIO(), matricization: Combinators.perKernel }, 1)
 * Result.getOrThrow(Result.flip(refused)).workable // => ["perFilter", "perFilterMatrix", "perInput", "whole"]
 * ```
 */
export const planLayer = (
  name: string,
  shape: KernelShape,
  options: {
    readonly specification: Specification.Specification
    readonly strategy: Grouping.Strategy
    readonly matricization?: Matricization
  },
  seed: Seed.Seed
): Result.Result<
  Omit<Collection.StackCollection, "kinds"> & {
    readonly matricization: Matricization
    readonly kinds: ReadonlyArray<Kind>
    readonly groups: ReadonlyArray<Grouping.Group>
    readonly poms: ReadonlyArray<Collection.Pom>
  },
  PlanError
> => {
  const { specification, strategy } = options
  const workable = matricizations.filter(works(shape, specification)).map(({ name }) => name)
  const matricization = options.matricization ?? byPreference.find(works(shape, specification)) ?? perKernel
  return Result.match(members(matricization, shape, specification), {
    onFailure: (refused) =>
      Result.fail(
        new PlanError({
          layer: name,
          reason: `its [${shape.join(", ")}] kernel cannot be seen ${matricization.name} on ${
            Specification.format(specification)
          }: ${refused.manifold} refuses [${refused.shape.join(", ")}], because ${refused.reason}`,
          workable
        })
      ),
    onSuccess: (manifolds) => {
      const [inputs, outputs] = matricization.grid(shape)
      const groups = strategy.groups(inputs, outputs, manifolds.length, seed)
      const stack = Collection.stack(groups.map(({ indices, manifold }, i) => ({
        name: `${name}/${i}`,
        indices,
        manifold: manifolds[manifold]!
      })))
      const kinds = stack.kinds.map((kind) => ({
        ...kind,
        symbol: specification[manifolds.indexOf(kind.manifold)]!.symbol
      }))
      return Result.succeed({ ...stack, kinds, matricization, groups, poms: stack.collection.poms })
    }
  })
}

const kernelClasses: Readonly<Record<string, (shape: ReadonlyArray<number>) => KernelShape>> = {
  Conv1D: ([a, c, d]) => [a!, 1, c!, d!],
  Conv2D: ([a, b, c, d]) => [a!, b!, c!, d!],
  Dense: ([c, d]) => [1, 1, c!, d!]
}

const variableOf = (weight: tfl.LayerVariable) => weight.read() as tf.Variable

const reshaped = (
  inner: Arrangement<tf.Tensor, tf.Tensor>,
  shape: KernelShape,
  original: ReadonlyArray<number>
): Arrangement<tf.Tensor, tf.Tensor> => ({
  shape: original,
  from: (kernel) => inner.from(tf.reshape(kernel, [...shape])),
  to: (stack) => tf.reshape(inner.to(stack), [...original])
})

const composed = <P extends Points.Points, Q extends Points.Points, R extends Points.Points>(
  inner: Arrangement<P, Q>,
  outer: Arrangement<Q, R>
): Arrangement<P, R> => ({
  shape: outer.shape,
  from: (r) => inner.from(outer.from(r)),
  to: (p) => outer.to(inner.to(p))
})

interface Bound {
  readonly collection: Collection.Collection<ReadonlyArray<tf.Tensor>>
  readonly arrangement: Arrangement<ReadonlyArray<tf.Tensor>, tf.Tensor>
}

const unconstrained = (name: string, shape: ReadonlyArray<number>): Bound => ({
  collection: Collection.join<ReadonlyArray<tf.Tensor>>(Collection.pom(Euclidean.make(shape), name)),
  arrangement: { shape, from: (w) => [w], to: ([x]) => x! }
})

const parsed = (
  specification: Specification.Specification | string
): Result.Result<Specification.Specification, Specification.SpecificationError> =>
  typeof specification === "string" ? Specification.parse(specification) : Result.succeed(specification)

/**
 * Gives the convolution kernels of any LayersModel collections of POMs; everything else (biases, batch normalization, dense and
 * other kernels) stays Euclidean. Conv1D, Conv2D and Dense kernels can be constrained, dense ones by `overrides`.
 *
 * The network shares the model's variables: freeing one frees the other.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [
 *   tfl.layers.conv2d({ inputShape: [8, 8, 4], filters: 6, kernelSize: 3, name: "conv" }),
 *   tfl.layers.flatten(), tfl.layers.dense({ units: 2, name: "head" })
 * ] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp+St", seed: 1 }))
 * network.layers.map(({ name, groups }) => [name, groups.length]) // => [["conv", 10]]
 * ```
 */
export const make = Effect.fnUntraced(function*(
  model: tfl.LayersModel,
  options: Options = {}
): Effect.fn.Return<Network, PlanError | Specification.SpecificationError> {
  const { overrides = {}, policy = Renormalization.unit, seed = 0 } = options
  const unknown = Object.keys(overrides).find((name) => !model.layers.some((layer) => layer.name === name))
  if (unknown !== undefined) {
    return yield* new PlanError({
      layer: unknown,
      reason: "the model has no layer of this name",
      workable: model.layers.map(({ name }) => name)
    })
  }
  Layers.accelerate(model)
  const bounds: Array<Bound> = []
  const variables: Array<tf.Variable> = []
  const layers: Array<ConstrainedLayer> = []
  let leaf = 0
  for (const layer of model.layers) {
    const own = overrides[layer.name]
    const toKernel = kernelClasses[layer.getClassName()]
    if (own !== undefined && toKernel === undefined) {
      return yield* new PlanError({
        layer: layer.name,
        reason: `a ${layer.getClassName()} layer has no kernel that can be constrained`,
        workable: model.layers.filter((l) => l.getClassName() in kernelClasses).map(({ name }) => name)
      })
    }
    const wanted = own !== undefined || (toKernel !== undefined && layer.getClassName() !== "Dense")
    for (const [position, weight] of layer.trainableWeights.entries()) {
      const variable = variableOf(weight)
      if (wanted && position === 0) {
        const settings = { specification: "Sp+Ob+St+Euc", strategy: Grouping.PIO(), ...options, ...own }
        const specification = yield* Effect.fromResult(parsed(settings.specification))
        const shape = toKernel!(variable.shape)
        const plan = yield* Effect.fromResult(
          planLayer(layer.name, shape, { ...settings, specification }, Seed.split(seed, layer.name))
        )
        const kernel = reshaped(kernelArrangement(plan.matricization, shape), shape, variable.shape)
        bounds.push({ collection: plan.collection, arrangement: composed(plan.arrangement, kernel) })
        layers.push({
          name: layer.name,
          shape,
          matricization: plan.matricization,
          specification,
          strategy: settings.strategy,
          groups: plan.groups,
          kinds: plan.kinds,
          variable: variables.length,
          leaf
        })
        leaf += plan.kinds.length
      } else {
        bounds.push(unconstrained(weight.originalName, variable.shape))
        leaf += 1
      }
      variables.push(variable)
    }
  }
  return {
    model,
    variables,
    layers,
    policy,
    seed,
    problem: {
      collection: Collection.join<NetworkPoint>(...bounds.map(({ collection }) => collection)),
      arrangement: {
        shape: variables.map(({ shape }) => shape),
        from: (weights) => bounds.map(({ arrangement }, i) => arrangement.from(weights[i]!)),
        to: (points) => bounds.map(({ arrangement }, i) => arrangement.to(points[i]!))
      }
    }
  }
})

/**
 * Writes weights into the model's variables.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * Network.assign(network, network.variables.map((v) => tf.onesLike(v)))
 * network.variables[0]!.dataSync()[0] // => 1
 * ```
 */
export const assign = ({ variables }: Network, weights: NetworkWeights): void => {
  for (const [i, variable] of variables.entries()) variable.assign(weights[i]!)
}

/**
 * SHA-256 of the network's geometry: shapes of all weights, and of every constrained layer its matricization, manifolds and POMs.
 * Two networks whose points ω mean the same have the same one.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3 })] })
 * const geometryOn = (specification: string) =>
 *   Effect.runSync(Effect.map(Network.make(model, { specification }), Network.geometry))
 * geometryOn("Sp") === geometryOn("Sp") // => true
 * geometryOn("Sp") === geometryOn("St") // => false
 * ```
 */
export const geometry = ({ layers, model, problem }: Network): string =>
  createHash("sha256").update(JSON.stringify({
    weights: model.weights.map(({ shape }) => shape),
    manifold: problem.collection.manifold.name,
    layers: layers.map(({ groups, kinds, matricization, name, shape }) => ({
      name,
      shape,
      matricization: matricization.name,
      kinds: kinds.map(({ indices, manifold }) => ({ manifold: manifold.name, indices })),
      groups
    }))
  })).digest("hex")

/** The model that gives the features that enter constrained layers, each once, and which of them enters each layer. */
const featureModel = ({ layers, model }: Network) => {
  const inputs = layers.map(({ name }) => model.getLayer(name).input as tfl.SymbolicTensor)
  const outputs = [...new Set(inputs)]
  return {
    features: tfl.model({ inputs: model.inputs, outputs }),
    entering: inputs.map((input) => outputs.indexOf(input))
  }
}

/**
 * λ of every constrained layer per input channel, from the features that a batch of inputs causes now.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * const pixels = tf.concat([tf.zeros([1, 6, 6, 2]), tf.fill([1, 6, 6, 2], 6)])
 * const [lambdas] = await Effect.runPromise(Network.deviations(network, pixels))
 * [...lambdas!] // => [3, 3]
 * ```
 */
export const deviations = (
  network: Network,
  inputs: tf.Tensor
): Effect.Effect<ReadonlyArray<Float32Array>, EngineFailed> =>
  network.layers.length === 0 ? Effect.succeed([]) : Effect.scoped(Effect.gen(function*() {
    const { entering, features } = featureModel(network)
    const lambdas = yield* Tensors.scoped(() => {
      const found = features.predict(inputs)
      return (Array.isArray(found) ? found : [found]).map(Renormalization.deviations)
    })
    const read = yield* Effect.forEach(lambdas, Tensors.read)
    return entering.map((feature) => read[feature]!)
  }))

/**
 * ℜ for every leaf of ω from λ of every constrained layer; the tensors belong to the caller.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * // γ = 1/√3 on the sphere of 3×3 matrices, λ = 1 for the first input channel and 2 for the second.
 * const [factors] = Network.scaling(network, [[1, 2]])
 * factors!.shape // => [4, 1, 1]
 * [...factors!.dataSync()].map((f) => Math.round(f * 1000)).sort((a, b) => a - b) // => [289, 289, 577, 577]
 * ```
 */
export const scaling = (network: Network, lambdas: ReadonlyArray<ArrayLike<number>>): FgSgd.Scaling => {
  const factors: Array<tf.Tensor | undefined> = []
  for (const [i, { kinds, leaf, matricization, shape }] of network.layers.entries()) {
    const perMatrix = Renormalization.perMatrix(matricization, shape, lambdas[i]!)
    for (const [k, { indices, manifold }] of kinds.entries()) {
      const values = indices.map((index) => Renormalization.factor(network.policy, manifold, perMatrix[index]!))
      if (values.every((value) => value === 1)) continue
      factors[leaf + k] = tf.tensor(values, [values.length, 1, 1])
    }
  }
  return Array.from(factors)
}

/** The largest norm of the weights on one manifold, and the bound that the policy promises for it. */
export interface LargestNorm {
  readonly manifold: string
  readonly norm: "spectral" | "frobenius" | "rowSum"
  readonly largest: number
  /** undefined where nothing is promised. */
  readonly bound: number | undefined
}

const measured = { spectral: Norms.spectral, frobenius: Norms.frobenius, rowSum: Norms.rowSum }

/**
 * The largest norms of the component weights ℜω that the network uses, by manifold over all layers.
 *
 * @example
 * ```ts
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { FgSgd, Network, StepSize } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * const optimizer = FgSgd.make(network.problem, { schedule: StepSize.constant(0.1) })
 * const norms = await Effect.runPromise(Network.largestNorms(network, FgSgd.init(optimizer, network.variables)))
 * norms.find(({ norm }) => norm === "frobenius")!.largest // => 1
 * ```
 */
export const largestNorms = Effect.fnUntraced(function*(
  network: Network,
  state: Pick<FgSgd.State<NetworkPoint>, "x" | "scaling">
): Effect.fn.Return<ReadonlyArray<LargestNorm>, EngineFailed> {
  const found = new Map<string, LargestNorm>()
  for (const { kinds, leaf, variable } of network.layers) {
    for (const [k, { manifold, symbol }] of kinds.entries()) {
      for (const norm of ["spectral", "frobenius", "rowSum"] as const) {
        const [largest = 0] = yield* Tensors.evaluate(() => {
          const factor = state.scaling[leaf + k]
          const x = state.x[variable]![k]!
          return tf.max(measured[norm](factor === undefined ? x : tf.mul(x, factor)))
        })
        const promised = network.policy.promises.includes(norm) && Number.isFinite(manifold.norms.frobenius.max)
        const key = `${symbol}/${norm}`
        found.set(key, {
          manifold: symbol,
          norm,
          // Math.max keeps NaN.
          largest: Math.max(found.get(key)?.largest ?? 0, largest),
          bound: promised ? 1 : undefined
        })
      }
    }
  }
  return [...found.values()]
})
