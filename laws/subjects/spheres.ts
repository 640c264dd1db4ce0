/** Spheres, and columns of them. */
import * as tf from "@tensorflow/tfjs-core"
import * as CentredSphere from "../../src/geometry/manifolds/CentredSphere.ts"
import * as Oblique from "../../src/geometry/manifolds/Oblique.ts"
import * as Sphere from "../../src/geometry/manifolds/Sphere.ts"
import { otherLengths } from "../extremes/lengths.ts"
import { spherical } from "../extremes/spheres.ts"
import { columnPermutation, leftRotations, rightRotations } from "../invariances.ts"
import { claims, type Subject } from "./Subject.ts"

export const sphere: Subject = {
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

export const oblique: Subject = {
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

export const centred: Subject = {
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
