/**
 * What an engine may take a manifold for, to compute its projection, retraction and transport in one pass: a space
 * without constraints, columns of norm 1, or orthonormal columns. The metric is the Frobenius inner product, the
 * retraction X + V, X + V with its columns divided by their lengths, or the Q factor of X + V; transport is projection
 * onto the tangent space at the target.
 */
export interface MatrixForm {
  readonly name: "Euclidean" | "Unit" | "Stiefel"
  /** The matrix on which the formulas act, whatever the shape of a point. */
  readonly rows: number
  readonly columns: number
  /** Whether a point holds that matrix transposed. */
  readonly transposed: boolean
}
