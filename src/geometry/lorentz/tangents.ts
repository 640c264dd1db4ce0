/** Tangent vectors of the hyperboloid: their projection, their product, and their way along geodesics. */
import * as tf from "@tensorflow/tfjs-core"
import * as Arithmetic from "../../numerics/Arithmetic.ts"
import { constant } from "../../numerics/Constant.ts"
import * as Differentiable from "../../numerics/Differentiable.ts"
import * as Seed from "../../numerics/Seed.ts"
import { gyration } from "../manifolds/gyration.ts"
import { axes, dot, drop, either, type Hyperboloid, length, type Polar } from "./hyperboloid.ts"

/** Of the sheet's tangent spaces. */
export const tangents = ({ across, atRest, first, halfAngle, joined, moving, near, polar, space }: Hyperboloid) => {
  /**
   * u = tangent part + normal·x with normal = −⟨x, u⟩ = cosh τ·(u₀ − ⟨x_s, u_s⟩/cosh τ). A time entry that is tangent
   * to rounding counts as tangent: far out, what rounding leaves of it would be larger than all else.
   */
  const split = ({ cosh, space: x }: Polar, u: tf.Tensor) => {
    const along = dot(tf.div(x, cosh), space(u))
    const defect = tf.sub(first(u), along)
    const rounding = tf.mul(16 * Arithmetic.current().epsilon, tf.add(tf.abs(along), tf.abs(first(u))))
    const tangent = Differentiable.less(tf.abs(defect), rounding)
    const normal = tf.mul(cosh, tf.sub(defect, tf.mul(tangent, constant(defect))))
    return { normal, inSpace: tf.sub(space(u), tf.mul(x, normal)) }
  }
  const inBall = (p: Polar) => tf.div(p.space, tf.add(1, p.cosh))
  const gap = (p: Polar) => tf.div(2, tf.add(1, p.cosh))
  const project = (x: tf.Tensor, u: tf.Tensor) => {
    const at = polar(x)
    const { inSpace } = split(at, u)
    return joined(inSpace, dot(tf.div(at.space, at.cosh), inSpace))
  }
  return {
    project,
    /** Projected from entries that are shorter far out, since projections are so much longer. */
    randomTangent: (seed: Seed.Seed, x: tf.Tensor) =>
      project(x, tf.div(Seed.normalTensor(seed, x.shape), polar(x).cosh)),
    inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => {
      const at = polar(x)
      const [a, b] = [split(at, u), split(at, v)]
      return drop(tf.sub(dot(atRest(at, a.inSpace), atRest(at, b.inSpace)), tf.mul(a.normal, b.normal)))
    },
    /** Of the vector at rest: its entries may be larger than squares allow, and so much larger than it is long. */
    norm: (x: tf.Tensor, u: tf.Tensor) => {
      const at = polar(x)
      const { inSpace, normal } = split(at, u)
      const [own, other] = [length(atRest(at, inSpace)), tf.abs(normal)]
      const roots = [tf.relu(tf.sub(own, other)), tf.add(own, other)].map(Differentiable.squareRoot)
      return drop(tf.mul(roots[0]!, roots[1]!))
    },
    transport: (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor) => {
      const [from, to] = [polar(x), polar(y)]
      const both = tf.mul(tf.sqrt(gap(from)), tf.sqrt(gap(to)))
      const apartness = tf.mul(halfAngle(from, to), both)
      const delta = tf.div(either(near(from), to.space, across(from.direction, to.space)), tf.add(1, to.cosh))
      const apart = tf.div(tf.add(tf.add(gap(from), gap(to)), tf.square(apartness)), 2)
      const pair = { x: inBall(from), delta, apart, rootOfDenominator: length(tf.concat([both, apartness], -1)) }
      return moving(to, gyration(pair, atRest(from, v), axes))
    }
  }
}
