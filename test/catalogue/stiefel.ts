import * as tf from "@tensorflow/tfjs-core"
import { Manifold, Stiefel } from "finegrain"
import { expect } from "vitest"
import type { Row } from "./Row.ts"

const embedded = Stiefel.make([3, 2])
const canonical = Stiefel.make([3, 2], { metric: Stiefel.canonical })
const wide = Stiefel.make([4, 2])
const matrix = (...entries: Array<Array<number>>) => tf.tensor2d(entries)
const start = () => matrix([1, 0], [0, 1], [0, 0])
/** The first column turned by an angle out of the plane of both. */
const tilted = (t: number) => matrix([Math.cos(t), 0], [0, 1], [Math.sin(t), 0])
/** The plane of both columns turned in itself. */
const turned = (t: number) => matrix([Math.cos(t), -Math.sin(t)], [Math.sin(t), Math.cos(t)], [0, 0])
const upwards = (t: number) => matrix([0, 0], [0, 0], [1.1 * t, 0.7 * t])
const all = (x: tf.Tensor) => [...x.dataSync()].map((entry) => Number(entry.toFixed(4)) + 0)
const first = (x: tf.Tensor) => x.dataSync()[0]!
const near = (value: number, digits = 4) => expect.closeTo(value, digits)
const largest = (x: tf.Tensor) => first(tf.max(tf.abs(x)))

const choices = [Stiefel.embedded, Stiefel.canonical].flatMap((metric) =>
  [Stiefel.qr, Stiefel.polar, Stiefel.cayley, Stiefel.exponential].map((retraction) => ({ metric, retraction }))
)

const values: ReadonlyArray<readonly [given: string, value: unknown, run: () => unknown]> = [
  ...choices.map(({ metric, retraction }) =>
    [`tangents of 1e3 to 1e30, ${metric.name}, ${retraction.name}`, near(0, 5), () => {
      const M = Stiefel.make([3, 2], { metric, retraction })
      return Math.max(...[1e3, 1e6, 1e12, 1e20, 1e30].map((t) => first(M.residual(M.retract(start(), upwards(t))))))
    }] as const
  ),
  ["a tangent of 1e-30, for a retraction", [1, 0, 0, 1, 0, 0], () => all(embedded.retract(start(), upwards(1e-30)))],
  [
    "V = −X, for the QR retraction",
    near(0, 5),
    () => first(wide.residual(wide.retract(wide.random(1), tf.neg(wide.random(1)))))
  ],
  [
    "equal columns, for the nearest point",
    near(0, 5),
    () => first(embedded.residual(embedded.nearest(tf.ones([3, 2]))))
  ],
  ["zero, for the nearest point", near(0, 5), () => first(embedded.residual(embedded.nearest(tf.zeros([3, 2]))))],
  ["entries of 1e30, for the nearest point", [1, 0, 0, 1, 0, 0], () => all(embedded.nearest(tf.mul(start(), 1e30)))],
  ["entries of 1e-30, for the nearest point", [1, 0, 0, 1, 0, 0], () => all(embedded.nearest(tf.mul(start(), 1e-30)))],
  ["a point, for its distance to itself", near(0, 5), () => first(embedded.dist!(start(), start()))],
  ["a point, for its logarithm at itself", [0, 0, 0, 0, 0, 0], () => all(canonical.log!(start(), start()))],
  [
    "a column tilted by 3, for the distance",
    [near(3), near(3)],
    () => [first(embedded.dist!(start(), tilted(3))), first(Stiefel.make([3, 2]).dist!(tilted(3), start()))]
  ],
  ["a column tilted by 2.8, for the canonical distance", near(2.8), () => first(canonical.dist!(start(), tilted(2.8)))],
  ["a column tilted by 3, for the logarithm", [0, 0, 0, 0, 3, 0], () => all(embedded.log!(start(), tilted(3)))],
  [
    "a plane turned in itself by 2, for both distances",
    [near(2 * Math.SQRT2), near(2)],
    () => [first(embedded.dist!(start(), turned(2))), first(canonical.dist!(start(), turned(2)))]
  ],
  ["points 1e-6 apart, for the distance", near(1, 1), () => first(embedded.dist!(start(), tilted(1e-6))) * 1e6],
  [
    "a batch of which one point is near and one far",
    [near(0.5), near(2.5)],
    () => [...embedded.dist!(tf.stack([start(), start()]), tf.stack([tilted(0.5), tilted(2.5)])).dataSync()]
  ],
  [
    "rows instead of columns, for the distance",
    near(1),
    () => first(Stiefel.make([2, 3]).dist!(tf.transpose(start()), tf.transpose(tilted(1))))
  ],
  ["an empty batch, for the logarithm", [0, 3, 2], () => embedded.log!(tf.zeros([0, 3, 2]), tf.zeros([0, 3, 2])).shape],
  ["a squared distance where points coincide", near(0, 5), () => {
    const squared = (y: tf.Tensor) => tf.sum(tf.square(embedded.dist!(start(), y)))
    return largest(tf.grad(squared)(start()))
  }]
]

const far = (M: string, radius: string) =>
  new RegExp(`^No logarithm on ${M}: no geodesic below the injectivity radius ${radius} was found.*Give nearer points`)

const refusals: ReadonlyArray<readonly [given: string, says: RegExp, run: () => unknown]> = [
  ["the opposite point, for the logarithm", far("St\\(4,2\\)", "3\\.142"), () => {
    const x = wide.random(1)
    return wide.log!(x, tf.neg(x))
  }],
  [
    "the opposite point, for the canonical distance",
    far("St\\(3,2\\)", "2\\.810"),
    () => canonical.dist!(start(), turned(Math.PI))
  ],
  [
    "a plane turned by 2.5, whose logarithm is too long",
    far("St\\(3,2\\)", "3\\.142"),
    () => embedded.log!(start(), turned(2.5))
  ],
  [
    "a batch of which one point is too far",
    far("St\\(3,2\\)", "3\\.142"),
    () => embedded.dist!(tf.stack([start(), start()]), tf.stack([tilted(0.5), turned(3)]))
  ],
  [
    "NaN, for the logarithm",
    /^No logarithm on St\(3,2\).*not finite/,
    () => embedded.log!(start(), matrix([Number.NaN, 0], [0, 1], [0, 0]))
  ],
  [
    "NaN, for the polar retraction",
    /the polar factor of a matrix 3×2 did not converge: residual NaN/,
    () => embedded.nearest(tf.mul(tf.ones([3, 2]), Number.NaN))
  ],
  ["second derivatives of a distance", /^dist on St\(3,2\) has first derivatives only/, () => {
    const slope = (y: tf.Tensor) => tf.sum(tf.grad((z: tf.Tensor) => tf.sum(embedded.dist!(start(), z)))(y))
    return tf.grad(slope)(tilted(1))
  }],
  ["a shape of one row and one column", /St refuses shape \[1, 1\]/, () => Stiefel.make([1, 1])],
  ["a shape of three lengths", /St refuses shape \[3, 2, 2\]: a point is an m×n matrix/, () => Stiefel.make([3, 2, 2])],
  [
    "a matrix whose columns are too long",
    /the point is not on St\(3,2\): residual 4\.24/,
    () => Manifold.checkPoint(embedded, tf.mul(start(), 2), 1e-3)
  ],
  [
    "a point as a tangent vector",
    /the tangent vector is not on St\(3,2\): residual 1\.41/,
    () => Manifold.checkTangent(embedded, start(), start(), 1e-3)
  ],
  ["points of other shapes", /no product of matrices of shapes/, () => embedded.log!(start(), tf.eye(2))]
]

/** Stiefel manifolds: huge tangents, degenerate matrices, logarithms of far points. */
export const rows: ReadonlyArray<Row> = [
  ...values.map(([given, value, run]): Row => ({ area: "Stiefel", given, value, run })),
  ...refusals.map(([given, says, run]): Row => ({ area: "Stiefel", given, says, run }))
]
