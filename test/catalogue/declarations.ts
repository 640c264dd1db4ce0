import type * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Network, Schedule, Trainer } from "finegrain"
import { tinyDataset as dataset } from "../tinyDataset.ts"
import type { Row } from "./Row.ts"

const area = "what a model declares"

const conv = (more: object = {}) =>
  tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 2, kernelSize: 3, name: "conv", ...more })
const head = (more: object = {}) => tfl.layers.dense({ units: 3, name: "head", ...more })
const model = (...layers: ReadonlyArray<tfl.layers.Layer>) =>
  tfl.sequential({ layers: [conv(), ...layers, tfl.layers.flatten(), head()] })
const ended = (convolution: object, dense: object = {}, ...more: ReadonlyArray<tfl.layers.Layer>) =>
  tfl.sequential({ layers: [conv(convolution), tfl.layers.flatten(), head(dense), ...more] })

const prepared = Effect.fnUntraced(function*(given: tfl.LayersModel, options: Network.NetworkOptions = {}) {
  const network = yield* Network.make(given, { specification: "Sp", seed: 1, ...options })
  const schedule = Schedule.constant(0.1)
  return yield* Trainer.make({ network, dataset, schedule, epochs: 1, batchSize: 48, seed: 1 })
})

const trained = (given: tfl.LayersModel, options?: Network.NetworkOptions) =>
  Effect.flatMap(prepared(given, options), (run) => run.train(() => Effect.void))

const frozen = (given: tfl.LayersModel) => {
  given.trainable = false
  return given
}

const sequence = (...layers: ReadonlyArray<tfl.layers.Layer>) =>
  tfl.sequential({ layers: [tfl.layers.reshape({ inputShape: [8, 8, 1], targetShape: [8, 8] }), ...layers] })

const input = () => tfl.input({ shape: [8, 8, 1] })
const logits = (x: tfl.SymbolicTensor) =>
  tfl.layers.dense({ units: 3 }).apply(tfl.layers.flatten().apply(x) as tfl.SymbolicTensor) as tfl.SymbolicTensor

/** What a layer declares beside a manifold, an output that is no logits, and the like. */
export const rows: ReadonlyArray<Row> = [
  ...["maxNorm", "minMaxNorm", "nonNeg", "unitNorm"].map((constraint): Row => ({
    area,
    given: `${constraint} of a kernel on a sphere`,
    says: /Layer "conv": the constraint \w+ of its kernel is refused.*keep this kernel Euclidean/,
    run: () => prepared(ended({ kernelConstraint: constraint }))
  })),
  ...["Sp", "Ob", "St"].map((specification): Row => ({
    area,
    given: `an L2 regularizer of a kernel on ${specification}`,
    says: /the L2 regularizer of its kernel is refused.*it is a constant/,
    run: () => prepared(ended({ kernelRegularizer: tfl.regularizers.l2() }), { specification })
  })),
  ...["sigmoid", "hardSigmoid", "relu", "relu6", "tanh", "softplus", "softsign"].map((activation): Row => ({
    area,
    given: `an output through ${activation}`,
    says: /Layer "head": the activation \w+ of the output is refused.*Make the last layer linear/,
    run: () => prepared(ended({}, { activation }))
  })),
  {
    area,
    given: "a rectifier as the last layer",
    says: /the activation relu of the output is refused/,
    run: () => prepared(ended({}, {}, tfl.layers.reLU()))
  },
  {
    area,
    given: "a softmax as the last layer: left out for the loss",
    value: 0,
    run: () => Effect.map(trained(ended({}, { activation: "softmax" })), ({ tensorsLeaked }) => tensorsLeaked)
  },
  {
    area,
    given: "a model that is frozen as a whole",
    says: /The model: to be without weights that are trained is refused.*Unfreeze a layer before Network\.make/,
    run: () => prepared(frozen(model()))
  },
  {
    area,
    given: "a layer frozen after Trainer.make",
    says: /frozen after Network\.make, is refused/,
    run: () => {
      const given = model()
      return Effect.flatMap(prepared(given), (run) => {
        given.getLayer("head").trainable = false
        return run.train(() => Effect.void)
      })
    }
  },
  ...[[false, true], [true, false], [false, false]].map(([scale, center]): Row => ({
    area,
    given: `batch normalization with scale ${scale} and center ${center}`,
    value: 0,
    run: () =>
      Effect.map(
        trained(model(tfl.layers.batchNormalization({ scale: scale!, center: center! }))),
        ({ tensorsLeaked }) => tensorsLeaked
      )
  })),
  {
    area,
    given: "batch normalization of rows, which TensorFlow.js cannot train",
    value: 0,
    run: () => Effect.map(trained(model(tfl.layers.batchNormalization({ axis: 1 }))), (p) => p.tensorsLeaked)
  },
  {
    area,
    given: "a simple recurrent layer, with finegrain's imports alone",
    value: 0,
    run: () =>
      Effect.map(
        trained(sequence(tfl.layers.simpleRNN({ units: 3 })), { specification: "Euc" }),
        (p) => p.tensorsLeaked
      )
  },
  {
    area,
    given: "a state between batches",
    says: /stateful: true is refused/,
    run: () => {
      const rnn = tfl.layers.simpleRNN({ units: 3 })
      const given = sequence(rnn)
      Object.assign(rnn, { _stateful: true })
      return prepared(given, { specification: "Euc" })
    }
  },
  {
    area,
    given: "channels first of sequences",
    says: /dataFormat channelsFirst is refused.*permute/,
    run: () =>
      prepared(
        sequence(
          tfl.layers.conv1d({ filters: 2, kernelSize: 3, dataFormat: "channelsFirst" }),
          tfl.layers.flatten(),
          head()
        )
      )
  },
  {
    area,
    given: "two outputs",
    says: /The model: to have 2 outputs is refused/,
    run: () => {
      const x = input()
      return prepared(tfl.model({ inputs: x, outputs: [logits(x), logits(x)] }), { specification: "Euc" })
    }
  },
  {
    area,
    given: "two inputs",
    says: /The model: to have 2 inputs is refused/,
    run: () => {
      const [x, y] = [input(), input()]
      const sum = tfl.layers.add().apply([x, y]) as tfl.SymbolicTensor
      return prepared(tfl.model({ inputs: [x, y], outputs: logits(sum) }), { specification: "Euc" })
    }
  },
  {
    area,
    given: "a fixed batch",
    says: /The model: a batch of 7 images .* is refused/,
    run: () => {
      const x = tfl.input({ batchShape: [7, 8, 8, 1] })
      return prepared(tfl.model({ inputs: x, outputs: logits(x) }), { specification: "Euc" })
    }
  },
  {
    area,
    given: "a compiled loss that is not the trainer's",
    says: /to be compiled with the loss meanSquaredError is refused/,
    run: () => {
      const given = model()
      given.compile({ optimizer: "sgd", loss: "meanSquaredError" })
      return prepared(given)
    }
  },
  {
    area,
    given: "manifolds for a model of dense layers alone",
    says: /a network with Sp is refused, because none of its kernels would be on a manifold.*: head/,
    run: () => prepared(tfl.sequential({ layers: [tfl.layers.flatten({ inputShape: [8, 8, 1] }), head()] }))
  },
  {
    area,
    given: "images of random width",
    says: /to be a RandomWidth is refused/,
    run: () => {
      const x = input()
      const varied = tfl.layers.randomWidth({ factor: 0.1 }).apply(x) as tfl.SymbolicTensor
      return prepared(tfl.model({ inputs: x, outputs: varied }))
    }
  },
  {
    area,
    given: "a dilated convolution, whose gradient TensorFlow.js has not",
    says:
      /The model: the operation \w+ with a dilationRate between weights and loss is refused.*Leave dilationRate out/,
    run: () => trained(ended({ dilationRate: 2 }))
  },
  {
    area,
    given: "a dilated convolution that is frozen",
    value: 0,
    run: () => {
      const given = ended({ dilationRate: 2 })
      given.getLayer("conv").trainable = false
      return Effect.map(trained(given, { specification: "Euc" }), (p) => p.tensorsLeaked)
    }
  },
  {
    area,
    given: "an activity regularizer",
    says: /Layer "head": its activityRegularizer is refused/,
    run: () => {
      const given = model()
      Object.assign(given.getLayer("head"), { activityRegularizer: tfl.regularizers.l2() })
      return prepared(given)
    }
  },
  {
    area,
    given: "weights that are no float32",
    says: /the dtype int32 of conv\/kernel is refused/,
    run: () => {
      const given = model()
      Object.assign(given.getLayer("conv").trainableWeights[0]!, { dtype: "int32" satisfies tf.DataType })
      return prepared(given)
    }
  }
]
