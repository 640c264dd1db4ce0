import * as tf from "@tensorflow/tfjs-core"
import * as Combinators from "../src/collections/combinators.ts"
import * as Renormalization from "../src/collections/Renormalization.ts"
import * as FusedKernels from "../src/engine/FusedKernels.ts"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as Euclidean from "../src/geometry/manifolds/Euclidean.ts"
import * as NormBall from "../src/geometry/manifolds/NormBall.ts"
import * as PoincareBall from "../src/geometry/manifolds/PoincareBall.ts"
import * as Simplex from "../src/geometry/manifolds/Simplex.ts"
import * as Spd from "../src/geometry/manifolds/Spd.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../src/geometry/manifolds/Stiefel.ts"
import * as Bounds from "../src/network/Bounds.ts"
import * as Arithmetic from "../src/numerics/Arithmetic.ts"
import { constant } from "../src/numerics/Constant.ts"
import * as Interval from "../src/numerics/Interval.ts"
import * as Matrices from "../src/numerics/Matrices.ts"
import * as Norms from "../src/numerics/Norms.ts"
import * as Seed from "../src/numerics/Seed.ts"
import { boundLaws } from "./boundLaws.ts"
import { combinatorLaws } from "./combinatorLaws.ts"
import { edgeMutants } from "./edgeMutants.ts"
import { columnPermutation, conjugation, leftRotations, properRotations, rightRotations } from "./invariances.ts"
import { kernelMutants } from "./kernelMutants.ts"
import { manifoldLaws } from "./manifoldLaws.ts"
import { matrixMutants } from "./matrixMutants.ts"
import type { Mutant } from "./Mutant.ts"
import { optimizerMutants } from "./optimizer/optimizerMutants.ts"
import { stiefelMutants } from "./stiefelMutants.ts"

const sphere = Sphere.make([3, 3])
const stiefel = Stiefel.make([4, 2])
const rotations = Stiefel.make([3, 3])
const canonical = Stiefel.make([4, 2], { metric: Stiefel.canonical, retraction: Stiefel.cayley })
const simplex = Simplex.make([3, 1])
const spd = Spd.make([2, 2])
const ball = NormBall.make([3, 3])
const times = (x: tf.Tensor, y: tf.Tensor, transposeA = false) => Matrices.multiply(x, y, { transposeA })
const dot = (x: tf.Tensor, u: tf.Tensor) => tf.sum(tf.mul(x, u), [-2, -1], true)

const mutant = (
  name: string,
  killedBy: string,
  original: Manifold.Manifold,
  defect: Partial<Manifold.Manifold>,
  metric: "embedded" | "other" = "embedded"
): Mutant => ({ name, killedBy, laws: manifoldLaws({ ...original, ...defect }, { metric }) })

const broken = (name: string, killedBy: string, defect: Partial<typeof Combinators>): Mutant => ({
  name,
  killedBy,
  laws: combinatorLaws(sphere, rotations, { ...Combinators, ...defect })
})

let draws = 0

/**
 * The catalogue of mutants: every law has one that it kills, and none survives.
 *
 * Two are defects of published libraries: the canonical Stiefel "projection" U − X UᵀX, which is none, and the
 * retraction whose differential is V + X XᵀV, so that on O(n) it moves twice the asked step.
 *
 * @example
 * ```ts
 * import { Law, mutants } from "finegrain/laws"
 * const [first] = mutants
 * const law = Law.flatten(first!.laws).find(({ name }) => name === first!.killedBy)!
 * const { passed } = await Law.check(law, { runs: 5 })
 * passed // => false
 * ```
 */
export const mutants: ReadonlyArray<Mutant> = [
  mutant("missing normalization of random points", "random points lie on the manifold", sphere, {
    random: (seed, batch = []) => Seed.normalTensor(seed, [...batch, 3, 3])
  }),
  mutant("hidden state in random", "random is reproducible", sphere, {
    random: (seed, batch) => sphere.random(seed + draws++, batch)
  }),
  mutant("seed ignored", "random depends on the seed", sphere, { random: (_seed, batch) => sphere.random(1, batch) }),
  mutant("nearest point without normalization", "nearest points lie on the manifold", sphere, {
    nearest: (u) => tf.div(u, tf.sum(tf.abs(u), [-2, -1], true))
  }),
  mutant("polar factor of regular matrices only", "degenerate points have nearest ones, too", stiefel, {
    nearest: (u) => Matrices.polar(u, { lower: 1e-4 })
  }),
  mutant("nearest point of −u", "nearest fixes points", sphere, { nearest: (u) => tf.neg(sphere.nearest(u)) }),
  mutant("Q factor as nearest point", "nearest is nearest", rotations, { nearest: Matrices.qf }),
  mutant("projection with twice the normal part", "projection is idempotent", sphere, {
    project: (x, u) => tf.sub(u, tf.mul(x, tf.mul(1.5, dot(x, u))))
  }),
  mutant("published: canonical gradient as projection, U − X UᵀX", "projection is idempotent", canonical, {
    project: (x, u) => tf.sub(u, times(x, times(u, x, true)))
  }, "other"),
  mutant("projection with absolute values", "projection is linear", sphere, {
    project: (x, u) => tf.sub(u, tf.mul(x, tf.abs(dot(x, u))))
  }),
  mutant("oblique instead of orthogonal projection", "projection is self-adjoint", sphere, {
    // Onto the right tangent space, along the first column instead of along x.
    project: (x, u) => {
      const e = tf.add(x, tf.tensor2d([[0.5, 0, 0], [0, 0, 0], [0, 0, 0]]))
      return tf.sub(u, tf.mul(e, tf.div(dot(x, u), dot(x, e))))
    }
  }),
  mutant("missing symmetrization", "projections are tangent", stiefel, {
    project: (x, u) => tf.sub(u, tf.mul(times(x, times(x, u, true)), 0.5))
  }),
  mutant("tangents that are not projected", "random tangents are tangent", sphere, {
    randomTangent: (seed, x) => Seed.normalTensor(seed, x.shape)
  }),
  mutant("wrong dimension", "dimension is the rank of the projection", sphere, { dimension: 9 }),
  mutant("retraction that always renormalizes a shifted point", "retraction of zero stays", sphere, {
    retract: (x, v) => sphere.nearest(tf.add(tf.add(x, v), 0.01))
  }),
  mutant("missing normalization in the retraction", "retraction stays on the manifold", sphere, {
    retract: (x, v) => tf.add(x, v)
  }),
  mutant("wrong sign in the retraction", "retraction is of first order", sphere, {
    retract: (x, v) => sphere.retract(x, tf.neg(v))
  }),
  mutant(
    "published: canonical retraction that moves twice the step on O(n)",
    "retraction is of first order",
    rotations,
    {
      retract: (x, v) => rotations.retract(x, tf.add(v, times(x, times(x, v, true))))
    }
  ),
  mutant("QR retraction declared to be of second order", "retraction is of second order", stiefel, {
    retractionOrder: 2
  }),
  mutant("polar retraction declared to be exponential", "retraction is the exponential map", sphere, {
    retractionOrder: Infinity
  }),
  mutant("transport that does nothing", "transported vectors are tangent", sphere, { transport: (_x, _y, v) => v }),
  mutant("transport that normalizes", "transport is linear", sphere, {
    transport: (x, y, v) => tf.div(sphere.transport(x, y, v), tf.add(1, tf.sqrt(dot(v, v))))
  }),
  mutant("transport that halves", "transport to the same point is the identity", sphere, {
    transport: (x, y, v) => tf.mul(sphere.transport(x, y, v), 0.5)
  }),
  {
    name: "projection declared to be reversible",
    killedBy: "transport there and back is the identity",
    laws: manifoldLaws(sphere, { transport: "isometric" })
  },
  {
    name: "transport that stretches",
    killedBy: "transport does not lengthen",
    laws: manifoldLaws({ ...sphere, transport: (x, y, v) => tf.mul(1.5, sphere.transport(x, y, v)) }, {
      transport: "bounded"
    })
  },
  {
    name: "curvature of the unit sphere claimed tight on a product",
    killedBy: "sectional curvature attains its interval",
    laws: manifoldLaws({ ...sphere, curvature: Interval.make(0, 1) }, { tightCurvature: true })
  },
  ...[leftRotations, rightRotations, properRotations, conjugation, columnPermutation].map((invariance) => ({
    name: `weighted metric claimed invariant under ${invariance.name}`,
    killedBy: `invariance: ${invariance.name}`,
    laws: manifoldLaws({
      ...sphere,
      inner: (_x, u, v) => tf.sum(tf.mul(tf.mul(u, v), tf.tensor2d([[1, 2, 3], [2, 3, 4], [3, 4, 5]])), [-2, -1])
    }, { metric: "other", invariances: [invariance] })
  })),
  mutant("hyperbolic space declared flat", "geodesics spread as the curvature allows", PoincareBall.make([3, 3]), {
    curvature: Interval.point(0)
  }, "other"),
  {
    name: "nearest point mirrored outside of the ball",
    killedBy: "nearest points do not spread",
    laws: manifoldLaws({
      ...ball,
      // Inside as it should be; from outside to the sphere of radius 1, the wrong way round.
      nearest: (u) => tf.where(tf.greater(tf.sqrt(dot(u, u)), 1), tf.neg(ball.nearest(u)), u)
    }, { convex: true })
  },
  mutant("exponential of 0/0", "operations are finite", sphere, { exp: (x, v) => tf.div(sphere.exp!(x, v), 0) }),
  mutant("curvature that is no number", "claims are possible", sphere, { curvature: Interval.point(NaN) }),
  mutant("nearest point to a shifted one", "nearest is idempotent", sphere, {
    nearest: (u) => sphere.nearest(tf.add(u, 0.1))
  }),
  mutant("canonical metric declared to be embedded", "metric is the embedded one", canonical, {}),
  mutant("logarithm along the chord", "logarithm leads to the other point", sphere, {
    log: (x, y) => sphere.project(x, tf.sub(y, x))
  }),
  {
    name: "logarithm of 0 at the antipode",
    killedBy: "logarithm leads to the cut locus",
    laws: manifoldLaws({
      ...sphere,
      log: (x, y) => {
        const direction = sphere.project(x, tf.sub(y, x))
        const size = tf.sqrt(dot(direction, direction))
        return tf.mul(direction, tf.div(tf.reshape(sphere.dist!(x, y), size.shape), tf.maximum(size, 1e-12)))
      }
    }, { cut: tf.neg })
  },
  mutant("injectivity radius of twice the distance to the cut", "logarithm inverts the exponential", sphere, {
    injectivityRadius: 2 * Math.PI
  }),
  mutant("geodesics claimed to meet after 2π", "geodesics do not meet again below the injectivity radius", sphere, {
    injectivityRadius: 2 * Math.PI
  }),
  {
    name: "injectivity radius of the sphere claimed for the simplex, an orthant of it",
    killedBy: "logarithm inverts the exponential",
    laws: manifoldLaws({ ...simplex, injectivityRadius: Math.PI }, { metric: "other", reach: 0.5 })
  },
  {
    name: "simplex claimed to reach beyond its boundary",
    killedBy: "logarithm inverts the exponential",
    laws: manifoldLaws(simplex, { metric: "other", reach: 3 })
  },
  {
    name: "ball claimed to reach beyond its boundary",
    killedBy: "retraction is smooth within the reach",
    laws: manifoldLaws(NormBall.make([3, 3]), { reach: 3 })
  },
  {
    name: "open set whose nearest points are farther than claimed",
    killedBy: "nearest is nearest",
    laws: manifoldLaws({
      ...spd,
      nearest: (u) => tf.add(spd.nearest(u), tf.eye(2))
    }, { metric: "other", open: 1e-3 })
  },
  mutant("polar factor by three steps of Newton and Schulz", "float32 is within its error budget", stiefel, {
    nearest: (u) => {
      // Float64, as the library did, goes on until it holds.
      const steps = Arithmetic.current() === Arithmetic.float64 ? 40 : 3
      let x = tf.div(u, tf.sqrt(dot(u, u))) as tf.Tensor
      for (let k = 0; k < steps; k++) x = tf.sub(tf.mul(1.5, x), tf.mul(0.5, times(x, times(x, x, true))))
      return x
    }
  }),
  mutant(
    "distance whose gradient is NaN where points coincide",
    "the squared distance falls along the logarithm",
    sphere,
    {
      // √Σ(x − y)² has the derivative 0/0.
      dist: (x, y) => tf.mul(2, tf.asin(tf.div(tf.sqrt(tf.sum(tf.square(tf.sub(x, y)), [-2, -1])), 2)))
    }
  ),
  mutant("logarithm of half the length", "the squared distance falls along the logarithm", sphere, {
    log: (x, y) => tf.mul(0.5, sphere.log!(x, y))
  }),
  mutant("comparison on the tape, through which no gradient flows", "operations are differentiable", sphere, {
    retract: (x, v) => tf.mul(sphere.retract(x, v), tf.cast(tf.less(dot(v, v), 1e9), "float32"))
  }),
  mutant("nearest point with twice its derivative", "operations are differentiable", sphere, {
    nearest: (u) => tf.sub(tf.mul(sphere.nearest(u), 2), constant(sphere.nearest(u)))
  }),
  mutant("kernel that forgets the sign of the step", "kernels of the engine agree with compositions", sphere, {
    retract: (x, v) => sphere.retract(x, FusedKernels.allowed() ? tf.neg(v) : v)
  }),
  mutant("points without their columns", "operations give points of the right shape", sphere, {
    retract: (x, v) => tf.reshape(sphere.retract(x, v), [...x.shape.slice(0, -2), 9])
  }),
  mutant("gradient that forgets the linear part", "gradient predicts the change of a function", sphere, {
    gradient: (x, e) => tf.mul(0.5, sphere.gradient(x, e))
  }),
  {
    name: "projection declared to be parallel transport",
    killedBy: "transport is an isometry",
    laws: manifoldLaws(sphere, { transport: "isometric" })
  },
  mutant("metric with a transposed factor", "metric is symmetric", rotations, {
    inner: (x, u, v) => tf.sum(tf.mul(tf.add(u, tf.mul(0.5, times(x, v))), v), [-2, -1])
  }),
  mutant("metric of absolute values", "metric is bilinear", sphere, {
    inner: (_x, u, v) => tf.sum(tf.abs(tf.mul(u, v)), [-2, -1])
  }),
  mutant("indefinite metric", "metric is positive", sphere, {
    inner: (x, u, v) => tf.neg(sphere.inner(x, u, v))
  }),
  mutant("norm without the root", "norm is the root of the metric", sphere, { norm: (x, u) => sphere.inner(x, u, u) }),
  mutant("Euclidean gradient", "gradient is tangent", sphere, { gradient: (_x, e) => e }),
  mutant("embedded gradient under the canonical metric", "gradient represents the differential", canonical, {
    gradient: stiefel.gradient
  }, "other"),
  mutant("exponential of a shifted vector", "exponential of zero stays", sphere, {
    exp: (x, v) => sphere.nearest(tf.add(tf.add(x, v), 0.01))
  }),
  mutant("exponential without normalization", "exponential stays on the manifold", sphere, {
    exp: (x, v) => tf.add(x, v)
  }),
  mutant("exponential with cosine and sine exchanged in sign", "exponential is of first order", sphere, {
    exp: (x, v) => sphere.exp!(x, tf.neg(v))
  }),
  mutant("retraction as exponential", "geodesics have constant speed", sphere, { exp: sphere.retract }),
  mutant("logarithm without the angle", "logarithm inverts the exponential", sphere, {
    log: (x, y) => sphere.project(x, tf.sub(y, x))
  }),
  mutant("one-sided distance", "distance is symmetric", sphere, {
    dist: (x, y) => tf.mul(sphere.dist!(x, y), tf.add(1, tf.abs(tf.sum(x, [-2, -1]))))
  }),
  mutant("distance with an offset", "distance to itself is zero", sphere, {
    dist: (x, y) => tf.add(sphere.dist!(x, y), 0.01)
  }),
  mutant("squared distance", "distance obeys the triangle inequality", Euclidean.make([3, 3]), {
    dist: (x, y) => tf.square(Euclidean.make([3, 3]).dist!(x, y))
  }),
  mutant("chordal distance", "distance is the length of the geodesic", sphere, {
    dist: (x, y) => tf.sqrt(tf.sum(tf.square(tf.sub(x, y)), [-2, -1]))
  }),
  mutant("items of a batch mixed", "a batch is its items", sphere, {
    project: (x, u) => x.rank === 2 ? sphere.project(x, u) : sphere.project(x, tf.reverse(u, 0))
  }),
  mutant("intermediate tensors kept", "operations keep nothing but their result", sphere, {
    retract: (x, v) => tf.div(tf.add(x, v), tf.sqrt(dot(tf.add(x, v), tf.add(x, v))))
  }),
  mutant("printed ‖·‖_{2→1} of the poster, 1 on the sphere", "norm intervals hold", sphere, {
    norms: { ...sphere.norms, rowSum: Interval.point(1) }
  }),
  mutant("norm interval that is too wide", "norm intervals are attained", sphere, {
    norms: { ...sphere.norms, rowSum: Interval.make(1, 3) }
  }),
  mutant(
    "curvature of a product claimed for a sphere of radius 1/2",
    "sectional curvature stays in its interval",
    Combinators.scaled(sphere, 0.5),
    {
      curvature: Interval.make(0, 1)
    }
  ),
  ...optimizerMutants,
  {
    name: "bounds computed without logarithms",
    killedBy: "bounds survive deep networks",
    laws: boundLaws({
      logBounds: (net) => {
        const { frobenius, rowSum, spectral } = Bounds.logBounds(net)
        return { frobenius: Math.log(Math.exp(frobenius)), rowSum: Math.log(Math.exp(rowSum)), spectral }
      }
    })
  },
  {
    name: "bound without the root of the number of samples",
    killedBy: "bounds are what is printed",
    laws: boundLaws({ logBounds: (net) => Bounds.logBounds({ ...net, samples: net.samples ** 2 }) })
  },
  {
    name: "bound that grows with the samples",
    killedBy: "bounds grow with every norm and shrink with samples",
    laws: boundLaws({ logBounds: (net) => Bounds.logBounds({ ...net, samples: 1 / net.samples }) })
  },
  {
    name: "Frobenius norm taken for the spectral one",
    killedBy: "norms obey their inequalities",
    laws: boundLaws({ norms: { ...Norms, frobenius: (x) => tf.mul(0.5, Norms.frobenius(x)) } })
  },
  {
    name: "stale ℜ: λ of features below 1 not clamped",
    killedBy: "renormalized norms are at most 1",
    laws: boundLaws({
      factor: (policy, M, lambda) => Renormalization.factor({ ...policy, clamped: false }, M, lambda)
    })
  },
  {
    name: "concatenation without the precondition",
    killedBy: "a concatenation is bounded below by the product of its parts",
    laws: boundLaws({ largest: Infinity })
  },
  broken("unit with a dimension", "product has a unit: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return { ...M, dimension: M.dimension + (factors.length === 2 ? 1 : 0) }
    }) as typeof Combinators.product
  }),
  broken("unit that acts", "product has a unit: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return factors.length === 2 && Array.isArray(factors[1]!.shape) && factors[1]!.shape.length === 0
        ? { ...M, inner: () => tf.scalar(0) }
        : M
    }) as typeof Combinators.product
  }),
  broken("product that forgets its last factor", "products flatten: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return factors.length === 3
        ? {
          ...M,
          retract: (
            x: ReadonlyArray<tf.Tensor>,
            v: ReadonlyArray<tf.Tensor>
          ) => [...M.retract(x as never, v as never).slice(0, 2), x[2]!]
        }
        : M
    }) as unknown as typeof Combinators.product
  }),
  broken("curvature of the first factor only", "factors permute: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => ({
      ...Combinators.product(...factors),
      curvature: factors[0]?.curvature ?? Interval.point(0)
    })) as typeof Combinators.product
  }),
  broken("off-by-one exponent", "a power is a product: metadata", {
    power: ((M: Manifold.Manifold, k: number) => ({
      ...Combinators.power(M, k),
      dimension: (k - 1) * M.dimension
    })) as typeof Combinators.power
  }),
  broken("power with the metric of one factor", "a power is a product: operations", {
    power: ((M: Manifold.Manifold, k: number) => ({
      ...Combinators.power(M, k),
      inner: (x: tf.Tensor, u: tf.Tensor, v: tf.Tensor) => tf.max(M.inner(x, u, v), -1)
    })) as typeof Combinators.power
  }),
  broken("scaling that forgets to scale back", "scaling composes: operations", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      retract: (x: tf.Tensor, v: tf.Tensor) => M.retract(tf.div(x, s), tf.div(v, s))
    })) as typeof Combinators.scaled
  }),
  broken("stale ℜ: every scale doubled", "scaling by one is the identity: operations", {
    scaled: ((M: Manifold.Manifold, s: number) => Combinators.scaled(M, 2 * s)) as typeof Combinators.scaled
  }),
  broken("stale ℜ in the metadata", "scaling by one is the identity: metadata", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      norms: Combinators.scaled(M, 2).norms
    })) as typeof Combinators.scaled
  }),
  broken("curvature multiplied by the scale", "scaling composes: metadata", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      curvature: Interval.map(M.curvature, (k) => k * (s + 1))
    })) as typeof Combinators.scaled
  }),
  broken("norms that do not scale", "scaling scales what it should", {
    scaled: ((M: Manifold.Manifold, s: number) => ({
      ...Combinators.scaled(M, s),
      norms: M.norms
    })) as typeof Combinators.scaled
  }),
  broken("sum instead of mean in the transpose", "transposing is an involution: operations", {
    transposed: (M) => {
      const T = Combinators.transposed(M)
      return { ...T, project: (x, u) => tf.mul(2, T.project(x, u)) }
    }
  }),
  broken("transpose without its norms", "transposing is an involution: metadata", {
    transposed: (M) => ({
      ...Combinators.transposed(M),
      norms: { ...M.norms, rowSum: Interval.sum(M.norms.rowSum, M.norms.rowSum) }
    })
  }),
  broken("off-by-one group", "a partition is its parts: operations", {
    partition: (parts) =>
      Combinators.partition(parts.map(({ indices, manifold }) => ({
        manifold,
        indices: indices.map((i) => (i + 1) % parts.flatMap((part) => part.indices).length)
      })))
  }),
  broken("partition with the dimension of its first part", "a partition is its parts: metadata", {
    partition: (parts) => ({ ...Combinators.partition(parts), dimension: parts[0]!.manifold.dimension })
  }),
  broken("nested product with a factor exchanged", "product is associative: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      const nested = Array.isArray((factors[0]?.shape as ReadonlyArray<unknown> | undefined)?.[0])
      return nested ? { ...M, inner: (...args: Parameters<typeof M.inner>) => tf.mul(2, M.inner(...args)) } : M
    }) as unknown as typeof Combinators.product
  }),
  broken("nested product with one dimension too many", "product is associative: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      const nested = Array.isArray((factors[0]?.shape as ReadonlyArray<unknown> | undefined)?.[0])
      return { ...M, dimension: M.dimension + (nested ? 1 : 0) }
    }) as typeof Combinators.product
  }),
  broken("flat product of the wrong order", "products flatten: metadata", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return { ...M, retractionOrder: factors.length === 3 ? 7 : M.retractionOrder }
    }) as typeof Combinators.product
  }),
  broken("second factor's metric dropped", "factors permute: operations", {
    product: ((...factors: Array<Manifold.Manifold>) => {
      const M = Combinators.product(...factors)
      return {
        ...M,
        inner: (x: ReadonlyArray<tf.Tensor>, u: ReadonlyArray<tf.Tensor>, v: ReadonlyArray<tf.Tensor>) =>
          factors[0]?.inner(x[0]!, u[0]!, v[0]!) ?? tf.scalar(0)
      }
    }) as unknown as typeof Combinators.product
  }),
  broken("columns that are rows", "oblique is columns of spheres: operations", {
    columns: (M, n) => ({ ...Combinators.columns(M, n), project: (_x, u) => u })
  }),
  broken("columns with a dimension too many", "oblique is columns of spheres: metadata", {
    columns: (M, n) => ({ ...Combinators.columns(M, n), dimension: n * M.dimension + 1 })
  }),
  ...Combinators.matricizations.map(({ name }) =>
    broken(`${name} with two axes exchanged on the way back`, `${name} is a bijection`, {
      kernelArrangement: (matricization, shape) => {
        const arrangement = Combinators.kernelArrangement(matricization, shape)
        return { ...arrangement, to: (m) => tf.reshape(tf.reverse(m, -1), arrangement.to(m).shape) }
      }
    })
  ),
  ...kernelMutants,
  ...matrixMutants,
  ...stiefelMutants,
  ...edgeMutants
]
