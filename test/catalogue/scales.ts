import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import {
  ConvolutionOperator,
  Lorentz,
  Matrices,
  Norms,
  PoincareBall,
  Spd,
  SpecialOrthogonal,
  Sphere,
  Tensors
} from "finegrain"
import { expect } from "vitest"
import type { Row } from "./Row.ts"

const area = "scales"
const read = (f: () => tf.Tensor) => Effect.map(Tensors.evaluate(f), (values) => [...values])
const column = (...entries: ReadonlyArray<number>) => tf.tensor2d([...entries], [entries.length, 1])
const diagonal = (...entries: ReadonlyArray<number>) => tf.diag(tf.tensor1d([...entries]))
const turning = (speed: number) => tf.tensor2d([[0, -speed, speed], [speed, 0, -speed], [-speed, speed, 0]])
const size = { size: [4, 4] } as const

const scales = [3e-30, 3e30]

const norms = scales.flatMap((scale) =>
  Norms.names.map((name): Row => ({
    area,
    given: `the norm ${name} of an entry of ${scale}`,
    value: [expect.closeTo(1, 5)],
    run: () => read(() => tf.div(Norms[name](diagonal(scale, 0)), scale))
  }))
)

const lengths = scales.flatMap((scale): ReadonlyArray<Row> => [
  {
    area,
    given: `a tangent of length ${scale} on a sphere`,
    value: [expect.closeTo(1, 5)],
    run: () => read(() => tf.div(Sphere.make([2, 1]).norm(column(1, 0), column(0, scale)), scale))
  },
  {
    area,
    given: `a convolution by ${scale}`,
    value: [expect.closeTo(1, 5)],
    run: () => read(() => tf.div(ConvolutionOperator.norm(tf.tensor4d([scale], [1, 1, 1, 1]), size), scale))
  }
])

export const rows: ReadonlyArray<Row> = [
  ...norms,
  ...lengths,
  ...Norms.names.map((name): Row => ({
    area,
    given: `the gradient of the norm ${name} at 0`,
    value: [0],
    run: () => read(() => tf.max(tf.abs(tf.grad((x) => Norms[name](x))(tf.zeros([2, 2])))))
  })),
  {
    area,
    given: "the gradient of a convolution's norm at rank one",
    value: [expect.closeTo(1, 5)],
    run: () => read(() => tf.grad((x) => ConvolutionOperator.norm(x as tf.Tensor4D, size))(tf.ones([1, 1, 1, 1])))
  },
  {
    area,
    given: "a retraction of length 1e20 on a sphere",
    value: [expect.closeTo(0, 5), expect.closeTo(1, 5)],
    run: () => read(() => Sphere.make([2, 1]).retract(column(1, 0), column(0, 1e20)))
  },
  {
    area,
    given: "a retraction of length 1e12 on rotations",
    value: [expect.closeTo(1, 5)],
    run: () => read(() => Matrices.determinant(SpecialOrthogonal.make([3, 3]).retract(tf.eye(3), turning(1e12))))
  },
  {
    area,
    given: "an exponential of length 100 on the hyperboloid",
    says: "the exponential on Lor(2,1) did not converge: residual 100 exceeds the tolerance 80. " +
      "Points further out have no coordinates in these numbers: take a shorter vector.",
    run: () => Lorentz.make([2, 1]).exp!(column(1, 0), column(0, 100))
  },
  {
    area,
    given: "an exponential of length 200 of covariances",
    says: /^the exponential of a tangent vector did not converge: residual 200 exceeds the tolerance 80\./,
    run: () => Spd.make([2, 2]).exp!(tf.eye(2), diagonal(-200, 0))
  },
  {
    area,
    given: "covariances of sizes 1e-30 and 1e30",
    value: [expect.closeTo(Math.SQRT2 * 60 * Math.LN10, 3)],
    run: () => read(() => Spd.make([2, 2]).dist!(diagonal(1e-30, 1e-30), diagonal(1e30, 1e30)))
  },
  {
    area,
    given: "exp and log of opposite points near the rim of the Poincaré ball",
    value: [expect.closeTo(-0.99999, 6), 0],
    run: () => {
      const ball = PoincareBall.make([2, 1])
      return read(() => ball.exp!(column(0.99999, 0), ball.log!(column(0.99999, 0), column(-0.99999, 0))))
    }
  },
  {
    area,
    given: "an empty batch of covariances",
    value: [],
    run: () => read(() => Spd.make([2, 2]).residual(tf.zeros([0, 2, 2])))
  }
]
