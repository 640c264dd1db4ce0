import * as tf from "@tensorflow/tfjs-core"
import {
  CentredSphere,
  DoublyStochastic,
  Euclidean,
  FixedRank,
  FixedSpectrum,
  Grassmann,
  Lorentz,
  type Manifold,
  NormBall,
  Oblique,
  PoincareBall,
  Seed,
  Simplex,
  Spd,
  SpecialOrthogonal,
  SpectralBall,
  Sphere,
  Stiefel
} from "finegrain"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../backends.ts"
import { runsWebgpu } from "../webgpu.ts"

const manifolds: ReadonlyArray<Manifold.Manifold> = [
  ...[Euclidean, Sphere, Oblique, CentredSphere, Stiefel, Grassmann, FixedSpectrum, FixedRank, PoincareBall, Lorentz]
    .map(({ make }) => make([3, 2])),
  ...[Simplex, NormBall, SpectralBall].map(({ make }) => make([3, 2])),
  ...[SpecialOrthogonal, Spd, DoublyStochastic].map(({ make }) => make([3, 3]))
]

type Operation = readonly [name: string, at: (x: tf.Tensor, v: tf.Tensor) => tf.Tensor]

const operationsOf = (M: Manifold.Manifold): ReadonlyArray<Operation> => [
  ["project", M.project],
  ["gradient", M.gradient],
  ["nearest", (x, v) => M.nearest(tf.add(x, tf.mul(v, 0.3)))],
  ["retract", M.retract],
  ["transport", (x, v) => M.transport(x, constantly(M.retract(x, v)), v)],
  ["inner", (x, v) => M.inner(x, v, v)],
  ["norm", M.norm],
  ...(M.exp === undefined ? [] : [["exp", M.exp] as const]),
  ...(M.log === undefined ? [] : [["log", (x, v) => M.log!(x, constantly(M.retract(x, v)))] as Operation]),
  ...(M.dist === undefined ? [] : [["dist", (x, v) => M.dist!(x, constantly(M.retract(x, v)))] as Operation])
]

/** A value of which nothing is differentiated. */
const constantly = (x: tf.Tensor): tf.Tensor =>
  tf.customGrad((y) => ({ value: tf.clone(y as tf.Tensor), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) }))(x)

/** The gradients of ⟨w, f(x, v)⟩ with respect to both, of every operation of a manifold. */
const gradientsOf = async (M: Manifold.Manifold) => {
  const found: Record<string, ReadonlyArray<number>> = {}
  for (const [name, f] of operationsOf(M)) {
    const gradient = tf.tidy(() => {
      const x = M.random(1)
      const v = tf.mul(M.randomTangent(2, x), 0.2)
      const weighted = (y: tf.Tensor) => tf.sum(tf.mul(Seed.normalTensor(3, y.shape), y))
      // Some do not depend on one of both.
      const none = (x: tf.Tensor, v: tf.Tensor) => tf.mul(tf.sum(tf.add(x, v)), 0)
      return tf.concat(tf.grads((x, v) => tf.add(weighted(f(x!, v!)), none(x!, v!)))([x, v]))
    })
    // One after the other: a GPU frees memory only when it is read.
    found[name] = [...await gradient.data()]
    gradient.dispose()
  }
  return found
}

describe.skipIf(!runsWebgpu)("derivatives of operations on webgpu", () => {
  const right = new Map<string, Record<string, ReadonlyArray<number>>>()

  // On cpu laws hold them to differences in double precision.
  beforeAll(async () => {
    await use("cpu")
    for (const M of manifolds) right.set(M.name, await gradientsOf(M))
    await use("webgpu")
  })

  it.each(manifolds)("of $name are those of the cpu engine", async (M) => {
    const found = await gradientsOf(M)
    const gaps = Object.entries(right.get(M.name)!).map(([name, values]) => {
      const size = Math.max(1, ...values.map(Math.abs))
      const gap = values.reduce((worst, value, i) => {
        const one = Math.abs(value - found[name]![i]!) / size
        return Number.isNaN(worst) || worst >= one ? worst : one
      }, 0)
      return [name, gap <= tolerance ? 0 : gap]
    })
    expect(Object.fromEntries(gaps)).toEqual(Object.fromEntries(gaps.map(([name]) => [name, 0])))
  })
})

/** Some hundred roundings, and the transcendental functions of a GPU. */
const tolerance = 1e-4
