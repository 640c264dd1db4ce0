/** Geodesics between subspaces: logarithm and parallel transport. */
import * as tf from "@tensorflow/tfjs-core"
import * as Matrices from "../../numerics/Matrices.ts"
import { angleOverSine } from "./angles.ts"
import { nearestTurn } from "./choices.ts"

/**
 * The logarithm on the Grassmann manifold: the shortest horizontal tangent vector at X whose geodesic leads to the span
 * of Y.
 *
 * Y's basis is turned to the one nearest to X, Y Oᵀ with the polar factor O of XᵀY; then XᵀY Oᵀ = U cos Θ Uᵀ and
 * (I − XXᵀ)Y Oᵀ = Q sin Θ Uᵀ, so that Q Θ Uᵀ = (I − XXᵀ)Y Oᵀ·g(XᵀY Oᵀ), g = θ/sin θ: small angles by their sines, all
 * of them without singular vectors. Where an angle is π/2 there are several; the polar factor chooses.
 * Source: Bendokat, Zimmermann and Absil 2020, algorithm 5.3.
 *
 * @internal
 */
export const subspaceLog = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
  const m = Matrices.transposeTimes(x, y)
  const turn = nearestTurn(m)
  const cosines = Matrices.sym(Matrices.multiply(m, turn, { transposeB: true }))
  // (I − XXᵀ)X = 0: of the difference, so that nothing is lost where Y is near to X.
  const difference = tf.sub(y, x)
  const beside = tf.sub(difference, Matrices.multiply(x, Matrices.transposeTimes(x, difference)))
  return Matrices.multiply(Matrices.multiply(beside, turn, { transposeB: true }), angleOverSine(cosines))
}

/**
 * Parallel transport of the horizontal vector V along the geodesic from X to the span of Y, at the basis Y.
 *
 * With H = log(X, Y) the rotation e^(HXᵀ − XHᵀ) carries X to a basis of Y's span and horizontal vectors in parallel;
 * then the basis is turned to Y.
 * Source: Edelman, Arias and Smith 1998, theorem 2.4.
 *
 * @internal
 */
export const subspaceParallel = (x: tf.Tensor, y: tf.Tensor, v: tf.Tensor): tf.Tensor => {
  const outer = Matrices.multiply(subspaceLog(x, y), x, { transposeB: true })
  const turn = Matrices.expSkew(tf.sub(outer, Matrices.transpose(outer)))
  const arrived = Matrices.multiply(turn, x)
  const basis = Matrices.polar(Matrices.transposeTimes(arrived, y))
  const moved = Matrices.multiply(Matrices.multiply(turn, v), basis)
  return tf.sub(moved, Matrices.multiply(y, Matrices.transposeTimes(y, moved)))
}
