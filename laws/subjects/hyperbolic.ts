/** Hyperbolic space in two models. */
import * as Lorentz from "../../src/geometry/manifolds/Lorentz.ts"
import * as PoincareBall from "../../src/geometry/manifolds/PoincareBall.ts"
import { beyondRim, farOut, lowerSheet, ofSpace, rim } from "../extremes/hyperbolic.ts"
import { leftRotations, rightRotations } from "../invariances.ts"
import { claims, type Subject } from "./Subject.ts"

export const poincare: Subject = {
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

export const lorentz: Subject = {
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
