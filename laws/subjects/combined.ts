import * as tf from "@tensorflow/tfjs-core"
import * as Combinators from "../../src/collections/combinators.ts"
import type * as Manifold from "../../src/geometry/Manifold.ts"
import * as Lorentz from "../../src/geometry/manifolds/Lorentz.ts"
import * as Spd from "../../src/geometry/manifolds/Spd.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import * as Matrices from "../../src/numerics/Matrices.ts"
import type { Edge } from "../edges.ts"
import { nearSingular } from "../extremes/definite.ts"
import { factorwise, forAll, ofAll, stacked, type Together } from "../extremes/factorwise.ts"
import { farOut, ofSpace } from "../extremes/hyperbolic.ts"
import { scales } from "../extremes/lengths.ts"
import { spherical } from "../extremes/spheres.ts"
import { lawsAtEdges } from "../manifoldLaws.ts"
import type { Subject } from "./Subject.ts"

/** Columns side by side. */
const inColumns = (column: Manifold.Manifold, count: number): Together => {
  const { apart, together } = stacked(column, count)
  return {
    apart: (whole) => apart(Matrices.transpose(whole)),
    together: (points) => Matrices.transpose(tf.squeeze(together(points), [-1]))
  }
}

/** What combinators make of a sphere, of positive definite matrices and of hyperbolic space, at their edges. */
export const combined: Subject = {
  name: "combined",
  shapes: [[2, 2]],
  at: (shape) => {
    const [sphere, spd, lorentz] = [Sphere.make(shape), Spd.make(shape), Lorentz.make([3, 1])]
    const columns = inColumns(lorentz, 2)
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
      lawsAtEdges(Combinators.power(product, 2)),
      lawsAtEdges(Combinators.partition([{ indices: [1, 0], manifold: spd }]), {
        edges: nearSingular.map((edge) => ofAll(spd, stacked(spd, 2), edge))
      }),
      lawsAtEdges(Combinators.columns(lorentz, 2), {
        edges: farOut.map((edge) => ofAll(lorentz, columns, edge)),
        complete: forAll(columns, ofSpace)
      })
    ]
  }
}
