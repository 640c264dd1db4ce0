import * as tf from "@tensorflow/tfjs-core"
import * as Result from "effect/Result"
import * as Combinators from "../src/collections/combinators.ts"
import * as Specification from "../src/collections/Specification.ts"
import type * as Manifold from "../src/geometry/Manifold.ts"
import * as CentredSphere from "../src/geometry/manifolds/CentredSphere.ts"
import * as DoublyStochastic from "../src/geometry/manifolds/DoublyStochastic.ts"
import * as Euclidean from "../src/geometry/manifolds/Euclidean.ts"
import * as FixedRank from "../src/geometry/manifolds/FixedRank.ts"
import * as FixedSpectrum from "../src/geometry/manifolds/FixedSpectrum.ts"
import * as Grassmann from "../src/geometry/manifolds/Grassmann.ts"
import * as Lorentz from "../src/geometry/manifolds/Lorentz.ts"
import * as NormBall from "../src/geometry/manifolds/NormBall.ts"
import * as Oblique from "../src/geometry/manifolds/Oblique.ts"
import * as PoincareBall from "../src/geometry/manifolds/PoincareBall.ts"
import * as Simplex from "../src/geometry/manifolds/Simplex.ts"
import * as Spd from "../src/geometry/manifolds/Spd.ts"
import * as SpecialOrthogonal from "../src/geometry/manifolds/SpecialOrthogonal.ts"
import * as SpectralBall from "../src/geometry/manifolds/SpectralBall.ts"
import * as Sphere from "../src/geometry/manifolds/Sphere.ts"
import * as Stiefel from "../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../src/numerics/Matrices.ts"
import type * as Shape from "../src/numerics/Shape.ts"
import type { Edge } from "./edges.ts"
import {
  beyondRim,
  boundary,
  corners,
  factorwise,
  farOut,
  halfTurns,
  lessRank,
  longSteps,
  lowerSheet,
  nearSingular,
  ofSpace,
  orthogonalSubspaces,
  otherLengths,
  rankDrop,
  reflections,
  rim,
  scales,
  singular,
  spherical,
  vertices,
  weakDirections
} from "./extremes.ts"
import { columnPermutation, conjugation, leftRotations, properRotations, rightRotations } from "./invariances.ts"
import type { LawSet } from "./Law.ts"
import { lawsAtEdges, type ManifoldClaims, manifoldLaws } from "./manifoldLaws.ts"

/** A family of manifolds with everything that is claimed of it. */
export interface Subject {
  /** Name on the command line. */
  readonly name: string
  /** That of its family; what combines several has none. */
  readonly symbol?: string
  /** Shapes that stand for all: small, with every relation of m and n. */
  readonly shapes: ReadonlyArray<Shape.Shape>
  /** The members at a shape, one for each choice of metric, retraction or transport, with their laws. */
  readonly at: (shape: Shape.Shape) => ReadonlyArray<LawSet>
}

const claims = (manifold: Manifold.Manifold, label: string, options: ManifoldClaims): LawSet => {
  const set = manifoldLaws(manifold, options)
  return { ...set, name: label === "" ? set.name : `${set.name} ${label}` }
}

const euclidean: Subject = {
  name: "euclidean",
  symbol: "Euc",
  shapes: [[3, 3], [5, 2], [1, 4]],
  at: (shape) => [
    claims(Euclidean.make(shape), "", {
      transport: "isometric",
      edges: scales,
      invariances: [leftRotations, rightRotations]
    })
  ]
}

const sphere: Subject = {
  name: "sphere",
  symbol: "Sp",
  shapes: [[3, 3], [5, 2], [4, 1], [2, 1]],
  at: (shape) =>
    [Sphere.projection, Sphere.parallel].map((transport) =>
      claims(Sphere.make(shape, { transport }), transport.name, {
        transport: transport === Sphere.parallel ? "isometric" : "bounded",
        tightCurvature: true,
        edges: spherical,
        outside: otherLengths,
        cut: tf.neg,
        invariances: [leftRotations, rightRotations]
      })
    )
}

const oblique: Subject = {
  name: "oblique",
  symbol: "Ob",
  shapes: [[3, 3], [5, 2], [2, 5], [4, 1]],
  at: (shape) =>
    [Sphere.projection, Sphere.parallel].map((transport) =>
      claims(Oblique.make(shape, { transport }), transport.name, {
        transport: transport === Sphere.parallel ? "isometric" : "bounded",
        tightCurvature: true,
        edges: spherical,
        outside: otherLengths,
        cut: tf.neg,
        invariances: [leftRotations, columnPermutation]
      })
    )
}

/** No retraction changes the logarithm, which is tested with one: its laws are the longest ones. */
const withoutLogarithm = (manifold: Manifold.Manifold): Manifold.Manifold => {
  const { dist: _dist, log: _log, ...others } = manifold
  return { ...others, injectivityRadius: 0 }
}

const stiefel: Subject = {
  name: "stiefel",
  symbol: "St",
  shapes: [[3, 3], [5, 2], [2, 5], [4, 1], [7, 3]],
  at: (shape) =>
    [Stiefel.embedded, Stiefel.canonical].flatMap((metric) =>
      [Stiefel.qr, Stiefel.polar, Stiefel.cayley, Stiefel.exponential].map((retraction) => {
        const manifold = Stiefel.make(shape, { metric, retraction })
        const own = retraction === Stiefel.qr || shape[0] === shape[1] || Math.min(...shape) === 1
        return claims(own ? manifold : withoutLogarithm(manifold), `${metric.name} ${retraction.name}`, {
          metric: metric === Stiefel.embedded ? "embedded" : "other",
          ...(metric === Stiefel.embedded ? { transport: "bounded" as const } : {}),
          // On O(n) and on spheres; elsewhere the interval holds for all m > n ≥ 2 at once.
          tightCurvature: retraction === Stiefel.qr && (shape[0] === shape[1] || Math.min(...shape) === 1),
          edges: [longSteps(1000)],
          invariances: [leftRotations, rightRotations, columnPermutation]
        })
      })
    )
}

const grassmann: Subject = {
  name: "grassmann",
  symbol: "Gr",
  shapes: [[5, 2], [2, 5], [4, 1], [7, 3]],
  at: (shape) =>
    [Grassmann.projection, Grassmann.parallel].map((transport) =>
      // A quotient: the Gauss equation does not speak of it.
      claims(Grassmann.make(shape, { transport }), transport.name, {
        metric: "other",
        transport: transport === Grassmann.parallel ? "isometric" : "bounded",
        edges: orthogonalSubspaces,
        outside: otherLengths,
        // The projector onto the subspace.
        representative: (x) =>
          Matrices.multiply(x, x, shape[0]! > shape[1]! ? { transposeB: true } : { transposeA: true }),
        invariances: [leftRotations, rightRotations, columnPermutation]
      })
    )
}

const centred: Subject = {
  name: "centred-sphere",
  symbol: "Cen",
  shapes: [[3, 3], [5, 2], [4, 1]],
  at: (shape) => [
    claims(CentredSphere.make(shape), "", {
      sharpNorms: false,
      tightCurvature: true,
      cut: tf.neg,
      edges: spherical,
      outside: otherLengths,
      transport: "bounded",
      invariances: [columnPermutation]
    })
  ]
}

const poincare: Subject = {
  name: "poincare-ball",
  symbol: "Hyp",
  shapes: [[3, 3], [4, 1]],
  at: (shape) => [
    claims(PoincareBall.make(shape), "", {
      metric: "other",
      edges: rim,
      outside: beyondRim,
      sharpNorms: false,
      transport: "isometric",
      invariances: [leftRotations, rightRotations]
    })
  ]
}

const specialOrthogonal: Subject = {
  name: "special-orthogonal",
  symbol: "SO",
  shapes: [[2, 2], [3, 3], [4, 4]],
  at: (shape) =>
    [
      { retraction: Stiefel.qr },
      { retraction: Stiefel.cayley },
      { retraction: Stiefel.exponential, transport: SpecialOrthogonal.parallel }
    ].map((options) =>
      claims(SpecialOrthogonal.make(shape, options), options.retraction.name, {
        transport: "transport" in options ? "isometric" : "bounded",
        edges: halfTurns,
        outside: [...otherLengths, ...reflections],
        invariances: [properRotations]
      })
    )
}

const fixedSpectrum: Subject = {
  name: "fixed-spectrum",
  symbol: "FS",
  shapes: [[3, 3], [5, 2], [2, 5], [4, 1]],
  at: (shape) => [
    claims(FixedSpectrum.make(shape), "", {
      edges: [weakDirections(1e-2), longSteps(1000)],
      outside: otherLengths,
      sharpNorms: false,
      transport: "bounded",
      invariances: shape[0]! >= shape[1]! ? [leftRotations] : [rightRotations]
    })
  ]
}

const normBall: Subject = {
  name: "norm-ball",
  symbol: "Ball",
  shapes: [[3, 3], [5, 2]],
  at: (shape) => [
    claims(NormBall.make(shape), "", {
      edges: boundary,
      reach: 0.4,
      convex: true,
      transport: "isometric",
      invariances: [leftRotations, rightRotations]
    }),
    claims(NormBall.make(shape, { radius: 0.25 }), "", {
      edges: boundary,
      reach: 0.1,
      convex: true,
      transport: "isometric",
      invariances: [leftRotations, rightRotations]
    })
  ]
}

const spectralBall: Subject = {
  name: "spectral-ball",
  symbol: "Spec",
  shapes: [[3, 3], [5, 2], [2, 5]],
  at: (shape) => [
    claims(SpectralBall.make(shape), "", {
      edges: boundary,
      reach: 0.4,
      convex: true,
      transport: "isometric",
      invariances: [leftRotations, rightRotations]
    })
  ]
}

const spd: Subject = {
  name: "spd",
  symbol: "SPD",
  shapes: [[2, 2], [3, 3]],
  at: (shape) => [
    claims(Spd.make(shape), "", {
      metric: "other",
      open: 1e-3,
      edges: nearSingular,
      outside: singular,
      transport: "isometric",
      // The search among planes takes long where every exponential needs eigenvectors; two dimensions have both ends.
      tightCurvature: shape[0] === 2,
      invariances: [conjugation]
    })
  ]
}

const simplex: Subject = {
  name: "simplex",
  symbol: "Sim",
  shapes: [[4, 1], [3, 3], [2, 5]],
  at: (shape) => [
    claims(Simplex.make(shape), "", {
      metric: "other",
      edges: corners,
      outside: vertices,
      reach: 0.5,
      convex: true,
      sharpNorms: false,
      tightCurvature: true,
      invariances: [columnPermutation]
    })
  ]
}

const doublyStochastic: Subject = {
  name: "doubly-stochastic",
  symbol: "DS",
  shapes: [[2, 2], [3, 3], [4, 4]],
  at: (shape) => [
    claims(DoublyStochastic.make(shape), "", {
      metric: "other",
      edges: corners,
      outside: vertices,
      reach: 0.5,
      convex: true,
      invariances: [columnPermutation]
    })
  ]
}

const lorentz: Subject = {
  name: "lorentz",
  symbol: "Lor",
  shapes: [[3, 3], [4, 1]],
  at: (shape) => [
    claims(Lorentz.make(shape), "", {
      metric: "other",
      edges: farOut,
      complete: ofSpace,
      outside: lowerSheet,
      transport: "isometric",
      tightCurvature: true
    })
  ]
}

const fixedRank: Subject = {
  name: "fixed-rank",
  symbol: "Rk",
  shapes: [[3, 3], [5, 4], [2, 5]],
  at: (shape) => {
    const rank = shape[0] === 5 ? 2 : 1
    return [
      // Points of singular values near 0, where the manifold ends, are further away than this.
      claims(FixedRank.make(shape, { rank }), "", {
        reach: 0.5,
        edges: rankDrop(rank),
        outside: lessRank(rank),
        transport: "bounded",
        invariances: [leftRotations, rightRotations]
      })
    ]
  }
}

/** What combinators make of a sphere and of positive definite matrices, at their edges side by side. */
const combined: Subject = {
  name: "combined",
  shapes: [[2, 2]],
  at: (shape) => {
    const [sphere, spd] = [Sphere.make(shape), Spd.make(shape)]
    const factors = [sphere, spd] as const
    const product = Combinators.product(sphere, spd)
    const beside = spherical.flatMap((one) =>
      [nearSingular[0]!, ...scales].map((other) => factorwise(factors, one, other))
    )
    return [
      lawsAtEdges(Combinators.scaled(sphere, 1e20), { edges: spherical }),
      lawsAtEdges(Combinators.scaled(sphere, 1e-20), { edges: spherical }),
      lawsAtEdges(Combinators.power(sphere, 2), { edges: spherical }),
      lawsAtEdges(product, { edges: beside as unknown as ReadonlyArray<Edge> }),
      lawsAtEdges(Combinators.power(product, 2))
    ]
  }
}

/** Families with claims of their own, beyond what they define. */
const claimed: ReadonlyArray<Subject> = [
  euclidean,
  sphere,
  oblique,
  stiefel,
  grassmann,
  specialOrthogonal,
  fixedSpectrum,
  centred,
  normBall,
  spectralBall,
  spd,
  simplex,
  doublyStochastic,
  poincare,
  lorentz,
  fixedRank,
  combined
]

/** A family of which nothing is claimed beyond what it defines, at those shapes of matrices that it accepts. */
const plain = ({ at, symbol }: Manifold.Family): Subject => ({
  name: symbol.toLowerCase(),
  symbol,
  shapes: [[3, 3], [5, 2], [4, 1]].filter((shape) => Result.isSuccess(at(shape))),
  at: (shape) => [claims(Result.getOrThrow(at(shape)), "", {})]
})

/**
 * Every family that collections know, with the claims that its laws check where it has any.
 *
 * @example
 * ```ts
 * import { subjects } from "finegrain/laws"
 * subjects.map(({ name }) => name).includes("stiefel") // => true
 * ```
 */
export const subjects: ReadonlyArray<Subject> = [
  ...claimed,
  ...Specification.families.filter(({ symbol }) => claimed.every((subject) => subject.symbol !== symbol)).map(plain)
]
