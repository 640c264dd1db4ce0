/** The laws of steepest descent under the spectral norm, with their mutants. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import * as Norms from "../../src/numerics/Norms.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import { steepestOnStiefel } from "../../src/optimizer/transforms/manifoldMuon.ts"
import { law, type LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"

/** A solver of the steepest direction on Stiefel manifolds. */
export type Solver = typeof steepestOnStiefel

const source = "Bernstein 2025, Modular Manifolds"
const shapes = [[3, 3], [4, 2], [9, 3], [5, 5]] as const

/**
 * The laws of steepest descent under the spectral norm on Stiefel manifolds.
 *
 * @example
 * ```ts
 * import { Law, muonLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(muonLaws(), { runs: 2 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const muonLaws = (solve: Solver = steepestOnStiefel): LawSet => {
  const arbitrary = fc.record({ seed: fc.nat({ max: 9999 }), shape: fc.constantFrom(...shapes) })
  type Case = { readonly seed: number; readonly shape: readonly [number, number] }
  const at = ({ seed, shape }: Case) => ({
    x: Stiefel.make(shape).random(seed, [4]),
    g: Seed.normalTensor(Seed.split(seed, "g"), [4, ...shape])
  })
  const shown = (
    name: string,
    equation: string,
    tolerance: Tolerance.Tolerance,
    residual: (c: Case) => tf.Tensor
  ) => law({ name, equation, source, arbitrary, tolerance, residual })
  return {
    name: "steepest descent on Stiefel manifolds",
    parents: [],
    notApplicable: [],
    laws: [
      shown("steepest directions are tangent", "XᵀA + AᵀX = 0", Tolerance.rounding(9, 4), (c) => {
        const { g, x } = at(c)
        const { direction } = solve(x, g)
        return tf.max(tf.abs(Matrices.sym(Matrices.multiply(x, direction, { transposeA: true }))))
      }),
      shown(
        "steepest directions are no longer than 1",
        "‖A‖₂ ≤ 1",
        Tolerance.measured(1e-5, "rounding of ten iterations: 2.4e-7 was the most in 2,560 matrices"),
        (c) => {
          const { g, x } = at(c)
          return tf.relu(tf.sub(Norms.spectral(solve(x, g).direction), 1))
        }
      ),
      shown(
        "duality certifies steepest directions",
        "⟨G, A⟩ ≥ 0.9·‖G + X(Λ + Λᵀ)‖_*",
        Tolerance.measured(0.1, "40 iterations: 0.058 was the largest gap seen"),
        (c) => {
          const { g, x } = at(c)
          return tf.max(solve(x, g).gap)
        }
      ),
      shown(
        "certificates are honest",
        "⟨G, B⟩ ≤ dual value for tangent B with ‖B‖_F ≤ 1",
        Tolerance.measured(1e-3, "msign ends there"),
        (c) => {
          const { g, x } = at(c)
          const { direction, gap } = solve(x, g)
          const inner = (u: tf.Tensor) => tf.sum(tf.mul(g, u), [-2, -1])
          const dual = tf.div(inner(direction), tf.sub(1, gap))
          const tangent = Stiefel.make(c.shape).project(x, g)
          // The projected gradient, as long as its Frobenius norm lets it be.
          const other = tf.div(inner(tangent), tf.sqrt(tf.sum(tf.square(tangent), [-2, -1])))
          return tf.relu(tf.div(tf.sub(other, dual), dual))
        }
      )
    ]
  }
}

const tall: Solver = (x, g, options) => steepestOnStiefel(x, g, options)

/**
 * Solvers with defects, each with the law that finds it.
 *
 * @internal
 */
export const muonMutants = [
  {
    name: "Muon's direction, which is not tangent",
    killedBy: "steepest directions are tangent",
    laws: muonLaws((x, g) => ({ ...tall(x, g), direction: tall(tf.zerosLike(x), g).direction }))
  },
  ...[2, 1.005].map((factor) => ({
    name: `steepest direction ${factor} times as long`,
    killedBy: "steepest directions are no longer than 1",
    laws: muonLaws((x, g) => ({ ...tall(x, g), direction: tf.mul(tall(x, g).direction, factor) }))
  })),
  {
    name: "dual ascent cut short",
    killedBy: "duality certifies steepest directions",
    laws: muonLaws((x, g) => tall(x, g, { steps: 0 }))
  },
  {
    name: "gap that is always nothing",
    killedBy: "certificates are honest",
    laws: muonLaws((x, g) => ({ direction: tf.mul(tall(x, g, { steps: 0 }).direction, 0.3), gap: tf.zeros([4]) }))
  }
]
