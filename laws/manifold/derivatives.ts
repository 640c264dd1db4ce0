import * as tf from "@tensorflow/tfjs-core"
import * as NestedTensors from "../../src/numerics/NestedTensors.ts"
import * as Seed from "../../src/numerics/Seed.ts"
import type { Law, LawSet } from "../Law.ts"
import type { ManifoldOperation, Situation } from "../operations.ts"
import * as Tolerance from "../Tolerance.ts"
import { type Case, type Setting } from "./setting.ts"

/**
 * Gradients through the operations.
 *
 * @internal
 */
export const derivativeLaws = <P extends NestedTensors.NestedTensors>(
  { M, options, operations, entries, reach, length, gap, relative, point, ambient, tangent, section }: Setting<P>
): LawSet => {
  const { law, set, when } = section(
    "derivatives",
    "do Carmo 1992, chapter 3; automatic differentiation against differences"
  )
  const { dist, log } = M
  const short = Math.min(1, reach)
  const refused = new Map((options.notDifferentiable ?? []).map(({ operation, reason }) => [operation, reason]))
  when(
    dist !== undefined && log !== undefined && !refused.has("dist"),
    "the squared distance falls along the logarithm",
    refused.get("dist") ?? "the manifold gives no logarithm or distance",
    few(law("the squared distance falls along the logarithm", "grad_y d²(x, y) = −2 log(y, x), and 0 at y = x", (c) => {
      const x = point(c)
      const squared = (y: P) => tf.sum(tf.square(dist!(x, y)))
      const gradient = (y: P) => M.gradient(y, differential(squared, y))
      const y = M.retract(x, tangent({ ...c, size: short }, x))
      const along = NestedTensors.scale(-2, log!(y, x))
      return tf.stack([
        relative(gap(gradient(y), along), length(along)),
        length(gradient(x))
      ])
    }, Tolerance.rounding(entries, 20)))
  )
  for (const [operation, reason] of refused) {
    when(false, `${operation} is differentiable`, reason)
  }
  const differentiable = operations.filter(({ name }) => !refused.has(name) && name !== "residual")
  when(
    differentiable.length > 0,
    "operations are differentiable",
    "none of them is",
    few(law(
      "operations are differentiable",
      "d/dt ⟨w, f(s(t))⟩ = Σ ⟨∇f, s′⟩ along curves of points and tangent vectors",
      (c) => differentiable.map((operation) => () => apart(operation, c)),
      Tolerance.measured(1e-2, "extrapolated central differences of steps 0.02 and 0.01 in float32"),
      short,
      differentiable.map(({ name }) => name)
    ))
  )
  return set

  /** Situations along a curve: x and y move on the manifold, v stays tangent. Only what is asked for is computed. */
  function curve(c: Case) {
    const moving = (x: P, k: number) => {
      const w = tangent({ ...c, size: short / 2 }, x, k)
      return (t: number) => M.retract(x, NestedTensors.scale(t, w))
    }
    const x = moving(point(c), 3)
    const x0 = once(() => x(0))
    const v0 = once(() => tangent(c, x0()))
    const y = once(() => moving(M.retract(x0(), tangent({ ...c, size: short / 2 }, x0(), 4)), 5))
    const u0 = once(() => NestedTensors.add(x0(), NestedTensors.scale(0.3, ambient(c))))
    const [du, dv] = [once(() => ambient(c, 1)), once(() => ambient(c, 2))]
    return (t: number, parts: ReadonlyArray<keyof Situation<P>>): Situation<P> => {
      const xt = once(() => t === 0 ? x0() : x(t))
      const part = {
        x: xt,
        y: () => y()(t),
        u: () => NestedTensors.add(u0(), NestedTensors.scale(0.3 * t, du())),
        v: () => M.project(xt(), NestedTensors.add(v0(), NestedTensors.scale(t * short, dv())))
      }
      return Object.fromEntries(parts.map((key) => [key, part[key]()])) as unknown as Situation<P>
    }
  }

  /** How far the derivative is from differences, beyond what they are from each other where an operation has a kink. */
  function apart({ apply, takes }: ManifoldOperation<P>, c: Case): tf.Tensor {
    const along = curve(c)
    const [far, behind, at, ahead, farther] = [-0.02, -0.01, 0, 0.01, 0.02].map((t) => along(t, takes)) as [
      Situation<P>,
      Situation<P>,
      Situation<P>,
      Situation<P>,
      Situation<P>
    ]
    const weights = NestedTensors.map(apply(at), (leaf) => Seed.normalTensor(Seed.split(c.seed, "weights"), leaf.shape))
    const value = (s: Situation<P>) => sum(NestedTensors.zipWith(apply(s), weights, tf.mul))
    const slope = (before: Situation<P>, after: Situation<P>, h: number) =>
      tf.div(tf.sub(value(after), value(before)), 2 * h)
    const [coarse, fine] = [slope(far, farther, 0.02), slope(behind, ahead, 0.01)]
    const measured = tf.div(tf.sub(tf.mul(4, fine), coarse), 3)
    const velocity = (key: keyof Situation<P>) => NestedTensors.scale(50, NestedTensors.sub(ahead[key], behind[key]))
    const parts = takes.map((key) => {
      const d = differential((p: P) => value({ ...at, [key]: p }), at[key])
      return [sum(NestedTensors.zipWith(d, velocity(key), tf.mul)), length(d)] as const
    })
    const found = parts.map(([change]) => change).reduce((a, b) => tf.add(a, b))
    const scale = parts.map(([, size]) => tf.sum(size)).reduce((a, b) => tf.add(a, b))
    const difference = tf.sub(tf.abs(tf.sub(found, measured)), tf.mul(4, tf.abs(tf.sub(coarse, fine))))
    return tf.div(tf.maximum(difference, tf.mul(0, found)), tf.add(1, scale))
  }
}

/** A value that is computed when it is first asked for. */
const once = <A>(make: () => A): () => A => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}

const sum = (p: NestedTensors.NestedTensors): tf.Tensor =>
  NestedTensors.leaves(p).map((leaf) => tf.sum(leaf)).reduce((a, b) => tf.add(a, b), tf.scalar(0) as tf.Tensor)

/** Every operation is passed forth and back many times: one case of two points is enough. */
const few = (law: Law): Law => ({ ...law, maxRuns: 1 })

/** The gradient of a scalar function of a point by automatic differentiation, 0 where it does not depend on a leaf. */
const differential = <P extends NestedTensors.NestedTensors>(f: (p: P) => tf.Tensor, p: P): P => {
  const leaves = NestedTensors.leaves(p)
  const rebuilt = (given: ReadonlyArray<tf.Tensor>) => {
    let k = 0
    return NestedTensors.map(p, () => given[k++]!)
  }
  const gradients = tf.grads((...given: Array<tf.Tensor>) =>
    // Kept in the graph, every leaf has a gradient.
    given.reduce((total, leaf) => tf.add(total, tf.sum(tf.mul(0, leaf))), f(rebuilt(given)))
  )([...leaves])
  return rebuilt(gradients)
}
