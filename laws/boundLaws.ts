/** The laws of norms and generalization bounds. */
import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import fc from "fast-check"
import * as Renormalization from "../src/collections/Renormalization.ts"
import * as Specification from "../src/collections/Specification.ts"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as Bounds from "../src/network/Bounds.ts"
import * as Norms from "../src/numerics/Norms.ts"
import * as Seed from "../src/numerics/Seed.ts"
import { law, type LawSet } from "./Law.ts"
import * as Tolerance from "./Tolerance.ts"

const norm = fc.double({ min: 0.05, max: 20, noNaN: true })
const group = fc.record({ spectral: norm, frobenius: norm, rowSum: norm })
const network = fc.record({
  layers: fc.array(fc.array(group, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
  samples: fc.integer({ min: 1, max: 100_000 }),
  width: fc.integer({ min: 1, max: 512 })
})

const kinds = Norms.ofWeights
const float64 = Tolerance.measured(1e-9, "sums of a few dozen logarithms in float64")

/** The formula as printed, which overflows for deep networks. */
const direct = ({ layers, samples, width }: Bounds.BoundedNetwork): Bounds.LogBounds => {
  const product = (values: ReadonlyArray<number>) => values.reduce((a, b) => a * b, 1)
  const total = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)
  const all = layers.flat()
  const spectral = product(all.map((g) => g.spectral)) / Math.sqrt(samples)
  return {
    frobenius: Math.log((2 ** layers.length * product(all.map((g) => g.frobenius))) / Math.sqrt(samples)),
    rowSum: Math.log(
      spectral * total(layers.map((l) => product(l.map((g) => (g.rowSum / g.spectral) ** (2 / 3))))) ** 1.5
    ),
    spectral: Math.log(
      spectral *
        Math.sqrt(
          layers.length ** 2 * width * total(layers.map((l) => product(l.map((g) => (g.frobenius / g.spectral) ** 2))))
        )
    )
  }
}

/** What the laws of norms and bounds speak of; replace one to see them fail. */
export interface BoundDefinitions {
  readonly logBounds: typeof Bounds.logBounds
  readonly norms: Pick<typeof Norms, "spectral" | "frobenius" | "rowSum">
  /** Parts are scaled down to this norm: with a bound above 1 the law of concatenations fails, as it should. */
  readonly largest: number
  /** ℜ, and the families whose weights it rescales. */
  readonly factor: typeof Renormalization.factor
  readonly families: ReadonlyArray<Manifold.Family>
}

/**
 * The laws of norms and generalization bounds: inequalities between norms, the lower bound of a concatenation,
 * monotonicity.
 *
 * @example
 * ```ts
 * import { boundLaws, Law } from "finegrain/laws"
 * const reports = await Law.checkAll(boundLaws(), { runs: 5 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const boundLaws = (
  {
    factor = Renormalization.factor,
    families = Specification.families,
    largest = 1,
    logBounds = Bounds.logBounds,
    norms = Norms
  }: Partial<BoundDefinitions> = {}
): LawSet => {
  const promising = Renormalization.policies.filter(({ promises }) => promises.length > 0)
  const matrices = fc.record({
    seed: fc.nat({ max: 9999 }),
    m: fc.integer({ min: 1, max: 5 }),
    n: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 2, max: 4 })
  })
  const measures = [norms.spectral, norms.frobenius, norms.rowSum]
  return {
    name: "norms and bounds",
    parents: [],
    notApplicable: [],
    laws: [
      law({
        name: "norms obey their inequalities",
        equation: "‖X‖₂ ≤ ‖X‖_F ≤ ‖X‖_{2→1} ≤ √m·‖X‖_F, ‖X‖_F ≤ √min(m,n)·‖X‖₂",
        source: "Horn and Johnson 2013, chapter 5",
        arbitrary: matrices,
        tolerance: Tolerance.rounding(25, 4),
        residual: ({ m, n, seed }) => {
          const x = Seed.normalTensor(seed, [4, m, n])
          const [two, f, row] = measures.map((measure) => measure(x)) as [tf.Tensor, tf.Tensor, tf.Tensor]
          const above = (a: tf.Tensor, b: tf.Tensor) => tf.relu(tf.sub(a, b))
          return tf.stack([
            above(two, f),
            above(f, row),
            above(row, tf.mul(f, Math.sqrt(m))),
            above(f, tf.mul(two, Math.sqrt(Math.min(m, n))))
          ])
        }
      }),
      law({
        name: "a concatenation is bounded below by the product of its parts",
        equation: "‖[X₁ … X_k]‖ ≥ Π‖Xᵢ‖ where every ‖Xᵢ‖ ≤ 1",
        source: "Ozay 2019, section 5, with the precondition that it needs",
        arbitrary: matrices,
        tolerance: Tolerance.rounding(25, 2),
        residual: ({ count, m, n, seed }) =>
          tf.stack(measures.map((measure) => {
            const x = Seed.normalTensor(seed, [count, m, n])
            const excess = tf.maximum(tf.div(measure(x), largest), 1)
            const parts = tf.div(x, tf.reshape(excess, [count, 1, 1]))
            const whole = measure(tf.concat(tf.unstack(parts), 1))
            return tf.relu(tf.sub(tf.prod(measure(parts)), whole))
          }))
      }),
      law({
        name: "renormalized norms are at most 1",
        equation: "‖ℜω‖ ≤ 1 for every norm that the γ policy promises, every λ, every bounded ω",
        source: "Ozay 2019, section 3, with λ clamped at 1",
        arbitrary: fc.record({
          seed: fc.nat({ max: 9999 }),
          shape: fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 6 })),
          family: fc.constantFrom(...families.keys()),
          policy: fc.nat({ max: promising.length - 1 }),
          // Features below 1, which the clamp is for, as often as above.
          lambda: fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 1, max: 100, noNaN: true }))
        }),
        tolerance: Tolerance.rounding(36, 1),
        residual: ({ family, lambda, policy, seed, shape }) => {
          // Where a family refuses the shape, a square or a tall matrix is one that it takes.
          const M = [shape, [3, 3], [4, 3]].map(families[family]!.at).find(Result.isSuccess)!.success
          if (!Number.isFinite(M.norms.frobenius.max)) return 0
          const chosen = promising[policy]!
          const x = tf.mul(M.random(seed, [4]), factor(chosen, M, lambda))
          return tf.stack(chosen.promises.map((norm) => tf.relu(tf.sub(norms[norm](x), 1))))
        }
      }),
      law({
        name: "bounds are what is printed",
        equation: "exp(log bound) = bound",
        source: "Ozay 2019, section 5",
        arbitrary: network,
        tolerance: float64,
        residual: (net) => {
          const [ours, printed] = [logBounds(net), direct(net)]
          return Math.max(...kinds.map((kind) => Math.abs(ours[kind] - printed[kind])))
        }
      }),
      law({
        name: "bounds grow with every norm and shrink with samples",
        equation: "δ ≤ δ′ ⇒ bound(δ) ≤ bound(δ′), N ≤ N′ ⇒ bound(N) ≥ bound(N′)",
        source: "Ozay 2019, section 5",
        arbitrary: fc.tuple(
          network,
          fc.nat(),
          fc.nat(),
          fc.constantFrom(...kinds),
          fc.double({ min: 1, max: 5, noNaN: true })
        ),
        tolerance: float64,
        residual: ([net, l, g, kind, factor]) => {
          const at = l % net.layers.length
          const layers = net.layers.map((groups, i) =>
            groups.map((norms, j) =>
              i === at && j === g % groups.length ? { ...norms, [kind]: norms[kind] * factor } : norms
            )
          )
          const [before, grown, more] = [
            logBounds(net),
            logBounds({ ...net, layers }),
            logBounds({ ...net, samples: net.samples * 2 })
          ]
          return Math.max(0, ...kinds.flatMap((bound) => [before[bound] - grown[bound], more[bound] - before[bound]]))
        }
      }),
      law({
        name: "bounds survive deep networks",
        equation: "the log bound of 1,000 equal layers is finite",
        source: "Ozay 2019, section 5",
        arbitrary: group,
        tolerance: Tolerance.exact,
        residual: (norms) => {
          const deep = logBounds({ layers: Array.from({ length: 1000 }, () => [norms]), samples: 1000, width: 10 })
          return kinds.filter((kind) => !Number.isFinite(deep[kind])).length
        }
      })
    ]
  }
}
