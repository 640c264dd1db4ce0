/** Balls of matrices, which have a boundary. */
import * as NormBall from "../../src/geometry/manifolds/NormBall.ts"
import * as SpectralBall from "../../src/geometry/manifolds/SpectralBall.ts"
import { boundary } from "../extremes/balls.ts"
import { leftRotations, rightRotations } from "../invariances.ts"
import { claims, type Subject } from "./Subject.ts"

export const normBall: Subject = {
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

export const spectralBall: Subject = {
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
