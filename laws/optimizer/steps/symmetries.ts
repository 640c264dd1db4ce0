/** What a step does not depend on. */
import * as tf from "@tensorflow/tfjs-core"
import * as Grouping from "../../../src/collections/Grouping.ts"
import * as FusedKernels from "../../../src/engine/FusedKernels.ts"
import * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import * as Seed from "../../../src/numerics/Seed.ts"
import * as Optimizer from "../../../src/optimizer/Optimizer.ts"
import type { Law } from "../../Law.ts"
import type { Trials } from "./Trials.ts"

/**
 * Neither labels of kernels nor the grouping into POMs of one manifold matter, nor what happens in other POMs.
 *
 * @internal
 */
export const symmetries = (
  { rounding, problem, problemOf, inOrder, optimizerOf, weights, gradient, run, gap, shown }: Trials
): ReadonlyArray<Law> => [
  shown("relabelled kernels move as before", "step(σ·w, σ·g) = σ·step(w, g)", rounding, (c) => {
    const order = Array.from(Seed.permutation(c.seed, inOrder.length))
    const at = (x: tf.Tensor) => tf.gather(x, tf.tensor1d(order, "int32"))
    const plain = problemOf(Grouping.PIO("contiguous"), 0, inOrder)
    const relabelled = problemOf(Grouping.PIO("contiguous"), 0, order)
    const one = Optimizer.update(
      optimizerOf(plain, c),
      Optimizer.init(optimizerOf(plain, c), at(weights(c))),
      at(gradient(c))
    )
    const other = Optimizer.update(
      optimizerOf(relabelled, c),
      Optimizer.init(optimizerOf(relabelled, c), weights(c)),
      gradient(c)
    )
    return gap(one.weights, at(other.weights))
  }),
  shown("POMs of one manifold step alike", "PI, PO and PIO differ by the norms of their POMs only", rounding, (c) => {
    // Gradients so small that no norm matters to any rule.
    const small = { ...c, size: 1e-3 }
    const [a, b, d] = [Grouping.PI(), Grouping.PO(), Grouping.PIO()].map((strategy) =>
      run(optimizerOf(problemOf(strategy, c.seed, inOrder), c), small, 2).weights
    )
    return tf.maximum(gap(a!, b!), gap(b!, d!))
  }),
  shown("POMs do not share gradients", "step(w, g) = step(w, g′) in a POM where g = g′", rounding, (c) => {
    const p = problem(c.seed)
    const { arrangement, collection } = p
    /** The first POM by 1, all others by a factor. */
    const scaled = (u: tf.Tensor, others: number) => {
      const factors = tf.tensor1d(collection.poms.map((_, i) => i === 0 ? 1 : others))
      return arrangement.to(collection.scale(factors, arrangement.from(u)))
    }
    const after = (others: number) => {
      const optimizer = optimizerOf(p, c)
      return Optimizer.update(optimizer, Optimizer.init(optimizer, weights(c)), scaled(gradient(c), others)).weights
    }
    return tf.max(tf.abs(scaled(tf.sub(after(1), after(100)), 0)))
  })
]

/**
 * The engine's own step is the composed one.
 *
 * @internal
 */
export const engineIndependent = (
  { amplified, problem, optimizerOf, gradient, run, gap, shown, tangents }: Trials
): Law =>
  shown(
    "the engine's step is the composed one",
    "step_fused(ω, μ, g) = step_composed(ω, μ, g)",
    amplified(10),
    (c) => {
      const p = problem(c.seed)
      const { state } = run(optimizerOf(p, c), c, 1)
      const scaling = state.x.map((x, i) => tf.add(0.5, tf.abs(Seed.normalTensor(i, [x.shape[0]!, 1, 1]))))
      const next = () => Optimizer.update(optimizerOf(p, { ...c, rate: 0.1 }), { ...state, scaling }, gradient(c, 1))
      const [one, other] = [next(), FusedKernels.without(next)]
      const gaps = (of: (u: typeof one) => NestedTensors.NestedTensors) =>
        NestedTensors.leaves(of(one)).map((leaf, i) => gap(leaf, NestedTensors.leaves(of(other))[i]!))
      return tf.stack([
        ...gaps(({ state, weights }) => [state.x, weights]),
        // Of the size of the gradient, and their sums.
        ...gaps(({ state, told }) => [...tangents(state.memory), told["norms"]!]).map((g) => tf.div(g, 1 + c.size))
      ])
    }
  )
