import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import { curvatureOfSpread, sectionalCurvature } from "../curvature.ts"
import type { Law, LawSet } from "../Law.ts"
import * as Tolerance from "../Tolerance.ts"
import { outside } from "./outside.ts"
import type { Setting } from "./setting.ts"

/**
 * The interval of the sectional curvature.
 *
 * @internal
 */
export const curvatureLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, embedded, length, reach, point, tangent, section }: Setting<P>
): LawSet => {
  const { law, set, when } = section("curvature", "do Carmo 1992, chapters 5 and 6")
  const measured = embedded ? sectionalCurvature : curvatureOfSpread
  const sectional = (x: P, a: P, b: P) => measured(M, x, a, b, Math.min(1, reach))
  when(
    M.dimension >= 2 && M.curvature.min < M.curvature.max && (options.tightCurvature ?? false),
    "sectional curvature attains its interval",
    "the interval is one number, or not claimed to be tight",
    embedded || M.exp !== undefined ?
      once(law(
        "sectional curvature attains its interval",
        "some plane has K = min, some K = max",
        (c) => {
          // Climbing by random trials from 64 planes: each round keeps the better of a plane and its perturbation. Up
          // and down at once, as one batch whose halves have the same draws.
          const count = 64
          const both = (half: P): P => NestedTensors.map(half, (leaf) => tf.concat([leaf, leaf], 0))
          const at = M.random(c.seed, [count])
          const drawn = (seed: Seed.Seed) => both(M.randomTangent(seed, at))
          const unit = (p: P) => NestedTensors.scaleItems(tf.div(1, tf.maximum(length(p), 1e-6)), p)
          const sign = tf.concat([tf.ones([count]), tf.neg(tf.ones([count]))], 0)
          const x = both(at)
          let [a, b] = [drawn(c.seed + 1), drawn(c.seed + 2)]
          let best = tf.mul(sectional(x, a, b), sign)
          for (let round = 0; round < 60; round++) {
            const size = 0.6 * 0.95 ** round
            const perturbed = (p: P, name: string) =>
              NestedTensors.add(p, NestedTensors.scale(size, drawn(Seed.split(c.seed, `${name}${round}`))))
            const [u, v] = [unit(a), unit(b)]
            const trial = [perturbed(u, "a"), perturbed(v, "b")] as const
            const value = tf.mul(sectional(x, ...trial), sign)
            const better = tf.cast(tf.greater(value, best), "float32")
            const choose = (old: P, next: P) =>
              NestedTensors.add(old, NestedTensors.scaleItems(better, NestedTensors.sub(next, old)))
            a = choose(u, trial[0])
            b = choose(v, trial[1])
            best = tf.maximum(best, value)
          }
          const [most, least] = tf.split(tf.mul(best, sign), 2)
          return tf.stack([
            tf.abs(tf.sub(tf.max(most!), M.curvature.max)),
            tf.abs(tf.sub(tf.min(least!), M.curvature.min))
          ])
        },
        Tolerance.measured(0.05, "a random search of 64 planes and 60 rounds")
      )) :
      undefined
  )
  when(
    embedded && M.dimension >= 2,
    "sectional curvature stays in its interval",
    embedded
      ? "there is no plane in a tangent space of dimension below 2"
      : "the Gauss equation needs the embedded metric",
    law(
      "sectional curvature stays in its interval",
      "K(u, v) = ⟨II(u,u), II(v,v)⟩ − ‖II(u,v)‖² ∈ [min, max]",
      (c) => {
        const x = point(c)
        return outside(sectional(x, tangent(c, x), tangent(c, x, 1)), M.curvature)
      },
      Tolerance.measured(5e-3, "extrapolated central differences of the projection, steps 0.1 and 0.05")
    )
  )
  when(
    M.exp !== undefined && M.dimension >= 2,
    "geodesics spread as the curvature allows",
    M.exp === undefined ? "the manifold gives no exponential map" : "there is no plane in its tangent spaces",
    law(
      "geodesics spread as the curvature allows",
      "‖D exp(x, tu)[v]‖² = 1 − K t²/3 + O(t³), K ∈ [min, max], for orthonormal u, v",
      (c) => {
        const x = point(c)
        return outside(curvatureOfSpread(M, x, tangent(c, x), tangent(c, x, 1), Math.min(1, reach)), M.curvature)
      },
      Tolerance.measured(0.02, "central differences of steps 0.1 and 0.2 at t = 0.2 and 0.4, extrapolated")
    )
  )
  return set
}

const once = (law: Law): Law => ({ ...law, maxRuns: 1 })
