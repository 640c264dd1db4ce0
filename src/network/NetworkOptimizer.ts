/** Optimizers as `model.compile` of TensorFlow.js takes them: `fit` then trains as a loop of one's own would. */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as Batches from "../data/Batches.ts"
import * as Seed from "../numerics/Seed.ts"
import * as Tensors from "../numerics/Tensors.ts"
import * as TensorTree from "../numerics/TensorTree.ts"
import * as Optimizers from "../optimizer/catalogue.ts"
import * as Gradients from "../optimizer/Gradients.ts"
import * as Optimizer from "../optimizer/Optimizer.ts"
import type * as Schedule from "../optimizer/Schedule.ts"
import { stepRefusal } from "../optimizer/stepRefusal.ts"
import * as StepSize from "../optimizer/StepSize.ts"
import type { Told, Transform } from "../optimizer/Transform.ts"
import type { Network, NetworkPoint, NetworkWeights } from "./constrained.ts"
import { missingGradient, withoutGradient } from "./declarations/gradients.ts"
import { drawing } from "./declarations/randomness.ts"
import { omittedPenalties, penalized } from "./declarations/regularization.ts"
import { changed } from "./declarations/unchanged.ts"
import { deviations } from "./features.ts"
import { fingerprint } from "./fingerprint.ts"
import * as Layers from "./Layers.ts"
import { className, misuse } from "./LoadedOptimizer.ts"
import { scaling } from "./scaling.ts"
import { assignWeights, like, named, type NamedTensor } from "./stateTensors.ts"

type State = Optimizer.State<NetworkPoint>

/** Gradients by the names of their variables; none where a variable has none. */
type NamedGradients = tf.NamedTensorMap | ReadonlyArray<NamedTensor>

/** Inputs of a network, or what gives them for an epoch, from 0 as TensorFlow.js counts. */
export type RenormalizationInputs =
  | tf.Tensor
  | ReadonlyArray<tf.Tensor>
  | ((epoch: number) => tf.Tensor | ReadonlyArray<tf.Tensor>)

/** An optimizer of the catalogue, `fg-sgd` by default, with the settings that runs have. */
export interface NetworkOptimizerSettings extends Omit<Partial<Optimizers.OptimizerSettings>, "schedule"> {
  readonly optimizer?: keyof typeof Optimizers.optimizers
  readonly schedule: Schedule.Schedule
}

/** The name under which TensorFlow.js saves the number of steps says whose state it is. */
const stepsOf = (network: Network) => `iter/${fingerprint(network)}`

/** W of a saved state, computed again, differs from the saved weights by rounding alone. */
const sameWeights = 1e-4

const flat = (inputs: tf.Tensor | ReadonlyArray<tf.Tensor>): ReadonlyArray<tf.Tensor> =>
  inputs instanceof tf.Tensor ? [inputs] : inputs

/** Steps are looked at where that needs no waiting: WebGPU cannot read in between. */
const readsAtOnce = (): boolean => tf.getBackend() !== "webgpu"

/**
 * A `tf.Optimizer` over a chain; `Network.optimizer` makes one.
 *
 * It begins at its first step or renormalization, with the points nearest to the weights that the model has then, and
 * with ℜ = γ. `dispose` frees what it keeps; used again, it begins anew.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network, Schedule } from "finegrain"
 * const model = tfl.sequential({ layers: [tfl.layers.dense({ name: "head", inputShape: [2], units: 2 })] })
 * const network = await Effect.runPromise(Network.make(model, { overrides: { head: { specification: "St" } } }))
 * const optimizer = Network.optimizer(network, { schedule: Schedule.constant(0.1) })
 * optimizer.minimize(() => tf.mean(model.apply(tf.ones([1, 2])) as tf.Tensor))
 * optimizer.iterations // => 1
 * ```
 */
export class NetworkOptimizer extends tf.Optimizer {
  /** @internal */
  static readonly className = className
  readonly network: Network
  /** The problem and the chain, for `Optimizer.stateOf` and the like. */
  readonly chain: Optimizer.Optimizer<NetworkPoint, NetworkWeights>
  readonly #draw: ReturnType<typeof drawing>
  readonly #omitted: ReturnType<typeof omittedPenalties>
  #state: State | undefined
  /** What the variables held when this optimizer last wrote them. */
  #written: ReadonlyArray<object> = []
  /** TensorFlow.js asks for it as a tensor and does not free it. */
  #steps: tf.Tensor | undefined

  constructor(network: Network, transform: Transform) {
    super()
    this.network = network
    this.chain = Optimizer.make(network.problem, transform)
    this.#draw = drawing(network.model, network.seed)
    this.#omitted = omittedPenalties(network.model)
  }

  /** Steps, ω, what the chain keeps, and ℜ; undefined before it has begun. */
  get state(): State | undefined {
    return this.#state
  }

  override get iterations(): number {
    return this.#state?.step ?? 0
  }

  /**
   * Loss and gradients, penalties of weights that TensorFlow.js leaves out included. What layers draw follows from the
   * network's seed and the step.
   *
   * @throws DeclarationRefused for a model that was changed and weights without gradient, OptimizerError for variables
   * of another model.
   */
  override computeGradients(
    loss: () => tf.Scalar,
    variables?: Array<tf.Variable>
  ): { value: tf.Scalar; grads: tf.NamedTensorMap } {
    const { model, variables: own } = this.network
    const { step } = this.#begun()
    this.#checkNames((variables ?? own).map(({ name }) => name))
    Layers.setStep(model, step)
    const { grads, value } = this.#gradients(() => this.#draw(step, () => penalized(loss(), this.#omitted)))
    const unreached = own.find(({ name }) => grads[name] === undefined)
    if (unreached === undefined) return { value, grads }
    tf.dispose([value, grads])
    throw withoutGradient(unreached.name)
  }

  /**
   * Takes a step, or none at all.
   *
   * @throws Diverged where the norm of a gradient is no number (webgpu cannot tell), DeclarationRefused for a model
   * that was changed, OptimizerError for gradients of another model and weights that somebody else has written.
   */
  override applyGradients(gradients: NamedGradients): void {
    const before = this.#begun()
    const { state, told, weights } = Optimizer.update(this.chain, before, this.#inOrder(gradients))
    const refusal = this.#refusal(told, before.step)
    TensorTree.dispose(told)
    if (refusal !== undefined) {
      Optimizer.dispose(state)
      TensorTree.dispose(weights)
      throw refusal
    }
    for (const [i, variable] of this.network.variables.entries()) variable.assign(weights[i]!)
    TensorTree.dispose(weights)
    this.#keep(state)
    Optimizer.dispose(before)
  }

  /**
   * Measures λ from inputs, and gives state and model the ℜ = γ/λ that follows; for the start of an epoch of
   * `trainOnBatch`.
   */
  async renormalize(inputs: tf.Tensor | ReadonlyArray<tf.Tensor>): Promise<void> {
    this.#begun()
    const lambdas = await Effect.runPromise(deviations(this.network, inputs))
    const before = this.#begun()
    const after = { ...before, scaling: scaling(this.network, lambdas) }
    tf.dispose([...before.scaling])
    assignWeights(this.network, this.chain, after)
    this.#keep(after)
  }

  /**
   * A callback of `fit` and `fitDataset` that renormalizes at the start of every epoch: from `examples` of the inputs,
   * by default 512, drawn anew by the network's seed and the epoch; a function's are taken as they are. Without it ℜ
   * stays γ.
   */
  renormalization(
    inputs: RenormalizationInputs,
    { examples = 512 }: { readonly examples?: number } = {}
  ): tfl.CustomCallback {
    const ofEpoch = (epoch: number): ReadonlyArray<tf.Tensor> => {
      if (typeof inputs === "function") return flat(inputs(epoch)).map((x) => tf.clone(x))
      const all = flat(inputs)
      const order = Batches.epochOrder(all[0]!.shape[0]!, Seed.split(this.network.seed, "renormalization"), epoch)
      const drawn = tf.tensor1d(order.slice(0, examples), "int32")
      return all.map((x) => tf.gather(x, drawn))
    }
    return new tfl.CustomCallback({
      onEpochBegin: (epoch) =>
        Effect.runPromise(Effect.scoped(Effect.flatMap(
          Tensors.scoped(() => ofEpoch(epoch)),
          (drawn) => Effect.promise(() => this.renormalize(drawn))
        )))
    })
  }

  /** The state by name, for `model.save(…, { includeOptimizer: true })`; the tensors stay the optimizer's. */
  override getWeights(): Promise<Array<NamedTensor>> {
    this.#steps?.dispose()
    this.#steps = tf.keep(tf.scalar(this.iterations, "int32"))
    const steps = { name: stepsOf(this.network), tensor: this.#steps }
    return Promise.resolve([steps, ...this.#state === undefined ? [] : named(this.#state)])
  }

  /**
   * Goes on from a saved state, to the same bits; the model must have the weights that were saved with it.
   *
   * @throws OptimizerError for a state of another network or chain, and where the model has other weights.
   */
  override async setWeights(saved: Array<NamedTensor>): Promise<void> {
    const byName = new Map(saved.map(({ name, tensor }) => [name, tensor]))
    const steps = byName.get(stepsOf(this.network))
    if (steps === undefined) {
      throw misuse(
        "the saved state is not that of a network with these manifolds and POMs; Network.make with the " +
          "options, the seed among them, that it was saved with"
      )
    }
    const step = (await steps.data())[0]!
    if (saved.length === 1) return this.dispose()
    const restored = this.#restored(byName, step)
    const off = await this.#distance(restored)
    if (!(off <= sameWeights)) {
      Optimizer.dispose(restored)
      tf.dispose([...restored.scaling])
      throw misuse(`the model's weights differ by ${off} from those of the saved state: load the model's first`)
    }
    this.dispose()
    this.#keep(restored)
  }

  /** The chain and the network, to tell them apart; settings are said again where training goes on. */
  override getConfig(): tf.serialization.ConfigDict {
    return { chain: this.chain.transform.name, network: fingerprint(this.network) }
  }

  override dispose(): void {
    this.#steps?.dispose()
    this.#steps = undefined
    if (this.#state === undefined) return
    Optimizer.dispose(this.#state)
    tf.dispose([...this.#state.scaling])
    this.#state = undefined
  }

  /** The state, begun where there is none; it goes with the weights that the model has, or is refused. */
  #begun(): State {
    const { model, variables } = this.network
    const refusal = changed(model, variables)
    if (refusal !== undefined) throw refusal
    const foreign = variables.find(({ dataId }, i) => dataId !== this.#written[i])
    if (this.#state !== undefined) {
      if (foreign === undefined) return this.#state
      if (this.#state.step > 0) {
        throw misuse(
          `the weight ${foreign.name} was written by something else since the last step; dispose() of the ` +
            "optimizer lets it begin anew from the weights as they are"
        )
      }
      this.dispose()
    }
    const state = { ...Optimizer.init(this.chain, variables), scaling: scaling(this.network) }
    assignWeights(this.network, this.chain, state)
    return this.#keep(state)
  }

  /** Keeps a state beyond whatever region TensorFlow.js is in. */
  #keep(state: State): State {
    for (const { tensor } of named(state)) tf.keep(tensor)
    this.#written = this.network.variables.map(({ dataId }) => dataId)
    return this.#state = state
  }

  #gradients(loss: () => tf.Scalar) {
    try {
      return Gradients.ofVariables(loss, this.network.variables)
    } catch (defect) {
      throw missingGradient(defect) ?? defect
    }
  }

  /** Names of variables that are those of the network, each. */
  #checkNames(names: ReadonlyArray<string>): void {
    const missing = new Set(this.network.variables.map(({ name }) => name))
    const foreign = names.find((name) => !missing.delete(name))
    if (foreign !== undefined) {
      throw misuse(
        `the variable ${foreign} is not one of the network's: compile the model that the network was made of`
      )
    }
    const [name] = missing
    if (name !== undefined) {
      throw misuse(`the network's weight ${name} is not among the variables: make the network, then compile its model`)
    }
  }

  #inOrder(gradients: NamedGradients): ReadonlyArray<tf.Tensor> {
    const given = Array.isArray(gradients)
      ? gradients as ReadonlyArray<NamedTensor>
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }))
    this.#checkNames(given.map(({ name }) => name))
    const byName = new Map(given.map(({ name, tensor }) => [name, tensor]))
    return this.network.variables.map(({ name }) => {
      const gradient: tf.Tensor | null | undefined = byName.get(name)
      if (gradient === undefined || gradient === null) throw withoutGradient(name)
      return gradient
    })
  }

  #refusal(told: Told, step: number) {
    if (!readsAtOnce()) return undefined
    const read = (tensor: tf.Tensor) => tensor.dataSync<"float32">()
    const { denominators, norms } = told
    return stepRefusal(
      { norms: read(norms!), ...(denominators === undefined ? {} : { denominators: read(denominators) }) },
      this.network.problem.collection.poms,
      step
    )
  }

  /** A saved state as one of this network and chain. */
  #restored(byName: ReadonlyMap<string, tf.Tensor>, step: number): State {
    const initial = Optimizer.init(this.chain, this.network.variables)
    const needed = named(initial)
    const wrong = needed.find(({ name, tensor }) => String(byName.get(name)?.shape) !== String(tensor.shape))?.name ??
      [...byName.keys()].find((name) => !/^(iter|scaling)\//.test(name) && !needed.some((own) => own.name === name))
    const restored = wrong === undefined
      ? like(initial, step, (name) => {
        const tensor = byName.get(name)
        return tensor === undefined ? undefined : tf.clone(tensor)
      })
      : undefined
    Optimizer.dispose(initial)
    if (restored === undefined) {
      throw misuse(
        `${wrong} of the saved state is not as ${this.chain.transform.name} keeps it: use the chain that it ` +
          "was saved with"
      )
    }
    return restored
  }

  /** The largest difference of the model's weights from those of a state, as a part of them where they are above 1. */
  async #distance(state: State): Promise<number> {
    const all = await Effect.runPromise(Tensors.evaluate(() => {
      const weights = Optimizer.weightsOf(this.chain, state)
      const off = this.network.variables.map((variable, i) =>
        tf.max(tf.div(tf.abs(tf.sub(variable, weights[i]!)), tf.maximum(1, tf.abs(variable))))
      )
      return tf.stack(off)
    }))
    return Math.max(...all)
  }
}

const isTransform = (how: NetworkOptimizerSettings | Transform): how is Transform => "update" in how

/** The chain that settings name; what the optimizer does not know is refused. */
const chainOf = ({ optimizer = "fg-sgd", ...settings }: NetworkOptimizerSettings): Transform => {
  const entry: Optimizers.Entry | undefined = Optimizers.optimizers[optimizer]
  if (entry === undefined) {
    throw misuse(`there is no optimizer ${optimizer}, only ${Object.keys(Optimizers.optimizers).join(", ")}`)
  }
  const idle = entry.ignores?.find((setting) => settings[setting] !== undefined)
  if (idle !== undefined) throw misuse(`the optimizer ${optimizer} has no ${idle}: leave it out`)
  return Optimizers.transform(optimizer, {
    momentum: 0.9,
    weightDecay: 0,
    rule: StepSize.curvatureAware(),
    ...settings
  })
}

/**
 * An optimizer for `model.compile` of TensorFlow.js: an optimizer of the catalogue with settings (momentum is 0.9
 * unless they say otherwise), or any chain. `fit`, `fitDataset` and `trainOnBatch` then take the steps of
 * `Optimizer.update`, to the same bits.
 *
 * @throws OptimizerError for settings or a chain that do not serve the network.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import * as tfl from "@tensorflow/tfjs-layers"
 * import * as Effect from "effect/Effect"
 * import { Network, Schedule } from "finegrain"
 * const conv = tfl.layers.conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3 })
 * const head = tfl.layers.dense({ units: 2, activation: "softmax" })
 * const model = tfl.sequential({ layers: [conv, tfl.layers.flatten(), head] })
 * const network = await Effect.runPromise(Network.make(model, { specification: "Sp" }))
 * const optimizer = Network.optimizer(network, { schedule: Schedule.constant(0.1) })
 * model.compile({ optimizer, loss: "categoricalCrossentropy" })
 * const [x, y] = [tf.randomUniform([8, 6, 6, 1]), tf.oneHot([0, 1, 0, 1, 0, 1, 0, 1], 2)]
 * await model.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0, callbacks: optimizer.renormalization(x) })
 * optimizer.iterations // => 4
 * ```
 */
export const optimizer = (network: Network, how: NetworkOptimizerSettings | Transform): NetworkOptimizer => {
  try {
    return new NetworkOptimizer(network, isTransform(how) ? how : chainOf(how))
  } catch (cause) {
    throw Optimizer.refusal(cause)
  }
}
