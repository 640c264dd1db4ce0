import type * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import { Combinators, FgSgd, Grouping, Network, Optimizer, Schedule, Seed, Specification, TensorTree } from "finegrain"

/** A step that can be taken again and again, and what frees its tensors. */
export interface Repeated {
  readonly step: () => void
  /** When what was asked for is computed, on engines that go on before it is. */
  readonly settled: () => Promise<void>
  readonly dispose: () => void
}

/**
 * The whole step on one convolution layer, from the gradient of its weights to its next weights; every call takes the
 * next step.
 */
export const layerStep = (
  shape: readonly [number, number, number, number],
  collection: string,
  strategy: Grouping.Strategy = Grouping.PIO()
): Repeated => {
  const specification = Result.getOrThrow(Specification.parse(collection))
  const plan = Result.getOrThrow(Network.planLayer("layer", shape, { specification, strategy }, 1))
  const kernel = Combinators.kernelArrangement(plan.matricization, shape)
  const problem: Optimizer.Problem<ReadonlyArray<tf.Tensor>, tf.Tensor> = {
    collection: plan.collection,
    arrangement: {
      shape,
      from: (w) => plan.arrangement.from(kernel.from(w)),
      to: (p) => kernel.to(plan.arrangement.to(p))
    }
  }
  const optimizer = FgSgd.make(problem, { schedule: Schedule.constant(0.01), momentum: 0.9 })
  const gradient = Seed.normalTensor(2, shape)
  let state = Optimizer.init(optimizer, Seed.normalTensor(1, shape))
  return {
    step: () => {
      const { state: next, told, weights } = Optimizer.update(optimizer, state, gradient)
      Optimizer.dispose(state)
      TensorTree.dispose([weights, told])
      state = next
    },
    settled: async () => {
      await state.x[0]!.data()
    },
    dispose: () => {
      Optimizer.dispose(state)
      gradient.dispose()
    }
  }
}
