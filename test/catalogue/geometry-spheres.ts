import * as tf from "@tensorflow/tfjs-core"
import { CentredSphere, Combinators, Euclidean, Manifold, NestedTensors, NormBall, Oblique, Sphere } from "finegrain"
import { expect } from "vitest"
import type { Row } from "./Row.ts"

const sphere = Sphere.make([3, 1])
const column = (...entries: ReadonlyArray<number>) => tf.tensor2d(entries.map((entry) => [entry]))
const pole = () => column(1, 0, 0)
const opposite = () => tf.neg(pole())
const all = async (x: tf.Tensor) => [...await x.data()].map((entry) => Number(entry.toFixed(5)) + 0)
const first = async (x: tf.Tensor) => (await x.data())[0]!
const near = (value: number, digits = 5) => expect.closeTo(value, digits)
const atOnce = (manifold: Manifold.Manifold) => {
  const x = manifold.random(1)
  return first(manifold.norm(x, manifold.log!(x, tf.neg(x))))
}
const slopes = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) => all(tf.grad((y: tf.Tensor) => tf.sum(f(y)))(x))

const values: ReadonlyArray<readonly [given: string, value: unknown, run: () => unknown]> = [
  [
    "the antipode, for a logarithm on a sphere",
    [0, Number(Math.PI.toFixed(5)), 0],
    () => all(sphere.log!(pole(), opposite()))
  ],
  ["antipodes in every column of an oblique matrix", near(Math.PI * Math.SQRT2), () => atOnce(Oblique.make([3, 2]))],
  ["the antipode on a centred sphere", near(Math.PI), () => atOnce(CentredSphere.make([3, 3]))],
  ["the antipode on a sphere of radius 2", near(2 * Math.PI), () => {
    const wide = Combinators.scaled(sphere, 2)
    return first(wide.norm(column(2, 0, 0), wide.log!(column(2, 0, 0), column(-2, 0, 0))))
  }],
  ["a point that is opposite but for a rounding error of its length", near(0, 6), () => {
    const x = sphere.random(1)
    const v = sphere.log!(x, tf.mul(x, -1 - 2 ** -23))
    return first(tf.max(tf.abs(tf.sub(v, sphere.project(x, v)))))
  }],
  ["a vector to be carried to the antipode", [0, -1, 2], () => {
    const parallel = Sphere.make([3, 1], { transport: Sphere.parallel })
    return all(parallel.transport(pole(), opposite(), column(0, 1, 2)))
  }],
  ["a step of length 1e30 on a sphere", [0, 0.6, 0.8], () => all(sphere.retract(pole(), column(0, 6e29, 8e29)))],
  ["an exponential of length 0", [1, 0, 0], () => all(sphere.exp!(pole(), column(0, 0, 0)))],
  ["an exponential of length 1e-30", [0, 1, 0], () => {
    const end = sphere.exp!(pole(), column(0, 1e-30, 0))
    return all(tf.mul(tf.sub(end, pole()), 1e30))
  }],
  [
    "a matrix of zeros, for the nearest point",
    near(0, 6),
    () => first(sphere.residual(sphere.nearest(tf.zeros([3, 1]))))
  ],
  ["entries of 1e-30, for the nearest point", [0.6, 0, 0.8], () => all(sphere.nearest(column(3e-30, 0, 4e-30)))],
  ["entries of 1e30, for the nearest point", [0.6, 0, 0.8], () => all(sphere.nearest(column(3e30, 0, 4e30)))],
  [
    "a vector of length 1e30, for its norm",
    near(5, 4),
    () => first(tf.div(sphere.norm(pole(), column(0, 3e30, 4e30)), 1e30))
  ],
  ["a point at a distance of 1e30 in Euclidean space", near(5, 4), () => {
    const space = Euclidean.make([3, 1])
    return first(tf.div(space.dist!(column(0, 0, 0), column(3e30, 0, 4e30)), 1e30))
  }],
  ["a matrix of norm 1e30, for a ball", [0.6, 0, 0.8], () => all(NormBall.make([3, 1]).nearest(column(3e30, 0, 4e30)))],
  [
    "a squared distance on a sphere where points coincide",
    [0, 0, 0],
    () => slopes((y) => tf.square(sphere.dist!(y, pole())), pole())
  ],
  ["a squared distance on a product where points of one factor coincide", [0, 0, 0], () => {
    const product = Combinators.product(sphere, Euclidean.make([1]))
    const squared = (y: tf.Tensor) =>
      tf.square(product.dist!([y, tf.tensor1d([1])] as const, [pole(), tf.tensor1d([3])] as const))
    return slopes(squared, pole())
  }],
  ["the gradient of a norm at the vector 0", [0, 0, 0], () => slopes((v) => sphere.norm(pole(), v), column(0, 0, 0))],
  [
    "the gradient of an exponential by a vector of length 0",
    [0, 1, 1],
    () => slopes((v) => sphere.exp!(pole(), v), column(0, 0, 0))
  ],
  [
    "the gradient of a ball's nearest point inside",
    [1, 1, 1],
    () => slopes(NormBall.make([3, 1]).nearest, column(0.1, 0.2, 0.3))
  ]
]

const refusals: ReadonlyArray<readonly [given: string, says: RegExp, run: () => unknown]> = [
  [
    "a matrix of zeros as a point of a sphere",
    /the point is not on Sp\(3,1\): residual 1/,
    () => Manifold.checkPoint(sphere, tf.zeros([3, 1]), 1e-3)
  ],
  [
    "a point of a sphere 1e30 times too long",
    /the point is not on Sp\(3,1\): residual 1(\.\d+)?e\+30/,
    () => Manifold.checkPoint(sphere, tf.mul(pole(), 1e30), 1e-3)
  ],
  [
    "a kernel that is not centred",
    /the point is not on Cen\(3,1\): residual 0\.577/,
    () => Manifold.checkPoint(CentredSphere.make([3, 1]), pole(), 1e-3)
  ],
  ["a ball of radius 0", /NormBall: a radius is a positive number, not 0/, () => NormBall.make([3, 1], { radius: 0 })],
  [
    "a sphere scaled by a number below 0",
    /the scale must be a positive finite number/,
    () => Combinators.scaled(sphere, -1)
  ],
  [
    "a tensor where a product has two factors",
    /Points of different nesting/,
    () => NestedTensors.add([pole(), pole()] as NestedTensors.NestedTensors, pole() as NestedTensors.NestedTensors)
  ]
]

/** Cut loci, zero, huge and tiny vectors, and gradients where points coincide, on spheres and what is made of them. */
export const rows: ReadonlyArray<Row> = [
  ...values.map(([given, value, run]): Row => ({ area: "spheres", given, value, run })),
  ...refusals.map(([given, says, run]): Row => ({ area: "spheres", given, says, run }))
]
