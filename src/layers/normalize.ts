import * as tf from "@tensorflow/tfjs-core"
import { kernelNames } from "./kernels.ts"

/** Whether the engine of the moment has the kernels. */
export const available = (): boolean => tf.getKernel(kernelNames.moments, tf.getBackend()) !== undefined

const run = <A extends tf.Tensor | [tf.Tensor, tf.Tensor]>(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: tf.NamedAttrMap = {}
): A => {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined))
  return tf.engine().runKernel(name, given as tf.NamedTensorMap, attrs) as A
}

/** Mean and variance per channel, over all other axes. */
export const moments = (x: tf.Tensor): readonly [mean: tf.Tensor, variance: tf.Tensor] =>
  run<[tf.Tensor, tf.Tensor]>(kernelNames.moments, { x })

/** What a normalization is made of. */
export interface Normalization {
  readonly x: tf.Tensor
  readonly gamma: tf.Tensor
  readonly beta: tf.Tensor
  readonly mean: tf.Tensor
  readonly variance: tf.Tensor
  readonly epsilon: number
  /** Whether mean and variance are those of x, which its gradient then goes through. */
  readonly ofBatch: boolean
  /** Added to what is normalized. */
  readonly residual?: tf.Tensor | undefined
  /** Whether the sum is rectified. */
  readonly relu: boolean
}

/**
 * γ(x − mean)/√(variance + ε) + β over the last axis, plus a residual, rectified: in one pass, and its gradient in two, or three with a
 * residual.
 */
export const normalize = (n: Normalization): tf.Tensor => {
  const { mean } = n
  const inverse = tf.rsqrt(tf.add(n.variance, n.epsilon))
  const inputs = [n.x, n.gamma, n.beta, ...(n.residual === undefined ? [] : [n.residual])]
  return tf.customGrad((...given) => {
    const [x, gamma, beta, ...more] = given as Array<tf.Tensor>
    const save = more.pop() as unknown as tf.GradSaveFunc
    const [residual] = more
    const k = tf.mul(gamma!, inverse)
    const d = tf.sub(beta!, tf.mul(mean, k))
    const y = run<tf.Tensor>(kernelNames.scale, { x, k, d, residual }, { relu: n.relu })
    save([x!, gamma!, mean, inverse, ...(n.relu ? [y] : [])])
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [x, gamma, mean, inverse, rectified] = saved as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor | undefined
        ]
        // A residual's gradient is needed by itself; otherwise what passes the rectifier is found while it is read.
        const alone = residual !== undefined && rectified !== undefined
        const g = alone ? run<tf.Tensor>(kernelNames.reluGradient, { x: rectified, dy }) : dy
        const y = alone ? undefined : rectified
        const [sum, product] = run<[tf.Tensor, tf.Tensor]>(kernelNames.sums, { dy: g, x, mean, y })
        const ka = tf.mul(gamma, inverse)
        const rows = x.size / mean.size
        const kb = n.ofBatch
          ? tf.div(tf.mul(tf.mul(tf.neg(ka), tf.square(inverse)), product), rows)
          : tf.zerosLike(ka)
        const kc = n.ofBatch
          ? tf.neg(tf.add(tf.div(tf.mul(ka, sum), rows), tf.mul(kb, mean)))
          : tf.zerosLike(ka)
        const dx = run<tf.Tensor>(kernelNames.affine, { a: g, ka, b: x, kb, kc, y })
        return [dx, tf.mul(product, inverse), sum, ...(residual === undefined ? [] : [tf.clone(g)])]
      }
    }
  })(...inputs)
}

/** max(a + b, 0) of tensors of one shape, in one pass, and its gradient in one. */
export const addRelu = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.customGrad((...given) => {
    const [a, b, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const y = run<tf.Tensor>(kernelNames.addRelu, { a, b })
    save([y])
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, [y]: Array<tf.Tensor>) => {
        const g = run<tf.Tensor>(kernelNames.reluGradient, { x: y, dy })
        return [g, tf.clone(g)]
      }
    }
  })(a, b)
