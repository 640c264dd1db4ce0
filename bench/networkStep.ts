import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { FgSgd, Gradients, Models, NestedTensors, Network, Optimizer, Schedule, Seed } from "finegrain"
import type { Repeated } from "./layerStep.ts"

/** ResNet-20 for 28×28 pixels, four manifolds mixed in every layer, with its optimizer. */
export const resNet20 = async () => {
  const model = Models.cifarResNet({ height: 28, width: 28, channels: 1, classes: 10, seed: 1 })
  const network = await Effect.runPromise(Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 }))
  return { network, optimizer: FgSgd.make(network.problem, { schedule: Schedule.constant(0.01), momentum: 0.9 }) }
}

/** The loss of a batch of noise. */
export const lossOn = ({ model }: Network.Network, batch: number): () => tf.Scalar => {
  const x = Seed.normalTensor(1, [batch, 28, 28, 1])
  const y = tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"), 10)
  return () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar
}

/** A whole training step of ResNet-20: loss, gradient, FG-SGD; every call takes the next step. */
export const networkStep = async (batch: number): Promise<Repeated> => {
  const { network, optimizer } = await resNet20()
  const loss = lossOn(network, batch)
  let state = Optimizer.init(optimizer, network.variables)
  return {
    step: () => {
      const { grads, value } = Gradients.ofVariables(loss, network.variables)
      const gradients = network.variables.map(({ name }) => grads[name]!)
      const updated = Optimizer.update(optimizer, state, gradients)
      Network.assign(network, updated.weights)
      NestedTensors.dispose([gradients, updated.weights, updated.told["norms"]!, updated.told["denominators"]!])
      Optimizer.dispose(state)
      value.dispose()
      state = updated.state
    },
    dispose: () => {
      Optimizer.dispose(state)
      network.model.dispose()
    }
  }
}
