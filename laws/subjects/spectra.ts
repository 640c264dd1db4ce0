/** Matrices of given ranks and singular values, and all matrices. */
import * as Euclidean from "../../src/geometry/manifolds/Euclidean.ts"
import * as FixedRank from "../../src/geometry/manifolds/FixedRank.ts"
import * as FixedSpectrum from "../../src/geometry/manifolds/FixedSpectrum.ts"
import { longSteps, otherLengths, scales } from "../extremes/lengths.ts"
import { lessRank, rankDrop, weakDirections } from "../extremes/ranks.ts"
import { leftRotations, rightRotations } from "../invariances.ts"
import { claims, type Subject } from "./Subject.ts"

export const euclidean: Subject = {
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

export const fixedSpectrum: Subject = {
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

export const fixedRank: Subject = {
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
