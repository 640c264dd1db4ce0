import type * as Manifold from "../src/Manifold.ts"
import * as CentredSphere from "../src/manifolds/CentredSphere.ts"
import * as Euclidean from "../src/manifolds/Euclidean.ts"
import * as Grassmann from "../src/manifolds/Grassmann.ts"
import * as Oblique from "../src/manifolds/Oblique.ts"
import * as PoincareBall from "../src/manifolds/PoincareBall.ts"
import * as Sphere from "../src/manifolds/Sphere.ts"
import * as Stiefel from "../src/manifolds/Stiefel.ts"
import type * as Points from "../src/Points.ts"
import { columnPermutation, leftRotations, rightRotations } from "./invariances.ts"
import type { LawSet } from "./Law.ts"
import { manifoldLaws, type Options } from "./manifoldLaws.ts"

/** A family of manifolds with everything that is claimed of it. */
export interface Subject {
  /** Name on the command line. */
  readonly name: string
  /** Shapes that stand for all: small, with every relation of m and n. */
  readonly shapes: ReadonlyArray<Points.Shape>
  /** The members at a shape, one for each choice of metric, retraction or transport, with their laws. */
  readonly at: (shape: Points.Shape) => ReadonlyArray<LawSet>
}

const claims = (manifold: Manifold.Manifold, label: string, options: Options): LawSet => {
  const set = manifoldLaws(manifold, options)
  return { ...set, name: label === "" ? set.name : `${set.name} ${label}` }
}

const euclidean: Subject = {
  name: "euclidean",
  shapes: [[3, 3], [5, 2], [1, 4]],
  at: (shape) => [
    claims(Euclidean.make(shape), "", { transport: "isometric", invariances: [leftRotations, rightRotations] })
  ]
}

const sphere: Subject = {
  name: "sphere",
  shapes: [[3, 3], [5, 2], [4, 1], [2, 1]],
  at: (shape) =>
    [Sphere.projection, Sphere.parallel].map((transport) =>
      claims(Sphere.make(shape, { transport }), transport.name, {
        transport: transport === Sphere.parallel ? "isometric" : "bounded",
        tightCurvature: true,
        invariances: [leftRotations, rightRotations]
      })
    )
}

const oblique: Subject = {
  name: "oblique",
  shapes: [[3, 3], [5, 2], [2, 5], [4, 1]],
  at: (shape) =>
    [Sphere.projection, Sphere.parallel].map((transport) =>
      claims(Oblique.make(shape, { transport }), transport.name, {
        transport: transport === Sphere.parallel ? "isometric" : "bounded",
        tightCurvature: true,
        invariances: [leftRotations, columnPermutation]
      })
    )
}

const stiefel: Subject = {
  name: "stiefel",
  shapes: [[3, 3], [5, 2], [2, 5], [4, 1], [7, 3]],
  at: (shape) =>
    [Stiefel.embedded, Stiefel.canonical].flatMap((metric) =>
      [Stiefel.qr, Stiefel.polar, Stiefel.cayley, Stiefel.exponential].map((retraction) =>
        claims(Stiefel.make(shape, { metric, retraction }), `${metric.name} ${retraction.name}`, {
          metric: metric === Stiefel.embedded ? "embedded" : "other",
          ...(metric === Stiefel.embedded ? { transport: "bounded" as const } : {}),
          // On O(n) and on spheres; elsewhere the interval holds for all m > n ≥ 2 at once.
          tightCurvature: retraction === Stiefel.qr && (shape[0] === shape[1] || Math.min(...shape) === 1),
          invariances: [leftRotations, rightRotations, columnPermutation]
        })
      )
    )
}

const grassmann: Subject = {
  name: "grassmann",
  shapes: [[5, 2], [2, 5], [4, 1], [7, 3]],
  at: (shape) => [
    // A quotient: the Gauss equation does not speak of it.
    claims(Grassmann.make(shape), "", {
      metric: "other",
      transport: "bounded",
      invariances: [leftRotations, rightRotations, columnPermutation]
    })
  ]
}

const centred: Subject = {
  name: "centred-sphere",
  shapes: [[3, 3], [5, 2], [4, 1]],
  at: (shape) => [
    claims(CentredSphere.make(shape), "", {
      sharpNorms: false,
      tightCurvature: true,
      transport: "bounded",
      invariances: [columnPermutation]
    })
  ]
}

const poincare: Subject = {
  name: "poincare-ball",
  shapes: [[3, 3], [4, 1]],
  at: (shape) => [
    claims(PoincareBall.make(shape), "", {
      metric: "other",
      sharpNorms: false,
      transport: "isometric",
      invariances: [leftRotations, rightRotations]
    })
  ]
}

/**
 * Every family of this library with the claims that its laws check.
 *
 * @example
 * ```ts
 * import { subjects } from "finegrain/laws"
 * subjects.map(({ name }) => name).includes("stiefel") // => true
 * ```
 */
export const subjects: ReadonlyArray<Subject> = [euclidean, sphere, oblique, stiefel, grassmann, centred, poincare]
