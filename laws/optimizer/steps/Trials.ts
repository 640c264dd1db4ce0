/** What the laws of optimizers have in common: random problems, gradients, and runs of some steps. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Collection from "../../../src/collections/Collection.ts"
import * as Grouping from "../../../src/collections/Grouping.ts"
import type * as Manifold from "../../../src/geometry/Manifold.ts"
import * as Seed from "../../../src/numerics/Seed.ts"
import * as TensorTree from "../../../src/numerics/TensorTree.ts"
import * as Optimizer from "../../../src/optimizer/Optimizer.ts"
import * as Schedule from "../../../src/optimizer/Schedule.ts"
import { law } from "../../Law.ts"
import * as Tolerance from "../../Tolerance.ts"
import type { Method } from "../Method.ts"

/** Kernels, grouped into POMs. */
export type Point = ReadonlyArray<tf.Tensor>
type Problem = Optimizer.Problem<Point, tf.Tensor>

const source = "Ozay 2019, algorithm 1; Bonnabel 2013"
const [inputs, outputs] = [3, 4]
const count = inputs * outputs

interface Case {
  readonly seed: number
  readonly rate: number
  readonly momentum: number
  /** Length of the gradients' entries. */
  readonly size: number
}

const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.nat({ max: 9999 }),
  rate: fc.constantFrom(0.01, 0.1, 0.5),
  momentum: fc.constantFrom(0, 0.9),
  size: fc.constantFrom(0.1, 1, 30)
})

/**
 * Kernels on the given manifolds, and a method that optimizes them.
 *
 * @internal
 */
export const trials = (
  manifolds: readonly [Manifold.Manifold, ...ReadonlyArray<Manifold.Manifold>],
  method: Method
) => {
  const matrix = manifolds[0].shape
  /** That of all kernels together. */
  const shape = [count, ...matrix]
  const entries = matrix.reduce((a, b) => a * b, 1)
  const amplified = (factor: number) => Tolerance.rounding(entries, factor * (method.amplification ?? 1))
  const rounding = amplified(4)

  /** POMs by a strategy; which kernel lives on which manifold does not depend on it. */
  const problemOf = (strategy: Grouping.Strategy, seed: number, order: ReadonlyArray<number>): Problem =>
    Collection.stack(
      strategy.groups(inputs, outputs, 1, seed).flatMap(({ indices }, g) =>
        manifolds.flatMap((manifold, k) => {
          const own = indices.filter((index) => index % manifolds.length === k).map((index) => order[index]!)
          return own.length === 0 ? [] : [{ name: `${g}/${k}`, indices: own, manifold }]
        })
      )
    )
  const inOrder = Array.from({ length: count }, (_, i) => i)
  const problem = (seed: number) => problemOf(Grouping.PIO(), seed, inOrder)
  const transformOf = ({ momentum, rate }: Case) => method.transform({ schedule: Schedule.constant(rate), momentum })
  const optimizerOf = (p: Problem, c: Case) => Optimizer.make(p, transformOf(c))
  const weights = ({ seed }: Case) => Seed.normalTensor(Seed.split(seed, "w"), shape)
  const gradient = ({ seed, size }: Case, t = 0) => tf.mul(Seed.normalTensor(Seed.split(seed, `g${t}`), shape), size)
  const run = (optimizer: Optimizer.Optimizer<Point, tf.Tensor>, c: Case, steps: number, start = weights(c)) => {
    let state = Optimizer.init(optimizer, start)
    let updated: Optimizer.Updated<Point, tf.Tensor> | undefined
    for (let t = 0; t < steps; t++) {
      const before = state
      const next = Optimizer.update(optimizer, before, gradient(c, t))
      // Nothing piles up in the region of a law that runs long.
      if (updated !== undefined) TensorTree.dispose([updated.weights, updated.told])
      Optimizer.dispose(before)
      updated = next
      state = next.state
    }
    return { state, weights: updated!.weights }
  }
  const gap = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b)))
  const shown = (
    name: string,
    equation: string,
    tolerance: Tolerance.Tolerance,
    residual: (c: Case) => tf.Tensor | number
  ) => law({ name, equation, source, arbitrary: cases, tolerance, residual })
  const tangents = (memory: TensorTree.TensorTree) => method.tangents(memory) as ReadonlyArray<Point>
  return {
    method,
    shape,
    entries,
    amplified,
    rounding,
    problemOf,
    inOrder,
    problem,
    transformOf,
    optimizerOf,
    weights,
    gradient,
    run,
    gap,
    shown,
    tangents
  }
}

/** The setting of laws of optimizers. */
export type Trials = ReturnType<typeof trials>
