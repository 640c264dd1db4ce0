import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Collection from "../../src/collections/Collection.ts"
import * as Grouping from "../../src/collections/Grouping.ts"
import * as FusedKernels from "../../src/engine/FusedKernels.ts"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Euclidean from "../../src/geometry/manifolds/Euclidean.ts"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import * as TensorTree from "../../src/numerics/TensorTree.ts"
import * as Optimizer from "../../src/optimizer/Optimizer.ts"
import * as Schedule from "../../src/optimizer/Schedule.ts"
import { chain, type Transform } from "../../src/optimizer/Transform.ts"
import * as Transforms from "../../src/optimizer/transforms/index.ts"
import { type Law, law, type LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import { fgSgd, type Method } from "./Method.ts"

type Point = ReadonlyArray<tf.Tensor>
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
 * The laws of a method, FG-SGD by default, on stacks of kernels that live on the given manifolds of one shape; without
 * `longRuns`, those of 10,000 steps are left out.
 *
 * @example
 * ```ts
 * import { Sphere, Stiefel } from "finegrain"
 * import { Law, methods, optimizerLaws } from "finegrain/laws"
 * const laws = optimizerLaws([Sphere.make([3, 3]), Stiefel.make([3, 3])], methods.fgSgd, { longRuns: false })
 * const reports = await Law.checkAll(laws, { runs: 3 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const optimizerLaws = (
  manifolds: readonly [Manifold.Manifold, ...ReadonlyArray<Manifold.Manifold>],
  method: Method = fgSgd,
  { longRuns = true }: { readonly longRuns?: boolean } = {}
): LawSet => {
  const matrix = manifolds[0].shape
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
  const weights = ({ seed }: Case) => Seed.normalTensor(Seed.split(seed, "w"), [count, ...matrix])
  const gradient = ({ seed, size }: Case, t = 0) =>
    tf.mul(Seed.normalTensor(Seed.split(seed, `g${t}`), [count, ...matrix]), size)
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

  // Minutes for a method of many operations.
  const long: Law = {
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
  }

  const laws = [
    shown(
      "Euclidean kernels follow the classical method",
      "SGD with momentum, Adam, … entry by entry",
      amplified(200),
      (c) => {
        const flat = Collection.pom(Euclidean.make([count, ...matrix]), "flat")
        const optimizer = Optimizer.make(Optimizer.onPoints(flat), transformOf(c))
        let state = Optimizer.init(optimizer, weights(c))
        const gradients = [0, 1, 2, 3].map((t) => gradient(c, t))
        for (const g of gradients) state = Optimizer.update(optimizer, state, g).state
        return tf.div(gap(state.x, method.classical(weights(c), gradients, c.rate, c.momentum)), 1 + c.size)
      }
    ),
    shown("iterates stay on the manifold", "c(ωᵗ) = 0", Tolerance.rounding(entries, 4), (c) => {
      const p = problem(c.seed)
      return p.collection.manifold.residual(run(optimizerOf(p, c), c, 12).state.x)
    }),
    ...(longRuns ? [long] : []),
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
      const carried = (memory: TensorTree.TensorTree) =>
        tangents(optimizer.transform.carry?.(memory, to, here) ?? memory)
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
    }),
    shown("relabelled kernels move as before", "step(σ·w, σ·g) = σ·step(w, g)", rounding, (c) => {
      const order = Array.from(Seed.permutation(c.seed, count))
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
    shown("rates of 1 change no bit", "rates(1) = identity", Tolerance.exact, (c) => {
      const p = problem(c.seed)
      const labels = [...new Set(p.collection.poms.flatMap(Collection.labelsOf))]
      const withRates = before(transformOf(c), "rates", Transforms.rates(Object.fromEntries(labels.map((l) => [l, 1]))))
      return gap(run(optimizerOf(p, c), c, 2).weights, run(Optimizer.make(p, withRates), c, 2).weights)
    }),
    shown("batches accumulate to one", "k gradients = their mean", rounding, (c) => {
      const p = problem(c.seed)
      const accumulating = Optimizer.make(p, chain("accumulating", Transforms.accumulate(3), transformOf(c)))
      const parts = [0, 1, 2].map((t) => gradient(c, t))
      let state = Optimizer.init(accumulating, weights(c))
      for (const g of parts) state = Optimizer.update(accumulating, state, g).state
      const whole = optimizerOf(p, c)
      const mean = tf.div(parts.reduce((a, b) => tf.add(a, b)), 3)
      const once = Optimizer.update(whole, Optimizer.init(whole, weights(c)), mean)
      return gap(p.arrangement.to(state.x), once.weights)
    }),
    shown("small steps descend", "f(ωᵗ⁺¹) < f(ωᵗ) for f = ‖W − a‖²/2 and small r", Tolerance.exact, (c) => {
      const p = problem(c.seed)
      const small = { ...c, momentum: 0, rate: 0.01 }
      const target = tf.mul(Seed.normalTensor(Seed.split(c.seed, "a"), [count, ...matrix]), 2)
      const optimizer = optimizerOf(p, small)
      const state = Optimizer.init(optimizer, weights(c))
      const before = p.arrangement.to(state.x)
      const value = (w: tf.Tensor) => tf.sum(tf.square(tf.sub(w, target)))
      const { weights: after } = Optimizer.update(optimizer, state, tf.sub(before, target))
      return tf.cast(tf.greaterEqual(value(after), value(before)), "float32")
    }),
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
    ),
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
  ]
  const bounded = shown(
    "steps obey the bound",
    "‖v‖ ≤ r·min(R, 1/(2ρ + R)) on curved POMs, r·R on flat ones",
    Tolerance.measured(1e-4, "relative rounding of sums of a few dozen squares"),
    (c) => {
      const p = problem(c.seed)
      const optimizer = optimizerOf(p, c)
      const { memory, scaling, step, x } = Optimizer.init(optimizer, weights(c))
      const { collection } = p
      const arranged = p.arrangement.from(gradient(c))
      const v = optimizer.transform.update(arranged, memory, { step, x, collection, scaling }).direction!
      const R = tf.sqrt(collection.squaredNorms(x, collection.manifold.gradient(x, arranged)))
      const length = tf.sqrt(collection.squaredNorms(x, v))
      const curvatures = collection.poms.map(({ curvature }) => curvature.max)
      const rho = tf.tensor1d(curvatures.map((k) => Math.min(1, 1 / k)))
      const curved = tf.tensor1d(curvatures.map((k) => k > 0 ? 1 : 0))
      const clipped = tf.minimum(R, tf.div(1, tf.add(tf.mul(rho, 2), R)))
      const bound = tf.mul(tf.add(tf.mul(curved, clipped), tf.mul(tf.sub(1, curved), R)), c.rate)
      return tf.relu(tf.sub(tf.div(length, bound), 1))
    }
  )
  return {
    name: `${method.name} on ${manifolds.map(({ name }) => name).join(", ")}`,
    parents: [],
    laws: [...laws, ...(method.bounded ? [bounded] : [])],
    notApplicable: method.bounded
      ? []
      : [{ name: "steps obey the bound", reason: "only the curvature-aware step claims it" }]
  }
}

/** A tree in which the leaves of some of its parts are others. */
const replaced = (
  tree: TensorTree.TensorTree,
  parts: ReadonlyArray<TensorTree.TensorTree>,
  f: () => tf.Tensor
): TensorTree.TensorTree => {
  const among = new Set(parts.flatMap(TensorTree.leaves))
  return TensorTree.map(tree, (leaf) => (among.has(leaf) ? f() : leaf))
}

/** The chain with one more part in front of its last, its step size. */
const before = (transform: Transform, name: string, part: Transform): Transform => {
  const parts = transform.parts ?? []
  return chain(name, ...parts.slice(0, -1), part, ...parts.slice(-1))
}
