import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, FusedKernels, NestedTensors, type Network, Optimizer, StepFusion } from "finegrain"
import { writeFileSync } from "node:fs"
import { resNet, small, type Subject } from "./networkStep.ts"
import { inTurns, spread } from "./timing.ts"

/**
 * FG-SGD's step on all weights of a ResNet-20, or of another: the engine's own kernels against the composition of
 * TensorFlow.js' operations, in turns. Usage: npm run bench:fused -- [BACKEND [ROUNDS [OUT.json [MODEL]]]]
 */
const [name = "webgpu", rounds = "9", out, model = small.model] = process.argv.slice(2)
const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.layer(name as Backend.EngineName)))
const { network, optimizer } = await resNet({ ...small, model: model as Subject["model"] })
const gradients = network.variables.map((variable) => tf.mul(variable, 0.01))
let state = Optimizer.init(optimizer, network.variables)

const step = async (update: () => Optimizer.Updated<Network.NetworkPoint, Network.NetworkWeights>) => {
  const updated = update()
  // A GPU computes what is read.
  await updated.told["norms"]!.data()
  Optimizer.dispose(state)
  NestedTensors.dispose([updated.weights, updated.told["norms"]!, updated.told["denominators"]!])
  state = updated.state
}
const own = () => Optimizer.update(optimizer, state, gradients)
const [fused, composed] = await inTurns([
  { name: StepFusion.interpretation(optimizer), run: () => step(own) },
  { name: "composed", run: () => step(() => FusedKernels.without(own)) }
], Number(rounds))
process.stdout.write(
  `${device}: ${fused!.name} ${spread(fused!)} ms, composed ${spread(composed!)} ms, ratio ${
    (composed!.median / fused!.median).toFixed(1)
  }\n`
)
if (out !== undefined) writeFileSync(out, JSON.stringify({ device, model, fused, composed }))
