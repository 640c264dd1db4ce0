import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, FgSgd, Models, Network, Seed, StepSize } from "finegrain"
await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
const batch = 128
const model = Models.cifarResNet({ height: 28, width: 28, channels: 1, classes: 10, seed: 1 })
const network = await Effect.runPromise(Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 }))
const optimizer = FgSgd.make(network.problem, { schedule: StepSize.constant(0.01), momentum: 0.9 })
const state = FgSgd.init(optimizer, network.variables)
const x = Seed.normalTensor(1, [batch, 28, 28, 1])
const y = tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"), 10)
const loss = () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar
const times = new Map<string, [number, number]>()
for (const k of tf.getKernelsForBackend("wasm")) {
  const f = k.kernelFunc
  tf.unregisterKernel(k.kernelName, "wasm")
  tf.registerKernel({
    ...k,
    kernelFunc: (call) => {
      const s = performance.now()
      const r = f(call)
      const d = performance.now() - s
      const key = k.kernelName
      const t = times.get(key) ?? [0, 0]
      times.set(key, [t[0] + d, t[1] + 1])
      return r
    }
  })
}
const step = () => {
  const { grads, value } = tf.variableGrads(loss, [...network.variables])
  const gs = network.variables.map(({ name }) => grads[name]!)
  FgSgd.update(optimizer, state, gs)
  tf.dispose([...gs, value])
}
for (let i = 0; i < 4; i++) step()
times.clear()
const s = performance.now()
const n = 8
for (let i = 0; i < n; i++) step()
const total = (performance.now() - s) / n
console.log("step", total.toFixed(1))
let sum = 0
for (const [k, [t, c]] of [...times].sort((a, b) => b[1][0] - a[1][0]).slice(0, 25)) {
  sum += t / n
  console.log(k.padEnd(28), (t / n).toFixed(2), c / n)
}
console.log("kernels", sum.toFixed(1), "rss", (process.memoryUsage().rss / 1e6).toFixed(0))
