import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Collection from "../src/collections/Collection.ts"
import * as Grouping from "../src/collections/Grouping.ts"
import * as Fused from "../src/engine/Fused.ts"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as Euclidean from "../src/geometry/manifolds/Euclidean.ts"
import * as Points from "../src/numerics/Points.ts"
import * as Seed from "../src/numerics/Seed.ts"
import * as FgSgd from "../src/optimizer/FgSgd.ts"
import * as StepSize from "../src/optimizer/StepSize.ts"
import { law, type LawSet } from "./Law.ts"
import * as Tolerance from "./Tolerance.ts"

type Point = ReadonlyArray<tf.Tensor>
type Problem = FgSgd.Problem<Point, tf.Tensor>
type Stages = FgSgd.Stages<Point, tf.Tensor>

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
 * The laws of FG-SGD on stacks of kernels that live on the given manifolds of one shape, with some of its stages replaced.
 *
 * @example
 * ```ts
 * import { Sphere, Stiefel } from "finegrain"
 * import { Law, optimizerLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(optimizerLaws([Sphere.make([3, 3]), Stiefel.make([3, 3])]), { runs: 3 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const optimizerLaws = (
  manifolds: readonly [Manifold.Manifold, ...ReadonlyArray<Manifold.Manifold>],
  stages: Partial<Stages> = {}
): LawSet => {
  const matrix = manifolds[0].shape
  const entries = matrix.reduce((a, b) => a * b, 1)
  const rounding = Tolerance.rounding(entries, 4)

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
  const optimizerOf = (p: Problem, { momentum, rate }: Case, rule: StepSize.Rule = StepSize.curvatureAware()) =>
    FgSgd.make(p, { schedule: StepSize.constant(rate), momentum, rule }, stages)
  const weights = ({ seed }: Case) => Seed.normalTensor(Seed.split(seed, "w"), [count, ...matrix])
  const gradient = ({ seed, size }: Case, t = 0) =>
    tf.mul(Seed.normalTensor(Seed.split(seed, `g${t}`), [count, ...matrix]), size)
  const run = (optimizer: FgSgd.FgSgd<Point, tf.Tensor>, c: Case, steps: number, start = weights(c)) => {
    let state = FgSgd.init(optimizer, start)
    let updated: FgSgd.Updated<Point, tf.Tensor> | undefined
    for (let t = 0; t < steps; t++) {
      const before = state
      const next = FgSgd.update(optimizer, before, gradient(c, t))
      // Nothing piles up in the region of a law that runs long.
      if (updated !== undefined) Points.dispose([updated.weights, updated.norms, updated.denominators])
      FgSgd.dispose(before)
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

  const laws = [
    shown(
      "Euclidean kernels follow SGD with momentum",
      "m ← θm + g, w ← w − rm",
      Tolerance.rounding(entries, 200),
      (c) => {
        const flat = Euclidean.make(matrix)
        const optimizer = optimizerOf(
          Collection.stack(inOrder.map((index) => ({ name: `${index}`, indices: [index], manifold: flat }))),
          c
        )
        let [w, m] = [weights(c), tf.zerosLike(weights(c))]
        for (let t = 0; t < 4; t++) {
          m = tf.add(tf.mul(m, c.momentum), gradient(c, t))
          w = tf.sub(w, tf.mul(m, c.rate))
        }
        return tf.div(gap(run(optimizer, c, 4).weights, w), 1 + c.size)
      }
    ),
    shown("iterates stay on the manifold", "c(ωᵗ) = 0", rounding, (c) => {
      const p = problem(c.seed)
      return p.collection.manifold.residual(run(optimizerOf(p, c), c, 12).state.x)
    }),
    {
      ...shown(
        "iterates stay on the manifold for 10,000 steps",
        "c(ωᵗ) ≤ 10⁻⁶ for t = 10,000",
        Tolerance.measured(1e-6, "the accuracy that this library promises in float32"),
        (c) => {
          const p = problem(c.seed)
          return p.collection.manifold.residual(run(optimizerOf(p, c), c, 10_000).state.x)
        }
      ),
      maxRuns: 1
    },
    shown("momentum stays tangent", "P(μᵗ) = μᵗ at ωᵗ", Tolerance.rounding(entries, 10), (c) => {
      const p = problem(c.seed)
      const { momentum, x } = run(optimizerOf(p, c), c, 6).state
      const normal = Points.leaves(Points.sub(momentum, p.collection.manifold.project(x, momentum)))
      return tf.div(normal.map((u) => tf.max(tf.abs(u))).reduce((a, b) => tf.maximum(a, b)), 1 + c.size)
    }),
    shown(
      "steps obey the bound",
      "‖v‖ ≤ r·min(R, 1/(2ρ + R)) on curved POMs, r·R on flat ones",
      Tolerance.measured(1e-4, "relative rounding of sums of a few dozen squares"),
      (c) => {
        const p = problem(c.seed)
        const optimizer = optimizerOf(p, c)
        const state = FgSgd.init(optimizer, weights(c))
        const context = { ...optimizer, state }
        const direction = optimizer.stages.tangentProjection(context, p.arrangement.from(gradient(c)))
        const { v } = optimizer.stages.stepSize(context, direction)
        const R = tf.sqrt(p.collection.squaredNorms(state.x, direction))
        const length = tf.sqrt(p.collection.squaredNorms(state.x, v))
        const curvatures = p.collection.poms.map(({ curvature }) => curvature.max)
        const rho = tf.tensor1d(curvatures.map((k) => Math.min(1, 1 / k)))
        const curved = tf.tensor1d(curvatures.map((k) => k > 0 ? 1 : 0))
        const clipped = tf.minimum(R, tf.div(1, tf.add(tf.mul(rho, 2), R)))
        const bound = tf.mul(tf.add(tf.mul(curved, clipped), tf.mul(tf.sub(1, curved), R)), c.rate)
        return tf.relu(tf.sub(tf.div(length, bound), 1))
      }
    ),
    shown("relabelled kernels move as before", "step(σ·w, σ·g) = σ·step(w, g)", rounding, (c) => {
      const order = Array.from(Seed.permutation(c.seed, count))
      const at = (x: tf.Tensor) => tf.gather(x, tf.tensor1d(order, "int32"))
      const plain = problemOf(Grouping.PIO("contiguous"), 0, inOrder)
      const relabelled = problemOf(Grouping.PIO("contiguous"), 0, order)
      const one = FgSgd.update(
        optimizerOf(plain, c),
        FgSgd.init(optimizerOf(plain, c), at(weights(c))),
        at(gradient(c))
      )
      const other = FgSgd.update(
        optimizerOf(relabelled, c),
        FgSgd.init(optimizerOf(relabelled, c), weights(c)),
        gradient(c)
      )
      return gap(one.weights, at(other.weights))
    }),
    shown("grouping changes step sizes only", "with g = 1, PI, PO and PIO give the same weights", rounding, (c) => {
      const [a, b, d] = [Grouping.PI(), Grouping.PO(), Grouping.PIO()].map((strategy) =>
        run(optimizerOf(problemOf(strategy, c.seed, inOrder), c, StepSize.plain), { ...c, size: 0.3 }, 2).weights
      )
      return tf.maximum(gap(a!, b!), gap(b!, d!))
    }),
    shown("small steps descend", "f(ωᵗ⁺¹) < f(ωᵗ) for f = ‖W − a‖²/2 and small r", Tolerance.exact, (c) => {
      const p = problem(c.seed)
      const small = { ...c, momentum: 0, rate: 0.01 }
      const target = tf.mul(Seed.normalTensor(Seed.split(c.seed, "a"), [count, ...matrix]), 2)
      const optimizer = optimizerOf(p, small)
      const state = FgSgd.init(optimizer, weights(c))
      const before = p.arrangement.to(state.x)
      const value = (w: tf.Tensor) => tf.sum(tf.square(tf.sub(w, target)))
      const { weights: after } = FgSgd.update(optimizer, state, tf.sub(before, target))
      return tf.cast(tf.greaterEqual(value(after), value(before)), "float32")
    }),
    shown(
      "the engine's step is the composed one",
      "step_fused(ω, μ, g) = step_composed(ω, μ, g)",
      Tolerance.rounding(entries, 10),
      (c) => {
        const p = problem(c.seed)
        const { state } = run(optimizerOf(p, c), c, 1)
        const scaling = state.x.map((x, i) => tf.add(0.5, tf.abs(Seed.normalTensor(i, [x.shape[0]!, 1, 1]))))
        const next = () => FgSgd.update(optimizerOf(p, { ...c, rate: 0.1 }), { ...state, scaling }, gradient(c, 1))
        const [one, other] = [next(), Fused.without(next)]
        const gaps = (of: (u: typeof one) => Points.Points) =>
          Points.leaves(of(one)).map((leaf, i) => gap(leaf, Points.leaves(of(other))[i]!))
        return tf.stack([
          ...gaps(({ state, weights }) => [state.x, weights]),
          // Of the size of the gradient, and their sums.
          ...gaps(({ norms, state }) => [state.momentum, norms]).map((g) => tf.div(g, 1 + c.size))
        ])
      }
    ),
    shown("a restored state continues to the same bits", "step(restore(save(s))) = step(s)", Tolerance.exact, (c) => {
      const optimizer = optimizerOf(problem(c.seed), c)
      const { state } = run(optimizer, c, 2)
      const copy = (x: Point) => x.map((leaf) => tf.add(tf.zerosLike(leaf), leaf))
      const restored = { ...state, x: copy(state.x), momentum: copy(state.momentum) }
      const next = (s: typeof state) => FgSgd.update(optimizer, s, gradient(c, 2)).weights
      return gap(next(state), next(restored))
    })
  ]
  return {
    name: `FG-SGD on ${manifolds.map(({ name }) => name).join(", ")}`,
    parents: [],
    laws,
    notApplicable: []
  }
}
