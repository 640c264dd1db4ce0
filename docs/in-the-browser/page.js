import simd from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm"
import * as stockWebgpu from "@tensorflow/tfjs-backend-webgpu"
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import { Backend, Network, Schedule, Seed } from "finegrain/browser"

/** The first engine that works, or that of the address, as in page.html?engine=wasm&epochs=2. */
const asked = new URLSearchParams(location.search)
const engines = { webgpu: Backend.webgpu(stockWebgpu), wasm: Backend.wasm({ simd }), cpu: Backend.cpu }
const engine = engines[asked.get("engine")] ??
  Backend.auto({ webgpu: stockWebgpu, wasm: { simd } })

/** Noisy 8×8 pictures of horizontal and vertical stripes and of blanks. */
const count = 192
const noise = Seed.uniforms(1, count * 64)
const pixels = Float32Array.from({ length: count * 64 }, (_, i) => {
  const [label, row, column] = [Math.floor(i / 64) % 3, Math.floor((i % 64) / 8), i % 8]
  return 0.5 * [row % 2, column % 2, 0.5][label] + 0.5 * noise[i]
})

/** A row of the table. */
const row = (part, kind, cells) => {
  const line = document.querySelector(part).insertRow()
  for (const text of cells) line.appendChild(document.createElement(kind)).textContent = text
}

/** By manifold, how far its farthest kernel is off it. */
const residuals = async (network, optimizer) => {
  const farthest = new Map()
  for (const { kinds, variable } of network.layers) {
    for (const [i, { manifold, symbol }] of kinds.entries()) {
      const residual = tf.tidy(() => tf.max(manifold.residual(optimizer.state.x[variable][i])))
      const [value] = await residual.data()
      residual.dispose()
      farthest.set(symbol, Math.max(value, farthest.get(symbol) ?? 0))
    }
  }
  return Object.fromEntries(farthest)
}

const program = Effect.gen(function*() {
  const { device, name } = yield* Backend.Backend
  document.querySelector("#engine").textContent = device
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 8, kernelSize: 3, activation: "relu" }),
      tfl.layers.conv2d({ filters: 8, kernelSize: 3, activation: "relu" }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3, activation: "softmax" })
    ]
  })
  const network = yield* Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 })
  const optimizer = Network.optimizer(network, { schedule: Schedule.constant(0.1) })
  model.compile({ optimizer, loss: "categoricalCrossentropy" })
  const x = tf.tensor4d(pixels, [count, 8, 8, 1])
  const y = tf.oneHot(tf.tensor1d(Array.from({ length: count }, (_, i) => i % 3), "int32"), 3)
  row("thead", "th", ["epoch", "loss", ...network.layers[0].kinds.map(({ symbol }) => symbol)])
  const epochs = []
  const onEpochEnd = async (epoch, { loss }) => {
    const farthest = await residuals(network, optimizer)
    epochs.push({ loss, farthest })
    row("tbody", "td", [epoch + 1, loss.toFixed(4), ...Object.values(farthest).map((off) => off.toExponential(1))])
  }
  const callbacks = [optimizer.renormalization(x), new tfl.CustomCallback({ onEpochEnd })]
  yield* Effect.promise(() => model.fit(x, y, { epochs: Number(asked.get("epochs") ?? 8), batchSize: 32, callbacks }))
  return { name, device, epochs }
})

/** What came of it, also for the test of this page. */
globalThis.trained = Effect.runPromise(Effect.provide(program, engine)).catch((error) => {
  document.querySelector("#engine").textContent = error.message
  throw error
})
