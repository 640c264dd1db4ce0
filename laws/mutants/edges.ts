import * as tf from "@tensorflow/tfjs-core"
import * as Combinators from "../../src/collections/combinators.ts"
import * as Manifold from "../../src/geometry/Manifold.ts"
import * as DoublyStochastic from "../../src/geometry/manifolds/DoublyStochastic.ts"
import * as FixedRank from "../../src/geometry/manifolds/FixedRank.ts"
import * as Grassmann from "../../src/geometry/manifolds/Grassmann.ts"
import * as Lorentz from "../../src/geometry/manifolds/Lorentz.ts"
import * as PoincareBall from "../../src/geometry/manifolds/PoincareBall.ts"
import * as Simplex from "../../src/geometry/manifolds/Simplex.ts"
import * as Spd from "../../src/geometry/manifolds/Spd.ts"
import * as SpecialOrthogonal from "../../src/geometry/manifolds/SpecialOrthogonal.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Arithmetic from "../../src/numerics/Arithmetic.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { type Edge, ofLength } from "../edges.ts"
import { nearSingular, singular } from "../extremes/definite.ts"
import { ofAll, stacked } from "../extremes/factorwise.ts"
import { farOut, ofSpace, rim } from "../extremes/hyperbolic.ts"
import { longSteps } from "../extremes/lengths.ts"
import { rankDrop } from "../extremes/ranks.ts"
import { halfTurns } from "../extremes/rotations.ts"
import { corners, vertices } from "../extremes/simplices.ts"
import { spherical } from "../extremes/spheres.ts"
import { orthogonalSubspaces } from "../extremes/subspaces.ts"
import { budgetLaw, identityLaw } from "../manifold/budget.ts"
import { lawsAtEdges, type ManifoldClaims } from "../manifoldLaws.ts"
import { leverrier } from "./matrices.ts"
import type { Mutant } from "./Mutant.ts"

const times = (x: tf.Tensor, y: tf.Tensor, transposeA = false) => Matrices.multiply(x, y, { transposeA })
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)
const drop = (x: tf.Tensor) => tf.squeeze(x, [-2, -1])
const numbers = "operations at the edges give numbers"
const reached = "points reached at the edges lie on the manifold"
const fixed = "nearest fixes points at the edges"
const beside = "what is no point has a residual"

const sphere = Sphere.make([3, 3])
const spd = Spd.make([2, 2])
const pair = Combinators.partition([{ indices: [1, 0], manifold: spd }])
const { norm: _, ...withoutNorm } = pair
const separable = FixedRank.make([5, 4], { rank: 2 })
const rotations = SpecialOrthogonal.make([3, 3])
const size = 36
const many = SpecialOrthogonal.make([size, size])
const hyperbolic = PoincareBall.make([2, 1])
const lorentz = Lorentz.make([4, 1])
const simplex = Simplex.make([3, 1])
const stochastic = DoublyStochastic.make([3, 3])
const subspaces = Grassmann.make([5, 2])
const stiefel = Stiefel.make([4, 2])

const mutant = (
  name: string,
  killedBy: string,
  original: Manifold.Manifold,
  defect: Partial<Manifold.Manifold>,
  options: ManifoldClaims
): Mutant => ({ name, killedBy, laws: lawsAtEdges({ ...original, ...defect }, options) })

/** 2 artanh ‖(−x) ⊕ y‖, as the library had it. */
const mobius = (x: tf.Tensor, y: tf.Tensor) => {
  const { epsilon } = Arithmetic.current()
  const [xx, xy, yy] = [dot(x, x), tf.mul(-2, dot(x, y)), dot(y, y)]
  const above = tf.sub(tf.mul(tf.sub(1, xx), y), tf.mul(tf.add(tf.add(xy, yy), 1), x))
  const z = tf.div(above, tf.maximum(tf.add(tf.add(1, xy), tf.mul(xx, yy)), 1e-15))
  const length = tf.minimum(tf.sqrt(dot(z, z)), 1 - 8 * epsilon)
  return drop(tf.mul(tf.atanh(length), 2))
}

/** Eigenvalues of XᵀX, the largest last, with those eigenvectors: singular values squared, and their condition. */
const squared = (x: tf.Tensor) => Matrices.eigh(times(x, x, true))

const floored = (least: number) => (u: tf.Tensor) =>
  Matrices.ofEigen(Matrices.eigh(Matrices.sym(u)), (values) => tf.maximum(values, least))

const lorentzian = (x: tf.Tensor, u: tf.Tensor) =>
  tf.sub(dot(x, u), tf.mul(2, tf.mul(tf.slice(x, [0, 0, 0], [-1, 1, 1]), tf.slice(u, [0, 0, 0], [-1, 1, 1]))))

/** U less (α1ᵀ + 1βᵀ)∘X by the system as it is written, whose matrix is nearly 0 near a vertex. */
const writtenOut = (x: tf.Tensor, u: tf.Tensor) => {
  const transposed = Matrices.transpose
  const [rows, columns] = [tf.sum(u, -1, true), transposed(tf.sum(u, -2, true))]
  const matrix = tf.add(tf.sub(tf.eye(3), Matrices.multiply(x, x, { transposeB: true })), 1 / 3)
  const alpha = Matrices.solve(matrix, tf.sub(rows, times(x, columns)))
  const beta = tf.sub(columns, times(x, alpha, true))
  return tf.sub(u, tf.mul(tf.add(alpha, transposed(beta)), x))
}

/** Rotations so near to I that the coefficients of the characteristic polynomial are binomial ones. */
const nearIdentity: Edge = {
  name: "near the identity",
  at: ({ x, v }, M) => {
    const identity = tf.expandDims(tf.eye(size), 0)
    return { x: identity, y: identity, v: ofLength(M, identity, times(x, v, true), 0.1) }
  }
}

/**
 * Defects that show at the edges only, many of them once this library's own: absolute floors, squared condition
 * numbers, cancellation, clamps, iterations that nobody looks at.
 *
 * @internal
 */
export const edgeMutants: ReadonlyArray<Mutant> = [
  ...[1e-3, 1e-7].map((least) =>
    mutant(`nearest definite matrix with an absolute floor of ${least}`, fixed, spd, { nearest: floored(least) }, {
      edges: nearSingular
    })
  ),
  mutant("definite matrices by their symmetry alone", beside, spd, {
    residual: (x) => tf.sqrt(drop(dot(Matrices.skew(x), Matrices.skew(x))))
  }, { outside: singular }),
  mutant("logarithm by dense roots of an ill-conditioned matrix", budgetLaw, spd, {
    log: (x, y) => {
      const [root, inverse] = [Matrices.squareRoot, Matrices.inverseSquareRoot].map((f) => Matrices.ofSymmetric(x, f))
      const whole = Matrices.sym(times(times(inverse!, y), inverse!))
      return times(times(root!, Matrices.ofSymmetric(whole, Matrices.logarithm)), root!)
    }
  }, { edges: nearSingular }),
  mutant("length of a vector scaled to 1, at a point that is not", budgetLaw, spd, {
    norm: (x, v) => {
      const size = tf.max(tf.abs(v), [-2, -1], true)
      return tf.mul(tf.sqrt(spd.inner(x, tf.div(v, size), tf.div(v, size))), drop(size))
    }
  }, { edges: nearSingular }),
  mutant("column space through XᵀX", budgetLaw, separable, {
    project: (x, u) => {
      const { values, vectors } = squared(x)
      const [v, root] = [tf.slice(vectors, [0, 0, 2], [-1, -1, 2]), tf.sqrt(tf.slice(values, [0, 2], [-1, 2]))]
      const w = tf.div(times(x, v), tf.expandDims(root, -2))
      const away = (q: tf.Tensor, a: tf.Tensor) => tf.sub(a, times(q, times(q, a, true)))
      const inRows = Matrices.transpose(away(v, Matrices.transpose(u)))
      return tf.sub(u, away(w, inRows))
    }
  }, { edges: rankDrop(2) }),
  mutant("nearest rotation through XᵀX", budgetLaw, rotations, {
    nearest: (u) => {
      const { values, vectors } = squared(u)
      const improper = tf.reshape(tf.cast(tf.less(Matrices.determinant(u), 0), "float32"), [-1, 1])
      const signs = tf.sub(1, tf.mul(improper, tf.tensor2d([[2, 0, 0]])))
      return times(u, Matrices.ofEigen({ values, vectors }, (s) => tf.mul(signs, tf.rsqrt(tf.maximum(s, 1e-30)))))
    }
  }, { edges: halfTurns }),
  mutant("distance from rotations by a determinant of Faddeev and LeVerrier", reached, many, {
    residual: (x) => tf.abs(tf.sub(leverrier(x), 1))
  }, { edges: [nearIdentity] }),
  mutant("distance by a Möbius difference in float32, clamped at the rim", budgetLaw, hyperbolic, { dist: mobius }, {
    edges: rim
  }),
  mutant("hyperbolic distance by squares that are no numbers far out", numbers, lorentz, {
    dist: (x, y) => {
      const apart = tf.sub(y, x)
      return drop(tf.mul(2, tf.asinh(tf.mul(0.5, tf.sqrt(tf.relu(lorentzian(apart, apart)))))))
    }
  }, { edges: farOut, complete: ofSpace }),
  mutant("hyperbolic distance by arcosh of the inner product", budgetLaw, lorentz, {
    dist: (x, y) => drop(tf.acosh(tf.maximum(tf.neg(lorentzian(x, y)), 1)))
  }, { edges: farOut, complete: ofSpace }),
  mutant("logarithm of zero at the antipode", identityLaw, sphere, {
    log: (x, y) => tf.mul(sphere.log!(x, y), tf.cast(tf.greater(dot(tf.add(x, y), tf.add(x, y)), 1e-12), "float32"))
  }, { edges: spherical }),
  mutant("logarithm near the antipode, projected once", identityLaw, sphere, {
    log: (x, y) => {
      const u = tf.sub(y, tf.mul(x, dot(x, y)))
      return tf.mul(u, tf.div(tf.reshape(sphere.dist!(x, y), [-1, 1, 1]), tf.maximum(tf.sqrt(dot(u, u)), 1e-30)))
    }
  }, { edges: spherical }),
  mutant("logarithm along a chord of no length", numbers, sphere, {
    log: (x, y) => {
      const u = sphere.project(x, tf.sub(y, x))
      return tf.mul(u, tf.div(tf.reshape(sphere.dist!(x, y), [-1, 1, 1]), tf.sqrt(dot(u, u))))
    }
  }, { edges: spherical }),
  mutant("principal angles by their tangents", identityLaw, subspaces, {
    log: (x, y) => {
      const beside = tf.sub(y, times(x, times(x, y, true)))
      const tangents = times(beside, Matrices.solve(times(x, y, true), tf.eye(2)))
      return Matrices.ofSingular(tangents, { of: tf.atan, slopes: Matrices.atMost(1).slopes })
    }
  }, { edges: orthogonalSubspaces }),
  mutant("simplex that takes its vertices for points", beside, simplex, {
    residual: (x) => tf.abs(tf.sub(tf.sum(x, [-2, -1]), 1))
  }, { outside: vertices }),
  mutant("balance of sums by a system that cancels near vertices", budgetLaw, stochastic, { project: writtenOut }, {
    edges: corners
  }),
  {
    name: "metric of a scaled manifold times a square that overflows",
    killedBy: budgetLaw,
    laws: lawsAtEdges({
      ...Combinators.scaled(sphere, 1e20),
      inner: (x, u, v) => tf.mul(sphere.inner(tf.div(x, 1e20), tf.div(u, 1e20), tf.div(v, 1e20)), 1e40)
    }, { edges: spherical })
  },
  mutant("partition that takes the root of its inner product for a length", budgetLaw, pair, {
    norm: Manifold.make(withoutNorm).norm
  }, { edges: nearSingular.map((edge) => ofAll(spd, stacked(spd, 2), edge)) }),
  mutant("polar retraction of a fixed number of steps", reached, stiefel, {
    retract: (x, v) => {
      let y = tf.add(x, v)
      y = tf.div(y, tf.sqrt(dot(y, y)))
      for (let k = 0; k < 4; k++) y = tf.sub(tf.mul(1.5, y), tf.mul(0.5, times(y, times(y, y, true))))
      return y
    }
  }, { edges: [longSteps(1000)] }),
  mutant("Sinkhorn's balance of fifty rounds that nobody checks", reached, stochastic, {
    retract: (x, v) => {
      const exponents = tf.add(tf.log(x), tf.div(v, x))
      let y: tf.Tensor = tf.maximum(tf.exp(tf.sub(exponents, tf.max(exponents, -1, true))), 1e-7)
      for (let k = 0; k < 50; k++) {
        y = tf.div(y, tf.sum(y, -1, true))
        y = tf.div(y, tf.sum(y, -2, true))
      }
      return y
    }
  }, { edges: [longSteps(30), longSteps(100)] })
]
