/** Orthonormal columns, the subspaces that they span, and rotations. */
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Grassmann from "../../src/geometry/manifolds/Grassmann.ts"
import * as SpecialOrthogonal from "../../src/geometry/manifolds/SpecialOrthogonal.ts"
import * as Stiefel from "../../src/geometry/manifolds/Stiefel.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import { longSteps, otherLengths } from "../extremes/lengths.ts"
import { halfTurns, reflections } from "../extremes/rotations.ts"
import { orthogonalSubspaces } from "../extremes/subspaces.ts"
import { columnPermutation, leftRotations, properRotations, rightRotations } from "../invariances.ts"
import { claims, type Subject } from "./Subject.ts"

/** No retraction changes the logarithm, which is tested with one: its laws are the longest ones. */
const withoutLogarithm = (manifold: Manifold.Manifold): Manifold.Manifold => {
  const { dist: _dist, log: _log, ...others } = manifold
  return { ...others, injectivityRadius: 0 }
}

export const stiefel: Subject = {
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

export const grassmann: Subject = {
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

export const specialOrthogonal: Subject = {
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
