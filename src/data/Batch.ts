/** A part of a split, ready to become tensors. */
export interface Batch {
  /** Pixels scaled to [0, 1]. */
  readonly images: Float32Array
  readonly labels: Int32Array
  /** Labels of the images that were mixed in, and the share that the own ones keep. */
  readonly mixed?: { readonly labels: Int32Array; readonly share: number }
}
