/** Optimizers as `model.compile` of TensorFlow.js takes them: `fit` then trains as a loop of one's own would. */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import * as TensorTree from "../numerics/TensorTree.ts"
import { readsAtOnce } from "../optimizer/fusion/readsAtOnce.ts"
import * as Gradients from "../optimizer/Gradients.ts"
import * as Optimizer from "../optimizer/Optimizer.ts"
import { stepRefusal } from "../optimizer/stepRefusal.ts"
import type { Told, Transform } from "../optimizer/Transform.ts"
import { takeExampleWeights } from "./compiled/exampleWeights.ts"
import { checkNames, inOrder, type NamedGradients } from "./compiled/named.ts"
import { callback, type RenormalizationInputs } from "./compiled/renormalization.ts"
import { restore, stepsOf } from "./compiled/saved.ts"
import { chainOf, type NetworkOptimizerSettings } from "./compiled/settings.ts"
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
import { scalingRefusal } from "./scalingRefusal.ts"
import { assignWeights, named, type NamedTensor } from "./stateTensors.ts"

export type { RenormalizationInputs } from "./compiled/renormalization.ts"
export type { NetworkOptimizerSettings } from "./compiled/settings.ts"

type State = Optimizer.State<NetworkPoint>

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
    takeExampleWeights(network.model)
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
    checkNames(this.network, (variables ?? own).map(({ name }) => name))
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
    const { state, told, weights } = Optimizer.update(this.chain, before, inOrder(this.network, gradients))
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
   *
   * @throws Diverged where a λ is no number.
   */
  async renormalize(inputs: tf.Tensor | ReadonlyArray<tf.Tensor>): Promise<void> {
    this.#begun()
    const lambdas = await Effect.runPromise(deviations(this.network, inputs))
    const before = this.#begun()
    const refusal = scalingRefusal(this.network, lambdas, before.step)
    if (refusal !== undefined) throw refusal
    const after = { ...before, scaling: scaling(this.network, lambdas) }
    tf.dispose([...before.scaling])
    assignWeights(this.network, this.chain, after)
    this.#keep(after)
  }

  /**
   * A callback of `fit` and `fitDataset` that renormalizes at the start of every epoch: from `examples` of the inputs,
   * by default 512, drawn anew by the network's seed and the epoch; a function's are taken as they are. Without it ℜ
   * stays γ.
   *
   * @throws OptimizerError for a number of examples that is none.
   */
  renormalization(
    inputs: RenormalizationInputs,
    { examples = 512 }: { readonly examples?: number } = {}
  ): tfl.CustomCallback {
    return callback(inputs, examples, this.network.seed, (drawn) => this.renormalize(drawn))
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
    const restored = await restore(this, saved)
    this.dispose()
    if (restored !== undefined) this.#keep(restored)
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

  #refusal(told: Told, step: number) {
    // Steps are looked at where that needs no waiting.
    if (!readsAtOnce()) return undefined
    const read = (tensor: tf.Tensor) => tensor.dataSync<"float32">()
    const { denominators, norms } = told
    return stepRefusal(
      { norms: read(norms!), ...(denominators === undefined ? {} : { denominators: read(denominators) }) },
      this.network.problem.collection.poms,
      step
    )
  }
}

const isTransform = (how: NetworkOptimizerSettings | Transform): how is Transform => "update" in how

/**
 * An optimizer for `model.compile` of TensorFlow.js: an optimizer of the catalogue with settings (momentum is 0.9
 * unless they say otherwise), or any chain. `fit`, `fitDataset` and `trainOnBatch` then take the steps of
 * `Optimizer.update`, to the same bits; `fit` takes `sampleWeight`, too.
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
