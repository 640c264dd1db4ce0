/** What an optimizer remembers between steps. */
import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../../src/numerics/NestedTensors.ts"
import * as Seed from "../../../src/numerics/Seed.ts"
import * as TensorTree from "../../../src/numerics/TensorTree.ts"
import * as Optimizer from "../../../src/optimizer/Optimizer.ts"
import type { Law } from "../../Law.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Point, Trials } from "./Trials.ts"

/** A tree in which the leaves of some of its parts are others. */
const replaced = (
  tree: TensorTree.TensorTree,
  parts: ReadonlyArray<TensorTree.TensorTree>,
  f: () => tf.Tensor
): TensorTree.TensorTree => {
  const among = new Set(parts.flatMap(TensorTree.leaves))
  return TensorTree.map(tree, (leaf) => (among.has(leaf) ? f() : leaf))
}

/**
 * States stay tangent, and are carried linearly.
 *
 * @internal
 */
export const states = (
  { entries, amplified, problem, optimizerOf, run, gap, shown, tangents }: Trials
): ReadonlyArray<Law> => [
  shown("states stay tangent", "P(μᵗ) = μᵗ at ωᵗ", Tolerance.rounding(entries, 10), (c) => {
    const p = problem(c.seed)
    const { memory, x } = run(optimizerOf(p, c), c, 6).state
    const { manifold } = p.collection
    return tangents(memory).flatMap((u) => NestedTensors.leaves(NestedTensors.sub(u, manifold.project(x, u))))
      .map((normal) => tf.div(tf.max(tf.abs(normal)), 1 + c.size))
      .reduce((a, b) => tf.maximum(a, b), tf.scalar(0))
  }),
  shown("states are carried linearly", "T(au + bv) = aTu + bTv", amplified(10), (c) => {
    const p = problem(c.seed)
    const optimizer = optimizerOf(p, c)
    const { state } = run(optimizer, c, 1)
    const { collection } = p
    const to = collection.manifold.retract(
      state.x,
      NestedTensors.scale(0.3, collection.manifold.randomTangent(c.seed, state.x))
    )
    const here = { step: 1, x: state.x, collection, scaling: [] }
    const carried = (memory: TensorTree.TensorTree) => tangents(optimizer.transform.carry?.(memory, to, here) ?? memory)
    const filled = (seed: number) => {
      const u = collection.manifold.randomTangent(Seed.split(c.seed, seed), state.x)
      let k = 0
      // Every tangent tree has as many leaves as a point; other parts stay what they are.
      return replaced(state.memory, tangents(state.memory), () => NestedTensors.leaves(u)[k++ % u.length]!)
    }
    const [u, v] = [filled(1), filled(2)]
    const sum = TensorTree.map(u, (leaf, path) => {
      const other = new Map(TensorTree.entries(v)).get(path)!
      return tf.add(tf.mul(leaf, 2), tf.mul(other, -0.5))
    })
    const [a, b, ab] = [carried(u), carried(v), carried(sum)].map((trees) => trees.flatMap(NestedTensors.leaves))
    return ab!.map((leaf, i) => gap(leaf, tf.add(tf.mul(a![i]!, 2), tf.mul(b![i]!, -0.5))))
      .reduce((x, y) => tf.maximum(x, y), tf.scalar(0))
  })
]

/**
 * A restored state continues to the same bits.
 *
 * @internal
 */
export const restores = ({ problem, optimizerOf, gradient, run, gap, shown }: Trials): Law =>
  shown("a restored state continues to the same bits", "step(restore(save(s))) = step(s)", Tolerance.exact, (c) => {
    const optimizer = optimizerOf(problem(c.seed), c)
    const { state } = run(optimizer, c, 2)
    const copy = (x: Point) => x.map((leaf) => tf.add(tf.zerosLike(leaf), leaf))
    const restored = {
      ...state,
      x: copy(state.x),
      memory: TensorTree.map(state.memory, (leaf) => tf.add(tf.zerosLike(leaf), leaf))
    }
    const next = (s: typeof state) => Optimizer.update(optimizer, s, gradient(c, 2)).weights
    return gap(next(state), next(restored))
  })
