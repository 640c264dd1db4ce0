import * as tf from "@tensorflow/tfjs-core"

/** An entry of TensorFlow.js' tape: how the gradient of an operation's results becomes that of its inputs. */
type TapeNode = NonNullable<ReturnType<typeof tf.engine>["state"]["activeTape"]>[number]

/**
 * Lets going back along the tape free what it is done with: by the time that the gradient of one operation is asked
 * for, nobody needs that of the results of the operation before, nor what that one had saved. TensorFlow.js keeps it
 * all to the end.
 */
const releasing = (tape: ReadonlyArray<TapeNode>): void => {
  let done: ReadonlyArray<tf.Tensor> = []
  for (const node of tape) {
    const { gradient: stock, saved = [] } = node
    if (stock === undefined || stock === null) continue
    node.gradient = (dys) => {
      tf.dispose([...done])
      // An output that does not lead to the loss has null.
      done = [...dys.filter((dy) => dy !== null), ...saved]
      const found = stock(dys)
      // A gradient function may hand on what it was given, the same tensor twice, or one of its caller's: each result
      // gets a handle of its own.
      return Object.fromEntries(Object.entries(found).map(([input, of]) => [input, () => tf.clone(of())]))
    }
  }
}

/**
 * A loss and its gradients with respect to variables, as `tf.variableGrads`, in about two thirds of the memory:
 * gradients of activations, and what operations saved for them, are freed as soon as nothing needs them any more.
 *
 * The caller owns the value and the gradients, one per variable that the loss depends on.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core"
 * import { Gradients } from "finegrain"
 * const w = tf.variable(tf.scalar(3))
 * const { grads, value } = Gradients.ofVariables(() => tf.square(w), [w])
 * value.dataSync()[0] // => 9
 * grads[w.name]!.dataSync()[0] // => 6
 * ```
 */
export const ofVariables = (
  loss: () => tf.Scalar,
  variables: ReadonlyArray<tf.Variable>
): { readonly value: tf.Scalar; readonly grads: tf.NamedTensorMap } =>
  tf.variableGrads(() => {
    const value = loss()
    const { activeTape, gradientDepth } = tf.engine().state
    // Within another gradient, that one still needs everything.
    if (gradientDepth === 1 && activeTape !== null && activeTape !== undefined) releasing(activeTape)
    return value
  }, [...variables])
