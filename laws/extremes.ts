/** The extreme situations of every family: cut loci, rims, faces, singular matrices, all scales. */
import * as tf from "@tensorflow/tfjs-core"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as Differentiable from "../src/numerics/Differentiable.ts"
import * as Matrices from "../src/numerics/Matrices.ts"
import type * as NestedTensors from "../src/numerics/NestedTensors.ts"
import { atEdge, type Edge, ofLength } from "./edges.ts"
import type { Situation } from "./operations.ts"

/** The edges of each manifold: rims, cut loci, faces, near-singular matrices, scales. */
type Make = (s: Situation, M: Manifold.Manifold) => Partial<Situation>

const edge = (name: string, at: Make, cut = false): Edge => ({ name, at, cut })
const lengthOf = (x: tf.Tensor) => Differentiable.length(x, [-2, -1])
const times = (a: tf.Tensor, b: tf.Tensor) => Matrices.multiply(a, b)
const size = (x: tf.Tensor, axis: number) => x.shape.at(axis)!

/** q diag(values) qᵀ with an orthogonal q that follows from a square matrix. */
const conjugated = (u: tf.Tensor, d: tf.Tensor) => {
  const q = Matrices.qf(u)
  return Matrices.multiply(times(q, d), q, { transposeB: true })
}

const diagonal = (values: ReadonlyArray<number>) =>
  tf.expandDims(tf.mul(tf.tensor1d([...values]), tf.eye(values.length)), 0)

/**
 * Where the shortest geodesics to a point are many: the antipode of every sphere.
 *
 * @internal
 */
export const antipode: Edge = {
  name: "antipodes",
  cut: true,
  at: ({ x }) => ({ y: tf.neg(x) })
}

/** Within a thousandth of the antipode, where the logarithm must still be tangent. */
const nearAntipode: Edge = {
  name: "near the antipode",
  at: ({ v, x }, M) => ({ y: M.retract(tf.neg(x), tf.mul(1e-3, v)) })
}

/**
 * Steps so long that a retraction must find a point from their direction alone.
 *
 * @internal
 */
export const longSteps = (length: number): Edge => ({
  name: `steps of length ${length}`,
  at: ({ v }) => ({ v: tf.mul(length, v) })
})

/**
 * Spheres of every kind.
 *
 * @internal
 */
export const spherical: ReadonlyArray<Edge> = [antipode, nearAntipode, longSteps(1e6)]

const scale = (name: string, c: number): Edge => ({
  name,
  at: ({ u, v, x, y }) => ({ x: tf.mul(c, x), y: tf.mul(c, y), u: tf.mul(c, u), v: tf.mul(c, v) })
})

/**
 * Cones, which have points of every scale.
 *
 * @internal
 */
export const scales: ReadonlyArray<Edge> = [scale("scale 1e30", 1e30), scale("scale 1e-30", 1e-30)]

/**
 * On the boundary of a ball, and far outside.
 *
 * @internal
 */
export const boundary: ReadonlyArray<Edge> = [
  edge("on the boundary", ({ u, v }, M) => ({ x: M.nearest(tf.mul(1e3, u)), v: tf.neg(v) })),
  edge("at the centre", ({ x }) => ({ x: tf.zerosLike(x) })),
  edge("far outside", ({ u }) => ({ u: tf.mul(1e30, u) }))
]

/** All but a little of every column, or of the whole, in one entry; near opposite vertices of a simplex. */
const corner = (x: tf.Tensor, little: number, turned: number) => {
  const m = size(x, -2)
  const square = size(x, -1) === m
  const vertex = square
    ? tf.gather(tf.eye(m), Array.from({ length: m }, (_, i) => (i + turned) % m))
    : tf.tile(tf.slice(tf.eye(m), [0, turned === 0 ? 0 : m - 1], [m, 1]), [1, size(x, -1)])
  return tf.expandDims(tf.add(tf.mul(vertex, 1 - m * little), little), 0)
}

/** The length of tangent vectors that stay inside: the Fisher metric has the boundary at 2√little. */
const inside = (little: number, x: tf.Tensor, M: Manifold.Manifold) => ({
  x,
  v: ofLength(M, x, M.randomTangent(1, x), Math.sqrt(little))
})

/**
 * Near vertices and faces of simplices, whose columns sum to 1; of square ones all rows do, too.
 *
 * @internal
 */
export const corners: ReadonlyArray<Edge> = [
  edge("near a vertex", ({ x }, M) => ({ ...inside(1e-6, corner(x, 1e-6, 0), M), y: corner(x, 1e-6, 1) })),
  edge("nearer than rounding to a vertex", ({ x }, M) => inside(1e-12, corner(x, 1e-12, 0), M)),
  edge("near a face", ({ x }, M) => {
    const halfway = tf.div(tf.add(corner(x, 1e-6, 0), corner(x, 1e-6, 1)), 2)
    return { ...inside(1e-6, halfway, M), y: halfway }
  })
]

/**
 * Vertices and faces, which open sets do not have.
 *
 * @internal
 */
export const vertices: ReadonlyArray<Edge> = [
  edge("a vertex", ({ x }) => ({ x: corner(x, 0, 0) })),
  // Two rows have no other faces than vertices.
  edge("a face", ({ x }) => ({
    x: size(x, -2) === 2 ? corner(x, 0, 1) : tf.div(tf.add(corner(x, 0, 0), corner(x, 0, 1)), 2)
  }))
]

/**
 * Positive definite matrices near singular ones, by their directions and by their scales.
 *
 * @internal
 */
export const nearSingular: ReadonlyArray<Edge> = [
  edge("condition 1e5", ({ u, x }) => ({ x: Matrices.sym(conjugated(u, diagonal(spread(size(x, -1), 1e-5)))) })),
  edge("graded to condition 1e12", ({ x, y }) => {
    const d = diagonal(spread(size(x, -1), 1e-6))
    return { x: times(times(d, x), d), y: times(times(d, y), d) }
  }),
  ...scales
]

/** 1 … least, in equal ratios; 1, 0 … 0. */
const spread = (n: number, least: number) => Array.from({ length: n }, (_, i) => i === 0 ? 1 : least ** (i / (n - 1)))

/**
 * What is singular, indefinite or 0.
 *
 * @internal
 */
export const singular: ReadonlyArray<Edge> = [
  edge("a singular matrix", ({ x }) => ({ x: tf.onesLike(x) })),
  edge("an indefinite matrix", ({ x }) => ({
    x: conjugated(x, diagonal(Array.from({ length: size(x, -1) }, (_, i) => 1 - 2 * i)))
  })),
  edge("zero", ({ x }) => ({ x: tf.zerosLike(x) }))
]

/** Singular vectors from a random matrix, with entries of one size so that no row is small; singular values as told. */
const ofValues = (u: tf.Tensor, values: ReadonlyArray<number>) => {
  const factor = (a: tf.Tensor) =>
    Matrices.qf(tf.add(tf.mul(0.3, tf.slice(a, [0, 0, 0], [1, size(a, -2), values.length])), 1))
  const left = tf.mul(factor(u), tf.tensor1d([...values]))
  return Matrices.multiply(left, factor(Matrices.transpose(u)), { transposeB: true })
}

/**
 * Matrices of fixed rank about to lose one.
 *
 * @internal
 */
export const rankDrop = (rank: number): ReadonlyArray<Edge> => [
  ...(rank === 1 ? [] : [1e-3, 1e-5]).map((least) =>
    edge(`least singular value ${least}`, ({ u }, M) => {
      const x = ofValues(u, spread(rank, least))
      return { x, v: ofLength(M, x, M.randomTangent(1, x), least) }
    })
  ),
  edge("two equal singular values to choose from", ({ u }) => ({ u: ofValues(u, [1, 1]) })),
  ...scales
]

/**
 * Matrices of less than their rank.
 *
 * @internal
 */
export const lessRank = (rank: number): ReadonlyArray<Edge> => [
  edge("zero", ({ x }) => ({ x: tf.zerosLike(x) })),
  ...(rank === 1 ? [] : [edge("rank one less", ({ u }) => ({ x: ofValues(u, spread(rank, 1).slice(1)) }))])
]

/**
 * Ambient matrices whose polar factors hang on their least singular value.
 *
 * @internal
 */
export const weakDirections = (least: number): Edge =>
  edge("a weak direction", ({ u }) => ({ u: ofValues(u, spread(Math.min(size(u, -1), size(u, -2)), least)) }))

const turned = (s: Situation, angles: ReadonlyArray<number>) => {
  const n = size(s.x, -1)
  const rotation = tf.tensor2d(Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      const plane = Math.floor(i / 2)
      const angle = angles[plane] ?? 0
      if (i === j) return 2 * plane + 1 < n ? Math.cos(angle) : 1
      return Math.floor(j / 2) === plane ? (i < j ? -1 : 1) * Math.sin(angle) : 0
    })))
  return { y: times(s.x, conjugated(s.u, tf.expandDims(rotation, 0))) }
}

/**
 * Rotations by half a turn, where two geodesics are shortest or many are, and near it.
 *
 * @internal
 */
export const halfTurns: ReadonlyArray<Edge> = [
  edge("half a turn", (s) => turned(s, [Math.PI]), true),
  edge("half a turn in every plane", (s) => turned(s, s.x.shape.map(() => Math.PI)), true),
  edge("nearly half a turn", (s) => turned(s, [Math.PI - 1e-3])),
  longSteps(1000),
  weakDirections(1e-3)
]

/**
 * What is orthogonal but turns space over.
 *
 * @internal
 */
export const reflections: ReadonlyArray<Edge> = [
  edge(
    "a reflection",
    ({ x }) => ({ x: tf.mul(x, tf.tensor1d(spread(size(x, -1), 1).map((one, i) => i === 0 ? -one : one))) })
  )
]

const toRim = (x: tf.Tensor, missing: number) => tf.mul(x, tf.div(1 - missing, lengthOf(x)))

/**
 * Near the rim of the Poincaré ball: side by side, and opposite.
 *
 * @internal
 */
export const rim: ReadonlyArray<Edge> = [
  edge("side by side near the rim", ({ x }) => ({ x: toRim(x, 1e-4), y: toRim(x, 2e-4) })),
  edge("opposite near the rim", ({ x }) => ({ x: toRim(x, 1e-5), y: tf.neg(toRim(x, 1e-5)) })),
  edge("at hyperbolic distance 1 near the rim", ({ v, x }, M) => {
    const from = toRim(x, 1e-5)
    return { x: from, y: M.retract(from, ofLength(M, from, v, 1)) }
  }),
  longSteps(100)
]

/**
 * The rim itself, and what is beyond.
 *
 * @internal
 */
export const beyondRim: ReadonlyArray<Edge> = [
  edge("the rim", ({ x }) => ({ x: inTime(tf.zerosLike(x), () => tf.scalar(1)) })),
  edge("beyond the rim", ({ x }) => ({ x: toRim(x, -1) }))
]

/** A matrix of which time is the first entry, by its entries in space and its time. */
const inTime = (x: tf.Tensor, time: (space: tf.Tensor) => tf.Tensor) => {
  const first = tf.tensor2d(
    Array.from({ length: size(x, -2) }, (_, i) => Array.from({ length: size(x, -1) }, (_, j) => (i + j === 0 ? 1 : 0)))
  )
  const space = tf.mul(x, tf.sub(1, first))
  return tf.add(space, tf.mul(first, time(space)))
}
const onSheet = (x: tf.Tensor) =>
  inTime(x, (space) => lengthOf(tf.concat([lengthOf(space), tf.ones([...x.shape.slice(0, -2), 1, 1])], -1)))

/**
 * Points of the upper sheet and vectors tangent to it, by their entries in space.
 *
 * @internal
 */
export const ofSpace = ({ u, v, x, y }: Situation): Situation => {
  const from = onSheet(x)
  const slope = tf.div(inTime(from, () => tf.scalar(0)), tf.slice(from, [0, 0, 0], [-1, 1, 1]))
  const time = (space: tf.Tensor) => tf.sum(tf.mul(space, slope), [-2, -1], true)
  return { x: from, y: onSheet(y), u, v: inTime(v, time) }
}

/** The point at hyperbolic angle t in the direction of another. */
const lorentz = (x: tf.Tensor, t: number) => {
  const space = inTime(x, () => tf.scalar(0))
  return onSheet(tf.mul(space, tf.div(Math.sinh(t), lengthOf(space))))
}

/**
 * Far out on the hyperboloid, in one direction and in opposite ones; at 11, 3·10⁴ from the origin.
 *
 * @internal
 */
export const farOut: ReadonlyArray<Edge> = [
  edge("7 and 7.01 out", ({ x }) => ({ x: lorentz(x, 7), y: lorentz(x, 7.01) })),
  edge("10 out on both sides", ({ x }) => ({ x: lorentz(x, 10), y: lorentz(x, -10) })),
  edge("11 and 11.1 out", ({ x }) => ({ x: lorentz(x, 11), y: lorentz(x, 11.1) })),
  edge("at the origin and as far out as numbers reach", ({ x }) => ({ x: lorentz(x, 0), y: lorentz(x, 79) })),
  longSteps(1000)
]

/**
 * The lower sheet.
 *
 * @internal
 */
export const lowerSheet: ReadonlyArray<Edge> = [edge("the lower sheet", ({ x }) => ({ x: tf.neg(x) }))]

/**
 * Subspaces with principal angles of π/2, and near it.
 *
 * @internal
 */
export const orthogonalSubspaces: ReadonlyArray<Edge> = [
  edge("principal angles π/2", ({ u, x }, M) => ({ y: M.nearest(M.project(x, u)) }), true),
  edge("principal angles near π/2", ({ u, x }, M) => ({
    y: tf.add(tf.mul(x, 1e-3), tf.mul(Math.sqrt(1 - 1e-6), M.nearest(M.project(x, u))))
  })),
  edge("another basis", ({ x }) => ({ y: tf.neg(x) })),
  longSteps(1000),
  weakDirections(1e-2)
]

/**
 * No points: of lengths other than 1, and none at all.
 *
 * @internal
 */
export const otherLengths: ReadonlyArray<Edge> = [
  edge("zero", ({ x }) => ({ x: tf.zerosLike(x) })),
  edge("twice a point", ({ x }) => ({ x: tf.mul(2, x) }))
]

/**
 * An edge of every factor at once.
 *
 * @internal
 */
export const factorwise = <Ps extends ReadonlyArray<NestedTensors.NestedTensors>>(
  factors: { readonly [K in keyof Ps]: Manifold.Manifold<Ps[K]> },
  ...edges: { readonly [K in keyof Ps]: Edge<Ps[K]> }
): Edge<Ps> => ({
  name: edges.map(({ name }) => name).join(" beside "),
  cut: edges.some(({ cut = false }) => cut),
  at: (s) => {
    const each = edges.map(({ at }, i) => {
      const own = { x: s.x[i]!, y: s.y[i]!, u: s.u[i]!, v: s.v[i]! }
      const M = factors[i]! as Manifold.Manifold<NestedTensors.NestedTensors>
      return atEdge(own, at as Edge<NestedTensors.NestedTensors>["at"], M, Infinity)
    })
    const part = (key: keyof Situation) => each.map((of) => of[key]) as unknown as Ps
    return { x: part("x"), y: part("y"), u: part("u"), v: part("v") }
  }
})
