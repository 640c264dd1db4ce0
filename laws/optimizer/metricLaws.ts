import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Catalogue from "../../src/choices/Catalogue.ts"
import * as Collection from "../../src/collections/Collection.ts"
import * as FusedKernels from "../../src/engine/FusedKernels.ts"
import { product } from "../../src/geometry/combinators/product.ts"
import { scaled } from "../../src/geometry/combinators/scaled.ts"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Euclidean from "../../src/geometry/manifolds/Euclidean.ts"
import * as Oblique from "../../src/geometry/manifolds/Oblique.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import * as Optimizers from "../../src/optimizer/catalogue.ts"
import * as FgSgd from "../../src/optimizer/FgSgd.ts"
import * as Optimizer from "../../src/optimizer/Optimizer.ts"
import * as Schedule from "../../src/optimizer/Schedule.ts"
import * as StepSize from "../../src/optimizer/StepSize.ts"
import { chain, pure, type Scaling, type Transform } from "../../src/optimizer/Transform.ts"
import * as Transforms from "../../src/optimizer/transforms/index.ts"
import { law, type LawSet } from "../Law.ts"
import type { Mutant } from "../mutants/Mutant.ts"
import * as Tolerance from "../Tolerance.ts"

interface Case {
  readonly seed: number
  readonly rate: number
  readonly momentum: number
  readonly weightDecay: number
  /** Length of the gradients' entries. */
  readonly size: number
}

const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.nat({ max: 9999 }),
  rate: fc.constantFrom(0.01, 0.1),
  momentum: fc.constantFrom(0, 0.9),
  weightDecay: fc.constantFrom(0, 0.1),
  size: fc.constantFrom(0.1, 1, 10)
})

/** An optimizer by the name that settings give it. */
type Named = typeof Optimizers.transform

const source = "Ozay 2019, section 3 (two-stage renormalization)"
const shape = [3, 3] as const
const manifolds: ReadonlyArray<Manifold.Manifold> = [
  Sphere.make(shape),
  Oblique.make(shape),
  Stiefel.make(shape),
  Euclidean.make(shape)
]
/** Matrices by POM, two of them on every manifold. */
const groups = [[0, 5, 6], [7], [1, 2, 9], [3], [4], [8, 10], [11], [12, 13]] as const
const poms = groups.map((indices, g) => ({ name: String(g), indices, manifold: manifolds[g % manifolds.length]! }))
const count = poms.reduce((sum, { indices }) => sum + indices.length, 0)

const { arrangement, collection, kinds } = Collection.stack(poms)
const problem = { arrangement, collection }

/** ℜ of every matrix, on both sides of 1, all of them different. */
const lengthsOf = ({ seed }: Case): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => 0.2 + ((seed * 7 + i * 5) % 23) / 12)

const scalingOf = (lengths: ReadonlyArray<number>): Scaling =>
  kinds.map(({ indices }) => tf.tensor(indices.map((index) => lengths[index]!), [indices.length, 1, 1]))

const gradient = ({ seed, size }: Case, t: number) =>
  tf.mul(Seed.normalTensor(Seed.split(seed, `g${t}`), [count, ...shape]), size)

const start = ({ seed }: Case) => Seed.normalTensor(Seed.split(seed, "w"), [count, ...shape])

const steps = [0, 1]

/** The weights W before and after steps in the metric of weights. */
const moved = (transform: Transform, c: Case, scaling: Scaling) => {
  const optimizer = Optimizer.make(problem, transform)
  let state = { ...Optimizer.init(optimizer, start(c)), scaling }
  const before = Optimizer.weightsOf(optimizer, state)
  for (const t of steps) state = Optimizer.update(optimizer, state, gradient(c, t)).state
  return { before, after: Optimizer.weightsOf(optimizer, state) }
}

const matrixOf = (stack: tf.Tensor, index: number) => tf.reshape(tf.gather(stack, [index]), [...shape])

/** The weights of a POM's matrices after steps of a plain metric on s·M, M on which they are. */
const onScaled = (
  transform: Transform,
  { indices, manifold }: (typeof poms)[number],
  c: Case,
  lengths: ReadonlyArray<number>,
  before: tf.Tensor
): ReadonlyArray<tf.Tensor> => {
  const parts = indices.map((index) => scaled(manifold, lengths[index]!))
  const matrices = (stack: tf.Tensor) => indices.map((index) => matrixOf(stack, index))
  const whole: Collection.Collection<ReadonlyArray<tf.Tensor>> = indices.length === 1
    ? Collection.join<ReadonlyArray<tf.Tensor>>(Collection.pom(parts[0]!))
    : Collection.pom(product<ReadonlyArray<tf.Tensor>>(...parts))
  const optimizer = Optimizer.make(Optimizer.onPoints<ReadonlyArray<tf.Tensor>>(whole), transform)
  let state = Optimizer.init(optimizer, matrices(before))
  for (const t of steps) state = Optimizer.update(optimizer, state, matrices(gradient(c, t))).state
  return state.x
}

const gap = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b)))

/** ρ of the points in distances of the weights. */
const ruleOn = ({ indices, manifold }: (typeof poms)[number], lengths: ReadonlyArray<number>): StepSize.Rule =>
  manifold.curvature.max <= 0
    ? StepSize.curvatureAware()
    : StepSize.curvatureAware({
      rho: Math.min(1, 1 / manifold.curvature.max) * Math.max(...indices.map((index) => lengths[index]!))
    })

/** Those that know a manifold by its operations; Muon knows Stiefel manifolds by name, and s·St is none. */
const general = Catalogue.names(Optimizers.optimizers).filter((name) => name !== "manifold-muon")

const settings = ({ momentum, rate, weightDecay }: Case): Optimizers.OptimizerSettings => ({
  schedule: Schedule.constant(rate),
  rule: StepSize.plain,
  momentum,
  weightDecay
})

/**
 * The laws of the metric of weights, of FG-SGD and of the other optimizers.
 *
 * @example
 * ```ts
 * import { Law, metricLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(metricLaws(), { runs: 1 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const metricLaws = (
  fgSgd: (hyperparameters: FgSgd.FgSgdHyperparameters) => Transform = FgSgd.transform,
  named: Named = Optimizers.transform
): LawSet => {
  const shown = (
    name: string,
    equation: string,
    tolerance: Tolerance.Tolerance,
    residual: (c: Case) => tf.Tensor
  ) => law({ name, equation, source, arbitrary: cases, tolerance, residual })
  return {
    name: "the metric of weights",
    parents: [],
    notApplicable: [],
    laws: [
      shown(
        "FG-SGD in the metric of weights is FG-SGD on scaled manifolds",
        "ℜ·step_weights(ω) = step_points(ℜω on ℜ·M), with ρ ℜ times as long",
        Tolerance.rounding(9),
        (c) => {
          const lengths = lengthsOf(c)
          const { momentum, rate, weightDecay } = c
          const hyperparameters = { schedule: Schedule.constant(rate), momentum, weightDecay }
          const { after, before } = moved(fgSgd({ ...hyperparameters, metric: "weights" }), c, scalingOf(lengths))
          return tf.stack(poms.flatMap((pom) => {
            const reference = FgSgd.transform({ ...hyperparameters, rule: ruleOn(pom, lengths) })
            const expected = onScaled(reference, pom, c, lengths, before)
            return pom.indices.map((index, i) => gap(matrixOf(after, index), expected[i]!))
          }))
        }
      ),
      shown(
        "optimizers in the metric of weights are those on scaled manifolds",
        "ℜ·step_weights(ω) = step_points(ℜω on ℜ·M), of single matrices",
        Tolerance.rounding(9),
        (c) => {
          const lengths = lengthsOf(c)
          // Adam has a moment for every entry of a Euclidean matrix, which is never rescaled: s·Euc it does not know.
          const single = poms.filter(({ indices, manifold }) => indices.length === 1 && manifold.curvature.max > 0)
          return tf.stack(general.flatMap((name) => {
            const { after, before } = moved(named(name, { ...settings(c), metric: "weights" }), c, scalingOf(lengths))
            return single.map((pom) => {
              const [expected] = onScaled(Optimizers.transform(name, settings(c)), pom, c, lengths, before)
              return gap(matrixOf(after, pom.indices[0]!), expected!)
            })
          }))
        }
      ),
      shown(
        "the metrics are one where ℜ is 1",
        "step_weights(ω) = step_points(ω), to the bit",
        Tolerance.exact,
        (c) => {
          const ones = () => scalingOf(Array.from({ length: count }, () => 1))
          const both = (make: (metric: Optimizers.OptimizerSettings["metric"] & string) => Transform) =>
            FusedKernels.without(() =>
              gap(moved(make("weights"), c, ones()).after, moved(make("points"), c, ones()).after)
            )
          const { rule: _, ...hyperparameters } = settings(c)
          return tf.stack([
            both((metric) => fgSgd({ ...hyperparameters, metric })),
            ...Catalogue.names(Optimizers.optimizers).map((name) =>
              both((metric) => named(name, { ...settings(c), metric }))
            )
          ])
        }
      )
    ]
  }
}

const scaledLaw = "FG-SGD in the metric of weights is FG-SGD on scaled manifolds"

/** FG-SGD whose metric of weights has something else for one of its parts, known by its name. */
const fgSgdWith = (name: string, other: (part: Transform, h: FgSgd.FgSgdHyperparameters) => Transform | undefined) =>
  metricLaws((h) => {
    const whole = FgSgd.transform(h)
    const replaced = (transform: Transform): Transform =>
      chain(
        transform.name,
        ...transform.parts!.flatMap((part) =>
          part.name === name ? other(part, h) ?? [] : part.parts === undefined ? part : replaced(part)
        )
      )
    return h.metric === "weights" ? replaced(whole) : whole
  })

const stepBy = (rescaled: NonNullable<StepSize.Rule["rescaled"]>) =>
  fgSgdWith(
    "curvatureStep",
    (_, h) => Transforms.curvatureStep({ ...h, rule: { ...StepSize.curvatureAware(), rescaled } })
  )

/**
 * Metrics with defects, each with the law that finds it.
 *
 * @internal
 */
export const metricMutants: ReadonlyArray<Mutant> = [
  {
    name: "steps of the weights taken by the points",
    killedBy: scaledLaw,
    laws: fgSgdWith("fromWeights", () => undefined)
  },
  {
    name: "weight decay of the points for the weights",
    killedBy: scaledLaw,
    laws: fgSgdWith("decay", (_, { weightDecay = 0 }) => Transforms.decay({ weight: weightDecay }))
  },
  {
    name: "curvature of the points for steps of the weights",
    killedBy: scaledLaw,
    laws: stepBy((norms, curvatures) => StepSize.curvatureAware().denominators(norms, curvatures))
  },
  {
    name: "curvature of a POM's largest weights",
    killedBy: scaledLaw,
    laws: stepBy((norms, curvatures, { largest }) =>
      StepSize.curvatureAware().rescaled!(norms, curvatures, { largest, smallest: largest })
    )
  },
  {
    name: "optimizers whose gradient is that of the points",
    killedBy: "optimizers in the metric of weights are those on scaled manifolds",
    laws: metricLaws(
      FgSgd.transform,
      (name, s) => chain(name, ...(s.metric === "weights" ? [Transforms.pullback] : []), Optimizers.transform(name, s))
    )
  },
  {
    name: "lengths a millionth too long",
    killedBy: "the metrics are one where ℜ is 1",
    laws: fgSgdWith("fromWeights", () => pure("fromWeights", (v) => NestedTensors.scale(1 - 1e-6, v)))
  }
]
