// @module-tag threads
import * as tf from "@tensorflow/tfjs-core"
import { Gradients, Layers, Models, Seed } from "finegrain"
import { expect, it } from "vitest"
import { onEachBackend } from "../backends.ts"

const values = (tensors: tf.NamedTensorMap) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.dataSync()]]))

const freed = ({ grads, value }: ReturnType<typeof Gradients.ofVariables>) => {
  const found = { value: [...value.dataSync()], grads: values(grads) }
  tf.dispose([value, ...Object.values(grads)])
  return found
}

/** Losses in which a tensor is used twice, an output is left, and gradients are handed on as they come. */
const losses: Readonly<Record<string, (w: tf.Tensor, v: tf.Tensor) => tf.Tensor>> = {
  "used twice": (w, v) => {
    const u = tf.mul(w, v)
    return tf.sum(tf.add(tf.square(u), tf.exp(u)))
  },
  "an output that is not used": (w, v) => {
    const [first] = tf.split(tf.mul(w, v), 2)
    return tf.sum(tf.square(first!))
  },
  "gradients handed on": (w, v) => {
    const same = tf.customGrad((x) => ({ value: tf.clone(x as tf.Tensor), gradFunc: (dy: tf.Tensor) => dy }))
    return tf.sum(tf.mul(same(w), same(tf.add(same(w), v))))
  },
  "one gradient for two inputs": (w, v) => {
    const sum = tf.customGrad((a, b) => ({
      value: tf.add(a as tf.Tensor, b as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => [dy, dy]
    }))
    return tf.sum(tf.square(sum(w, tf.mul(v, 3))))
  },
  "the same tensor for two inputs": (w, v) => {
    const sum = tf.customGrad((a, b) => ({
      value: tf.add(a as tf.Tensor, b as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        const both = tf.mul(dy, 2)
        return [both, both]
      }
    }))
    return tf.sum(tf.square(sum(tf.square(w), tf.exp(v))))
  },
  "what was saved handed on": (w, v) => {
    const scaled = tf.customGrad((x, save) => {
      const factor = tf.add(tf.zerosLike(x as tf.Tensor), 2)
      ;(save as unknown as tf.GradSaveFunc)([factor])
      return { value: tf.mul(x as tf.Tensor, factor), gradFunc: (_: tf.Tensor, [two]: Array<tf.Tensor>) => two! }
    })
    return tf.add(tf.sum(scaled(tf.mul(w, v))), tf.sum(scaled(tf.neg(v))))
  }
}

onEachBackend("gradients of variables", () => {
  it.each(Object.entries(losses))("are TensorFlow.js' own: %s", (_, f) => {
    const before = tf.memory()
    const [w, v] = tf.tidy(() => [1, 2].map((seed) => tf.variable(Seed.normalTensor(seed, [4, 3])))) as [
      tf.Variable,
      tf.Variable
    ]
    const loss = () => f(w, v) as tf.Scalar
    const expected = freed(tf.variableGrads(loss, [w, v]) as ReturnType<typeof Gradients.ofVariables>)
    expect(freed(Gradients.ofVariables(loss, [w, v]))).toEqual(expected)
    tf.dispose([w, v])
    expect(tf.memory().numTensors).toBe(before.numTensors)
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers)
  })

  it("leave a constant that serves as a gradient alive", () => {
    const [constant, w] = [tf.tensor1d([1, 2]), tf.variable(tf.tensor1d([3, 4]))]
    const f = tf.customGrad((x) => ({ value: tf.clone(x as tf.Tensor), gradFunc: () => constant }))
    const { grads } = freed(Gradients.ofVariables(() => tf.sum(f(tf.square(w))) as tf.Scalar, [w]))
    expect(grads[w.name]).toEqual([6, 16])
    expect([...constant.dataSync()]).toEqual([1, 2])
    tf.dispose([constant, w])
  })

  it("are so for a residual network, in far less memory", () => {
    const model = Layers.accelerate(
      Models.cifarResNet({ height: 8, width: 8, channels: 1, classes: 3, depth: 20, seed: 1 })
    )
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
    const x = Seed.normalTensor(3, [4, 8, 8, 1])
    const loss = () => tf.sum(tf.square(model.apply(x, { training: false }) as tf.Tensor)) as tf.Scalar
    const before = tf.memory().numDataBuffers
    /** The most buffers that were alive at the end of a gradient's operation. */
    const watched = (of: () => ReturnType<typeof Gradients.ofVariables>) => {
      let most = 0
      const engine = tf.engine()
      const { disposeTensor } = engine
      engine.disposeTensor = (tensor) => {
        most = Math.max(most, tf.memory().numDataBuffers - before)
        disposeTensor.call(engine, tensor)
      }
      try {
        return { found: freed(of()), most }
      } finally {
        engine.disposeTensor = disposeTensor
      }
    }
    const stock = watched(() => tf.variableGrads(loss, variables) as ReturnType<typeof Gradients.ofVariables>)
    const own = watched(() => Gradients.ofVariables(loss, variables))
    expect(own.found).toEqual(stock.found)
    expect(own.most).toBeLessThan(0.7 * stock.most)
    expect(tf.memory().numDataBuffers).toBe(before)
    x.dispose()
    model.dispose()
  })

  it("leave what another gradient goes through", () => {
    const w = tf.variable(tf.scalar(2))
    const second = tf.grad((x: tf.Tensor) => {
      const { grads, value } = Gradients.ofVariables(() => tf.mul(tf.square(w), x) as tf.Scalar, [w])
      return tf.add(grads[w.name]!, value)
    })(tf.scalar(3))
    // d/dx (2wx + w²x) = 2w + w².
    expect(second.dataSync()[0]).toBe(8)
    tf.dispose([w, second])
  })
})
