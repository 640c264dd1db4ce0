import * as Combinators from "../../src/collections/combinators.ts"
import * as Spd from "../../src/geometry/manifolds/Spd.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import type { Edge } from "../edges.ts"
import { nearSingular } from "../extremes/definite.ts"
import { factorwise } from "../extremes/factorwise.ts"
import { scales } from "../extremes/lengths.ts"
import { spherical } from "../extremes/spheres.ts"
import { lawsAtEdges } from "../manifoldLaws.ts"
import type { Subject } from "./Subject.ts"

/** What combinators make of a sphere and of positive definite matrices, at their edges side by side. */
export const combined: Subject = {
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
