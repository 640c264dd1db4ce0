/** A vector transport that a manifold has beside others, as a value: onto the tangent space, or along the geodesic. */
export interface VectorTransport {
  readonly name: "projection" | "parallel"
}
