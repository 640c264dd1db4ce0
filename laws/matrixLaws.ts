/** The laws of factorizations of matrices. */
import * as tf from "@tensorflow/tfjs-core"
import fc from "fast-check"
import * as Spd from "../src/geometry/manifolds/Spd.ts"
import * as Matrices from "../src/numerics/Matrices.ts"
import * as Seed from "../src/numerics/Seed.ts"
import { law, type LawSet } from "./Law.ts"
import * as Tolerance from "./Tolerance.ts"

/** What the laws of factorizations speak of; replace one to see them fail. */
export interface Factored {
  readonly determinant: typeof Matrices.determinant
  /** σ of a batch of matrices, the largest first. */
  readonly singularValues: (x: tf.Tensor) => tf.Tensor
  readonly polar: (x: tf.Tensor) => tf.Tensor
  readonly qf: typeof Matrices.qf
  readonly solve: typeof Matrices.solve
  /** A nearest positive definite matrix. */
  readonly nearestDefinite: (x: tf.Tensor) => tf.Tensor
}

/** A frame in general position. */
const frame = (seed: number, label: string, m: number, n: number) =>
  Matrices.qf(Matrices.gramSchmidt(Seed.normalTensor(Seed.split(seed, label), [m, n])))

const offIdentity = (q: tf.Tensor) =>
  tf.max(tf.abs(tf.sub(Matrices.multiply(q, q, { transposeA: true }), tf.eye(q.shape.at(-1)!))))

const graded = fc.record({
  seed: fc.nat({ max: 9999 }),
  m: fc.integer({ min: 2, max: 6 }),
  /** The binary logarithm of the condition number. */
  condition: fc.constantFrom(0, 5, 10, 12, 13, 14),
  /** That of the scale: from 1e-30 to 1e30. */
  scale: fc.integer({ min: -100, max: 100 })
})

/**
 * The laws of factorizations: small singular values, every conditioning, every scale.
 *
 * @example
 * ```ts
 * import { Law, matrixLaws } from "finegrain/laws"
 * const reports = await Law.checkAll(matrixLaws(), { runs: 5 })
 * reports.filter(({ passed }) => !passed).map(Law.format) // => []
 * ```
 */
export const matrixLaws = (
  {
    determinant = Matrices.determinant,
    nearestDefinite = Spd.make([3, 3]).nearest,
    polar = (x) => Matrices.polar(x),
    qf = Matrices.qf,
    singularValues = (x) => Matrices.svd(x).values,
    solve = Matrices.solve
  }: Partial<Factored> = {}
): LawSet => ({
  name: "factorizations",
  parents: [],
  notApplicable: [],
  laws: [
    law({
      name: "small singular values keep their digits",
      equation: "σ(Q diag(1, s)) = (1, s) relative to s, σ(Q diag(1, s)Rᵀ) = (1, s), for orthonormal Q and R",
      source: "Demmel and Veselić 1992, Jacobi's method is more accurate than QR",
      arbitrary: graded,
      tolerance: Tolerance.rounding(12),
      residual: ({ condition, m, seed }) => {
        const values = tf.tensor1d([1, 2 ** -condition])
        const columns = tf.mul(frame(seed, "frame", m, 2), values)
        const turned = Matrices.multiply(columns, frame(seed, "rotation", 2, 2), { transposeB: true })
        const relative = tf.sub(tf.div(singularValues(columns), values), 1)
        return tf.maximum(tf.abs(relative), tf.abs(tf.sub(singularValues(turned), values)))
      }
    }),
    law({
      name: "polar factors are orthonormal, however ill-conditioned the matrix",
      equation: "‖UᵀU − I‖ = 0 for the polar factor U of t·Q diag(1, s) Rᵀ",
      source: "Higham 2008, Functions of Matrices, chapter 8",
      arbitrary: graded,
      tolerance: Tolerance.rounding(12),
      residual: ({ condition, m, scale, seed }) => {
        const x = tf.mul(frame(seed, "frame", m, 2), tf.tensor1d([1, 2 ** -condition]))
        return offIdentity(polar(tf.mul(
          Matrices.multiply(x, frame(seed, "rotation", 2, 2), { transposeB: true }),
          2 ** scale
        )))
      }
    }),
    law({
      name: "Q factors are orthonormal, however nearly their columns depend",
      equation: "‖QᵀQ − I‖ = 0 for Q = qf(t·[x, x + s·y])",
      source: "Parlett 1980, The Symmetric Eigenvalue Problem, section 6.9: twice is enough",
      arbitrary: graded,
      tolerance: Tolerance.rounding(12),
      residual: ({ condition, m, scale, seed }) => {
        const [x, y] = tf.split(frame(seed, "frame", m, 2), 2, 1)
        return offIdentity(qf(tf.mul(tf.concat([x!, tf.add(x!, tf.mul(y!, 2 ** -condition))], 1), 2 ** scale)))
      }
    }),
    law({
      name: "scale turns nothing",
      equation: "qf(2ᵏX) = qf(X), to the last bit",
      source: "positive multiples of a matrix have the same Q factor; powers of two are exact",
      arbitrary: graded,
      tolerance: Tolerance.exact,
      residual: ({ m, scale, seed }) => {
        const x = Seed.normalTensor(seed, [m, 2])
        return tf.max(tf.abs(tf.sub(qf(tf.mul(x, 2 ** scale)), qf(x))))
      }
    }),
    law({
      name: "rotations of every size have determinant 1",
      equation: "det exp(S) = 1 for skew-symmetric S",
      source: "det exp(S) = exp(tr S)",
      arbitrary: fc.record({ seed: fc.nat({ max: 9999 }), n: fc.integer({ min: 2, max: 40 }) }),
      maxRuns: 20,
      tolerance: Tolerance.rounding(40, 2),
      residual: ({ n, seed }) => {
        const skew = Matrices.skew(tf.mul(Seed.normalTensor(seed, [n, n]), 0.05))
        return tf.abs(tf.sub(determinant(Matrices.expSkew(skew)), 1))
      }
    }),
    law({
      name: "systems are solved wherever their pivots lie",
      equation: "A·solve(A, B) = B for A = P diag(d) with a permutation P",
      source: "Golub and Van Loan 2013, Matrix Computations, section 3.4",
      arbitrary: graded,
      tolerance: Tolerance.rounding(12),
      residual: ({ m, seed }) => {
        const a = tf.mul(tf.reverse(tf.eye(m), 0), tf.add(1, tf.abs(Seed.normalTensor(seed, [1, m]))))
        const b = Seed.normalTensor(Seed.split(seed, "right"), [m, 2])
        return tf.max(tf.abs(tf.sub(Matrices.multiply(a, solve(a, b)), b)))
      }
    }),
    law({
      name: "positive definite matrices stay, whatever their scale",
      equation: "nearest(t·X) = t·X for positive definite X",
      source: "a point is its own nearest one",
      arbitrary: graded,
      tolerance: Tolerance.rounding(9),
      residual: ({ scale, seed }) => {
        const x = tf.mul(Spd.make([3, 3]).random(seed), 2 ** scale)
        return tf.div(tf.max(tf.abs(tf.sub(nearestDefinite(x), x))), tf.max(x))
      }
    })
  ]
})
