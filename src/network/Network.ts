import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as Collection from "../collections/Collection.ts"
import * as Grouping from "../collections/Grouping.ts"
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
} from "../collections/matricized.ts"
import * as Renormalization from "../collections/Renormalization.ts"
import * as Specification from "../collections/Specification.ts"
import type { EngineFailed } from "../engine/Engine.ts"
import type { Arrangement } from "../geometry/combinators/rearranged.ts"
import type * as Manifold from "../geometry/Manifold.ts"
import * as Euclidean from "../geometry/manifolds/Euclidean.ts"
import * as Norms from "../numerics/Norms.ts"
import type * as Points from "../numerics/Points.ts"
import * as Seed from "../numerics/Seed.ts"
import * as Tensors from "../numerics/Tensors.ts"
import type * as Optimizer from "../optimizer/Optimizer.ts"
import type { Scaling } from "../optimizer/Transform.ts"
import * as Layers from "./Layers.ts"
import { applicationsOf, distributed, isModel, type Leaf, leavesOf } from "./layers/graph.ts"

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
  /** By layer name, as `make` has it for models within the model. Dense layers are Euclidean unless they are named here. */
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
  readonly layer: tfl.layers.Layer
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
  readonly problem: Optimizer.Problem<NetworkPoint, NetworkWeights>
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

/** Layers by name: their own, or where several in different models share it, with the names of the models around them. */
const named = (model: tfl.LayersModel): Result.Result<ReadonlyMap<string, tfl.layers.Layer>, PlanError> => {
  const leaves = leavesOf(model)
  const count = new Map<string, number>()
  for (const { layer: { name } } of leaves) count.set(name, 1 + (count.get(name) ?? 0))
  const nameOf = ({ layer: { name }, path }: Leaf) => count.get(name) === 1 ? name : path.join("/")
  const found = new Map<string, tfl.layers.Layer>()
  for (const leaf of leaves) {
    const name = nameOf(leaf)
    if (found.has(name)) {
      const reason = "two layers in different models have this name, also with the names of their models"
      return Result.fail(new PlanError({ layer: name, reason, workable: ["another name for one of them"] }))
    }
    found.set(name, leaf.layer)
  }
  return Result.succeed(found)
}

/** Why nothing is constrained under this name. */
const unknownLayer = (model: tfl.LayersModel, layers: ReadonlyMap<string, tfl.layers.Layer>, name: string) => {
  const inside = leavesOf(model).filter(({ layer, path }) => path.slice(0, -1).includes(name) || layer.name === name)
  const ofKernels = [...layers].filter(([, layer]) => layer.getClassName() in kernelClasses)
  const meant = ofKernels.filter(([, layer]) => inside.some((leaf) => leaf.layer === layer))
  const [reason, workable] = inside.length === 0
    ? ["the model has no layer of this name", [...layers]] as const
    : ["this names no single layer, and layers are constrained one by one", meant] as const
  return new PlanError({ layer: name, reason, workable: workable.map(([name]) => name) })
}

/** A weight's name, where its layer goes by another than its own. */
const weightName = (name: string, layer: tfl.layers.Layer, { originalName }: tfl.LayerVariable) => {
  if (name === layer.name) return originalName
  const own = `${layer.name}/`
  return `${name}/${originalName.startsWith(own) ? originalName.slice(own.length) : originalName}`
}

/**
 * Gives the convolution kernels of any LayersModel collections of POMs; everything else (biases, batch normalization, dense and
 * other kernels) stays Euclidean. Conv1D, Conv2D and Dense kernels can be constrained, dense ones by `overrides`; those of models within
 * the model, and of `timeDistributed` layers, as well. Where layers of different models share a name, they go by the names of their
 * models and their own, as in `base/conv`; such a model trains, but TensorFlow.js does not load it again once it is saved.
 *
 * The network shares the model's variables: freeing one frees the other.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import { Network } from "finegrain"
 * const base = tfl.sequential({ layers: [
 *   tfl.layers.conv2d({ inputShape: [8, 8, 4], filters: 6, kernelSize: 3, name: "conv" })
 * ] })
 * const model = tfl.sequential({ layers: [base, tfl.layers.flatten(), tfl.layers.dense({ units: 2, name: "head" })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp+St", seed: 1 }))
 * network.layers.map(({ name, groups }) => [name, groups.length]) // => [["conv", 10]]
 * ```
 */
export const make = Effect.fnUntraced(function*(
  model: tfl.LayersModel,
  options: Options = {}
): Effect.fn.Return<Network, PlanError | Specification.SpecificationError> {
  const { overrides = {}, policy = Renormalization.unit, seed = 0 } = options
  const byName = yield* Effect.fromResult(named(model))
  const unknown = Object.keys(overrides).find((name) => !byName.has(name))
  if (unknown !== undefined) return yield* unknownLayer(model, byName, unknown)
  Layers.accelerate(model)
  // A model that is frozen as a whole says so itself, not by its layers' weights.
  const trainable = new Set(model.trainableWeights)
  const bounds: Array<Bound> = []
  const variables: Array<tf.Variable> = []
  const layers: Array<ConstrainedLayer> = []
  let leaf = 0
  for (const [name, layer] of byName) {
    const own = overrides[name]
    const toKernel = kernelClasses[layer.getClassName()]
    if (own !== undefined && toKernel === undefined) {
      return yield* new PlanError({
        layer: name,
        reason: `a ${layer.getClassName()} layer has no kernel that can be constrained`,
        workable: [...byName].filter(([, l]) => l.getClassName() in kernelClasses).map(([name]) => name)
      })
    }
    const wanted = own !== undefined || (toKernel !== undefined && layer.getClassName() !== "Dense")
    for (const [position, weight] of layer.trainableWeights.filter((w) => trainable.has(w)).entries()) {
      const variable = variableOf(weight)
      if (wanted && position === 0) {
        const settings = { specification: "Sp+Ob+St+Euc", strategy: Grouping.PIO(), ...options, ...own }
        const specification = yield* Effect.fromResult(parsed(settings.specification))
        const shape = toKernel!(variable.shape)
        const plan = yield* Effect.fromResult(
          planLayer(name, shape, { ...settings, specification }, Seed.split(seed, name))
        )
        const kernel = reshaped(kernelArrangement(plan.matricization, shape), shape, variable.shape)
        bounds.push({ collection: plan.collection, arrangement: composed(plan.arrangement, kernel) })
        layers.push({
          name,
          layer,
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
        bounds.push(unconstrained(weightName(name, layer, weight), variable.shape))
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

type Features = Map<tfl.layers.Layer, ReadonlyArray<tf.Tensor>>

/** Finds the features that enter layers where a model gets these inputs: at every place where it applies them, models within it included. */
const collectFeatures = (
  model: tfl.LayersModel,
  inputs: tf.Tensor | Array<tf.Tensor>,
  wanted: ReadonlySet<tfl.layers.Layer>,
  found: Features
): void => {
  const leads = (layer: tfl.layers.Layer): boolean =>
    wanted.has(layer) || (isModel(layer) && leavesOf(layer).some((leaf) => wanted.has(leaf.layer)))
  const places = applicationsOf(model).map(({ inputs, layer }) => {
    const inner = distributed(layer)
    return { layer: inner ?? layer, inputs, everyStep: inner !== undefined }
  }).filter(({ layer }) => leads(layer))
  const symbols = [...new Set(places.flatMap(({ inputs }) => inputs))]
  if (symbols.length === 0) return
  const values = [tfl.model({ inputs: model.inputs, outputs: symbols }).predict(inputs)].flat()
  for (const { everyStep, inputs, layer } of places) {
    const entering = inputs.map((input) => {
      const value = values[symbols.indexOf(input)]!
      // [batch, time, …]: every step of every sample is a sample of its own.
      return everyStep ? tf.reshape(value, [-1, ...value.shape.slice(2)]) : value
    })
    if (isModel(layer)) collectFeatures(layer, entering, wanted, found)
    else found.set(layer, [...(found.get(layer) ?? []), ...entering])
  }
}

/** λ of features; of those at several places, over all of them. */
const deviationsOf = (features: ReadonlyArray<tf.Tensor>): tf.Tensor1D =>
  Renormalization.deviations(
    features.length === 1 ? features[0]! : tf.concat(features.map((x) => tf.reshape(x, [-1, x.shape.at(-1)!])))
  )

/**
 * λ of every constrained layer per input channel, from the features that a batch of inputs causes now; of a layer that the model applies at
 * several places, from the features at all of them.
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
  { layers, model }: Network,
  inputs: tf.Tensor
): Effect.Effect<ReadonlyArray<Float32Array>, EngineFailed> =>
  layers.length === 0 ? Effect.succeed([]) : Effect.scoped(Effect.gen(function*() {
    const lambdas = yield* Tensors.scoped(() => {
      const features: Features = new Map()
      collectFeatures(model, inputs, new Set(layers.map(({ layer }) => layer)), features)
      // Layers that the same features enter have one λ.
      const known = new Map<string, tf.Tensor1D>()
      return layers.map(({ layer }) => {
        const entering = features.get(layer)!
        const key = entering.map(({ id }) => id).join()
        const lambda = known.get(key) ?? deviationsOf(entering)
        known.set(key, lambda)
        return lambda
      })
    })
    const read = new Map<tf.Tensor, Float32Array>()
    for (const lambda of new Set(lambdas)) read.set(lambda, yield* Tensors.read(lambda))
    return lambdas.map((lambda) => read.get(lambda)!)
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
export const scaling = (network: Network, lambdas: ReadonlyArray<ArrayLike<number>>): Scaling => {
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
 * import { FgSgd, Network, Optimizer, StepSize } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, useBias: false })] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * const optimizer = FgSgd.make(network.problem, { schedule: StepSize.constant(0.1) })
 * const norms = await Effect.runPromise(Network.largestNorms(network, Optimizer.init(optimizer, network.variables)))
 * norms.find(({ norm }) => norm === "frobenius")!.largest // => 1
 * ```
 */
export const largestNorms = Effect.fnUntraced(function*(
  network: Network,
  state: Pick<Optimizer.State<NetworkPoint>, "x" | "scaling">
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
