import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { FgSgd, Gradients, Models, NestedTensors, Network, Optimizer, Schedule, Seed } from "finegrain"
import type { Repeated } from "./layerStep.ts"

/** A network, and the images that it is for. */
export interface Subject {
  readonly model: "ResNet-8" | "ResNet-20" | "ResNet-18" | "ResNet-50"
  readonly side: number
  readonly channels: number
}

export const small: Subject = { model: "ResNet-20", side: 28, channels: 1 }

const modelOf = ({ channels, model, side }: Subject) => {
  const images = { height: side, width: side, channels, classes: 10, seed: 1 }
  return model === "ResNet-8" || model === "ResNet-20"
    ? Models.cifarResNet({ ...images, depth: model === "ResNet-8" ? 8 : 20 })
    : Models.resNet({ ...images, depth: model === "ResNet-18" ? 18 : 50 })
}

/** A network, ResNet-20 for 28×28 pixels by default, four manifolds mixed in every layer, with its optimizer. */
export const resNet = async (subject: Subject = small) => {
  const network = await Effect.runPromise(
    Network.make(modelOf(subject), { specification: "Sp+Ob+St+Euc", seed: 1 })
  )
  return { network, optimizer: FgSgd.make(network.problem, { schedule: Schedule.constant(0.01), momentum: 0.9 }) }
}

/** A batch of noise with labels. */
export const noise = (batch: number, { channels, side }: Subject = small) => ({
  x: Seed.normalTensor(1, [batch, side, side, channels]),
  y: tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"), 10)
})

/** The loss of a batch. */
export const lossOn = ({ model }: Network.Network, { x, y }: ReturnType<typeof noise>): () => tf.Scalar => () =>
  tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar

const disposed = ({ told, weights }: Optimizer.Updated<Network.NetworkPoint, Network.NetworkWeights>) =>
  NestedTensors.dispose([weights, told["norms"]!, told["denominators"]!])

/** A GPU computes what is read. */
const settled = async (tensors: NestedTensors.NestedTensors) => {
  await NestedTensors.leaves(tensors).at(-1)!.data()
}

/** A whole training step: loss, gradient, FG-SGD; every call takes the next step. */
export const networkStep = async (batch: number, subject: Subject = small): Promise<Repeated> => {
  const { network, optimizer } = await resNet(subject)
  const images = noise(batch, subject)
  const loss = lossOn(network, images)
  let state = Optimizer.init(optimizer, network.variables)
  return {
    step: () => {
      const { grads, value } = Gradients.ofVariables(loss, network.variables)
      const gradients = network.variables.map(({ name }) => grads[name]!)
      const updated = Optimizer.update(optimizer, state, gradients)
      Network.assign(network, updated.weights)
      NestedTensors.dispose(gradients)
      disposed(updated)
      Optimizer.dispose(state)
      value.dispose()
      state = updated.state
    },
    settled: () => settled(network.variables),
    dispose: () => {
      Optimizer.dispose(state)
      NestedTensors.dispose([images.x, images.y])
      network.model.dispose()
    }
  }
}

/** FG-SGD's part of it alone, from gradients to the next weights. */
export const optimizerStep = async (subject: Subject = small): Promise<Repeated> => {
  const { network, optimizer } = await resNet(subject)
  const gradients = network.variables.map((variable) => tf.mul(variable, 0.01))
  let state = Optimizer.init(optimizer, network.variables)
  return {
    step: () => {
      const updated = Optimizer.update(optimizer, state, gradients)
      disposed(updated)
      Optimizer.dispose(state)
      state = updated.state
    },
    settled: () => settled(state.x),
    dispose: () => {
      Optimizer.dispose(state)
      NestedTensors.dispose(gradients)
      network.model.dispose()
    }
  }
}
