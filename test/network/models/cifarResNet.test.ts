import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { Models, Seed } from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../../backends.ts"

beforeAll(() => use("wasm"))

const trainable = (model: tfl.LayersModel) =>
  model.trainableWeights.reduce((sum, { shape }) => sum + shape.reduce<number>((a, b) => a * b!, 1), 0)

const cifar = { height: 32, width: 32, channels: 3, classes: 10 }

describe("residual networks for small images", () => {
  // He et al. 2016, table 6, in millions of parameters.
  it.each([[20, 0.27], [32, 0.46], [44, 0.66], [56, 0.85], [110, 1.7]])(
    "of depth %i have the published number of parameters",
    (depth, millions) => {
      const model = Models.cifarResNet({ ...cifar, depth })
      const digits = millions < 1 ? 2 : 1
      expect(Number((trainable(model) / 1e6).toFixed(digits))).toBe(millions)
      expect(model.layers.filter((layer) => layer.getClassName() === "Conv2D").length).toBe(depth - 1)
      model.dispose()
    }
  )

  it("have stages of 32, 16 and 8 pixels", () => {
    const model = Models.cifarResNet(cifar)
    const shapes = [1, 2, 3].map((stage) =>
      (model.getLayer(`stage${stage}_block3_add`).output as tfl.SymbolicTensor).shape
    )
    expect(shapes).toEqual([[null, 32, 32, 16], [null, 16, 16, 32], [null, 8, 8, 64]])
    model.dispose()
  })

  it("add two dense layers per block for squeeze-and-excitation", () => {
    const [plain, squeezed] = [Models.cifarResNet(cifar), Models.cifarResNet({ ...cifar, squeeze: 16 })]
    // C → C/16 → C with biases, three blocks of 16, 32 and 64 channels.
    const added = [16, 32, 64].reduce((sum, c) => sum + 3 * (c * (c / 16) * 2 + c / 16 + c), 0)
    expect(trainable(squeezed) - trainable(plain)).toBe(added)
    plain.dispose()
    squeezed.dispose()
  })

  it("come back from their JSON with the same outputs", async () => {
    const model = Models.cifarResNet({ ...cifar, depth: 8 })
    const restored = await tfl.models.modelFromJSON(model.toJSON(undefined, false) as unknown as tf.io.ModelJSON)
    restored.setWeights(model.getWeights())
    const x = Seed.normalTensor(1, [2, 32, 32, 3])
    const gap = tf.max(tf.abs(tf.sub(model.predict(x) as tf.Tensor, restored.predict(x) as tf.Tensor)))
    expect((await gap.data())[0]).toBe(0)
  })

  it("refuse depths and reductions that do not exist", () => {
    expect(() => Models.cifarResNet({ ...cifar, depth: 21 })).toThrow(/6n \+ 2 with n ≥ 1, not 21/)
    expect(() => Models.cifarResNet({ ...cifar, squeeze: 32 })).toThrow(/16 channels cannot be reduced 32 times/)
  })
})
