/** Open sets of positive entries and of positive eigenvalues. */
import * as DoublyStochastic from "../../src/geometry/manifolds/DoublyStochastic.ts"
import * as Simplex from "../../src/geometry/manifolds/Simplex.ts"
import * as Spd from "../../src/geometry/manifolds/Spd.ts"
import { nearSingular, singular } from "../extremes/definite.ts"
import { corners, vertices } from "../extremes/simplices.ts"
import { columnPermutation, conjugation } from "../invariances.ts"
import { claims, type Subject } from "./Subject.ts"

export const spd: Subject = {
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

export const simplex: Subject = {
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

export const doublyStochastic: Subject = {
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
