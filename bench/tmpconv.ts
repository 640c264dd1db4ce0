import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend, Seed } from "finegrain"
await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
const batch = 128, rounds = 9
const layers = [[28, 16, 16, 1], [14, 32, 32, 1], [7, 64, 64, 1], [28, 16, 32, 2], [14, 32, 64, 2], [28, 1, 16, 1], [
  14,
  256,
  256,
  1
], [7, 512, 512, 1]] as const
for (const [size, c, k, stride] of layers) {
  const b = c >= 256 ? 16 : batch
  const x = Seed.normalTensor(1, [b, size, size, c]) as tf.Tensor4D
  const filter = Seed.normalTensor(2, [3, 3, c, k]) as tf.Tensor4D
  const dy = tf.conv2d(x, filter, stride, "same")
  const attrs = { strides: stride, pad: "same", dataFormat: "NHWC" }
  const kernel = (name: string, inputs: any, more: object) => () =>
    void tf.engine().runKernel(name, inputs, { ...attrs, ...more } as never)
  const fs = [
    () => void tf.conv2d(x, filter, stride, "same"),
    kernel("Conv2DBackpropInput", { dy, filter }, { inputShape: x.shape }),
    kernel("Conv2DBackpropFilter", { x, dy }, { filterShape: filter.shape })
  ]
  const flops = 2 * 9 * c * k * dy.shape[1]! * dy.shape[2]! * b
  const r = fs.map((f) => {
    const ts: number[] = []
    for (let i = -2; i < rounds; i++) {
      const s = performance.now()
      tf.tidy(f)
      if (i >= 0) ts.push(performance.now() - s)
    }
    ts.sort((a, b) => a - b)
    return (flops / 1e6 / ts[rounds >> 1]!).toFixed(1)
  })
  console.log(size, c, k, stride, r.join("  "))
}
