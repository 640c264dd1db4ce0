import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import {
  Combinators,
  DoublyStochastic,
  Grassmann,
  Lorentz,
  Manifold,
  NormBall,
  PoincareBall,
  Seed,
  Simplex,
  Specification,
  Sphere
} from "finegrain"
import { expect } from "vitest"
import type { Row } from "./Row.ts"

const ball = PoincareBall.make([2, 1])
const sheet = Lorentz.make([3, 1])
const p = (x: number, y: number) => tf.tensor2d([[x], [y]])
const L = (t: number) => tf.tensor2d([[Math.cosh(t)], [Math.sinh(t)], [0]])
const first = async (x: tf.Tensor) => (await x.data())[0]!
const near = (value: number, digits = 4) => expect.closeTo(value, digits)

const values: ReadonlyArray<readonly [given: string, value: unknown, run: () => unknown]> = [
  ["two points of the Poincaré ball at its rim", near(0.6929), () => first(ball.dist!(p(0.9999, 0), p(0.9998, 0)))],
  ["opposite ends of the Poincaré ball", near(24.409, 3), () => first(ball.dist!(p(0.99999, 0), p(-0.99999, 0)))],
  [
    "a tangent vector of the Poincaré ball of length 1e30",
    0,
    () => first(ball.residual(ball.exp!(p(0.3, 0), p(1e30, 0))))
  ],
  ["the last float32 number before the rim", 0, () => first(ball.residual(p(1 - 2 ** -24, 0)))],
  ["a point far outside of the Poincaré ball", 0, () => first(ball.residual(ball.nearest(p(1e30, 1e30))))],
  ["two points of the Lorentz model far out", near(0.01), () => first(sheet.dist!(L(7), L(7.01)))],
  ["two points farther out", near(0.1), () => first(sheet.dist!(L(10), L(10.1)))],
  ["a logarithm far out", near(0.1), () => first(sheet.norm(L(10), sheet.log!(L(10), L(10.1))))],
  ["the way from far out to the origin", near(10), () => first(sheet.norm(L(10), sheet.log!(L(10), L(0))))],
  [
    "a squared distance where points of the Lorentz model coincide",
    [0, 0, 0],
    async () => [...await tf.grad((x) => tf.sum(tf.square(sheet.dist!(x, L(1)))))(L(1)).data()].map(Math.abs)
  ],
  [
    "a step of a million on doubly stochastic matrices",
    near(0, 5),
    () => {
      const M = DoublyStochastic.make([4, 4])
      const x = M.random(1)
      return first(M.residual(M.retract(x, tf.mul(M.randomTangent(2, x), 1e6))))
    }
  ],
  ...[["thrice", 3], ["a third of", 1 / 3], ["1.1 times 1.3 times", 1.1]].map((
    [words, s]
  ): readonly [string, unknown, () => unknown] => [
    `a step of 1e30 in ${words} the Poincaré ball`,
    0,
    () => {
      const M = Combinators.scaled(s === 1.1 ? Combinators.scaled(ball, 1.3) : ball, s as number)
      return first(M.residual(M.retract(M.random(1), tf.mul(p(0.6, 0.7), 1e30))))
    }
  ]),
  ["a vector of 1e30, carried along a sphere of radius 1e-20", near(1), () => {
    const M = Combinators.scaled(Sphere.make([2, 1]), 1e-20)
    const x = p(1e-20, 0)
    return first(M.norm(x, tf.div(M.transport(x, x, p(0, 1e30)), 1e30)))
  }],
  ["the norm of the nearest point to 3e38 in a ball", near(1), () => {
    const M = NormBall.make([2, 1])
    return first(M.norm(p(0, 0), M.nearest(p(3e38, 3e38))))
  }],
  ["a step of 3e38 on a sphere", near(1), () => {
    const M = Sphere.make([2, 1])
    return first(M.norm(p(1, 0), M.retract(p(1, 0), p(0, 3e38))))
  }],
  [
    "a step of 1e30 on a simplex",
    near(0, 5),
    () => {
      const M = Simplex.make([4, 1])
      const x = M.random(1)
      return first(M.residual(M.retract(x, tf.mul(M.randomTangent(2, x), 1e30))))
    }
  ]
]

const refusals: ReadonlyArray<readonly [given: string, says: RegExp, run: () => unknown]> = [
  ["a point of the rim", /the point is not on Hyp\(2,1\): residual 1/, () => Manifold.checkPoint(ball, p(1, 0), 1e-3)],
  [
    "a point whose time does not fit",
    /the point is not on Lor\(3,1\): residual 0\.5/,
    () => Manifold.checkPoint(sheet, tf.tensor2d([[1.5], [0], [0]]), 1e-3)
  ],
  [
    "a vertex of the simplex",
    /the point is not on Sim\(3,1\): residual 1/,
    () => Manifold.checkPoint(Simplex.make([3, 1]), tf.tensor2d([[1], [0], [0]]), 1e-3)
  ],
  [
    "a permutation, a vertex of the doubly stochastic matrices",
    /the point is not on DS\(3\): residual 1/,
    () => Manifold.checkPoint(DoublyStochastic.make([3, 3]), tf.eye(3), 1e-3)
  ],
  [
    "a projection near a permutation, by least entries of 1e-8, 1e-19 and 1e-30",
    /the projection to tangent vectors of a matrix 3×3 did not converge: residual 0\.\d+.*project at its nearest point/,
    () => {
      const M = DoublyStochastic.make([3, 3])
      const x = M.retract(M.random(1), tf.mul(-20, M.randomTangent(3, M.random(1))))
      return M.project(x, Seed.normalTensor(4, [3, 3]))
    }
  ],
  [
    "a retraction by −X, which is no tangent vector, on a Grassmann manifold",
    /the polar factor of a matrix 4×2 did not converge: residual 1 .*Retract a finite tangent vector.*`project` makes/,
    () => {
      const M = Grassmann.make([4, 2])
      return M.retract(M.random(1), tf.neg(M.random(1)))
    }
  ],
  [
    "a retraction beyond the largest number, on a scaled Lorentz model",
    /the retraction on 100000·Lor\(3,1\) did not converge: residual NaN .*take shorter vectors, or a smaller scale/,
    () => {
      const M = Combinators.scaled(sheet, 1e5)
      return M.retract(M.random(1), tf.mul(M.randomTangent(2, M.random(1)), 1e10))
    }
  ],
  [
    "entries that are not finite",
    /the nearest doubly stochastic matrix of a matrix 2×2 did not converge: residual NaN/,
    () => DoublyStochastic.make([2, 2]).nearest(tf.tensor2d([[Number.NaN, 0], [0, 1]]))
  ]
]

/** Of what is no number, no operation makes one, or a point: it is told, or stays NaN. */
const ofNoNumber: ReadonlyArray<Row> = Specification.families.map((family) => ({
  area: "no number",
  given: `NaN as an entry on ${family.symbol}`,
  value: [],
  run: async () => {
    const M = Result.getOrThrow(Result.orElse(family.at([4, 2]), () => family.at([3, 3])))
    const [m, n] = M.shape as [number, number]
    const bad = tf.tensor2d(Array.from({ length: m * n }, (_, i) => i === 0 ? Number.NaN : 0.5), [m, n])
    const x = M.random(1)
    const operations = {
      nearest: () => M.nearest(bad),
      project: () => M.project(x, bad),
      retract: () => M.retract(x, bad),
      norm: () => M.norm(x, bad),
      residual: () => M.residual(bad),
      exp: () => M.exp?.(x, bad),
      log: () => M.log?.(x, bad),
      dist: () => M.dist?.(x, bad)
    }
    const numbers: Array<string> = []
    for (const [name, run] of Object.entries(operations)) {
      try {
        // Where nothing can be read at once, what is no number is told when it is read.
        if ((await run()?.data())?.every(Number.isFinite) === true) numbers.push(name)
      } catch {
        continue
      }
    }
    return numbers
  }
}))

/** Rims of hyperbolic spaces, and boundaries of sets of positive matrices. */
export const rows: ReadonlyArray<Row> = [
  ...values.map(([given, value, run]): Row => ({ area: "rims", given, value, run })),
  ...refusals.map(([given, says, run]): Row => ({ area: "rims", given, says, run })),
  ...ofNoNumber
]
