/** Normalization, sum and rectifier in one pass, with their gradients. */
import * as tf from "@tensorflow/tfjs-core"
import { kernelNames } from "../../engine/layerKernels.ts"

/** Whether the engine of the moment has the kernels. */
export const available = (): boolean => tf.getKernel(kernelNames.normalize, tf.getBackend()) !== undefined

const run = (
  name: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: tf.NamedAttrMap = {}
): ReadonlyArray<tf.Tensor> => {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined))
  const outputs = tf.engine().runKernel(name, given as tf.NamedTensorMap, attrs)
  return Array.isArray(outputs) ? outputs : [outputs]
}

/** Mean and variance of every channel. */
interface Moments {
  readonly mean: tf.Tensor
  readonly variance: tf.Tensor
}

/** What a normalization is made of. */
export interface NormalizationInputs {
  readonly x: tf.Tensor
  readonly gamma: tf.Tensor
  readonly beta: tf.Tensor
  readonly epsilon: number
  /** undefined: those of x over all other axes, which its gradient then goes through. */
  readonly moments: Moments | undefined
  /** Is told of the moments of x, which are freed after that. */
  readonly onMoments?: (moments: Moments) => void
  /** Added to what is normalized. */
  readonly residual?: tf.Tensor | undefined
  /** Whether the sum is rectified. */
  readonly relu: boolean
}

/**
 * γ(x − mean)/√(variance + ε) + β over the last axis, plus a residual, rectified; one pass more for the moments, and
 * two for the gradient, or three with a residual.
 */
export const normalize = ({ epsilon, relu, onMoments, ...n }: NormalizationInputs): tf.Tensor => {
  const inputs = [n.x, n.gamma, n.beta, ...(n.residual === undefined ? [] : [n.residual])]
  return tf.customGrad((...given) => {
    const [x, gamma, beta, ...more] = given as Array<tf.Tensor>
    const save = more.pop() as unknown as tf.GradSaveFunc
    const [residual] = more
    const all = run(kernelNames.normalize, { x, gamma, beta, residual, ...n.moments }, { epsilon, relu })
    const [y, mean = n.moments!.mean, variance = n.moments!.variance] = all as [tf.Tensor, tf.Tensor?, tf.Tensor?]
    if (n.moments === undefined) onMoments?.({ mean, variance })
    save([x!, gamma!, mean, variance, ...(relu ? [y] : [])])
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
        const [x, gamma, mean, variance, rectified] = saved as [
          ...[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
          tf.Tensor?
        ]
        // A residual's gradient is needed by itself; otherwise what passes the rectifier is found while it is read.
        const alone = residual !== undefined && rectified !== undefined
        const g = alone ? run(kernelNames.reluGradient, { x: rectified, dy })[0]! : dy
        const y = alone ? undefined : rectified
        const ofBatch = n.moments === undefined
        const gradients = run(
          kernelNames.normalizeGradient,
          { dy: g, x, gamma, mean, variance, y },
          { epsilon, ofBatch }
        )
        return [...gradients, ...(residual === undefined ? [] : [tf.clone(g)])]
      }
    }
  })(...inputs)
}

/** before − (before − value)·(1 − momentum). */
export const follow = (before: tf.Tensor, value: tf.Tensor, momentum: number): tf.Tensor =>
  run(kernelNames.follow, { before, value }, { momentum })[0]!

/** max(a + b, 0) of tensors of one shape, in one pass, and its gradient in one. */
export const addRelu = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.customGrad((...given) => {
    const [a, b, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const y = run(kernelNames.addRelu, { a, b })[0]!
    save([y])
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, [y]: Array<tf.Tensor>) => {
        const g = run(kernelNames.reluGradient, { x: y, dy })[0]!
        return [g, tf.clone(g)]
      }
    }
  })(a, b)
