/** A part of a split, ready to become tensors. */
export interface Batch {
  /** Pixels scaled to [0, 1], or floats as they are. */
  readonly images: Float32Array
  readonly labels: Int32Array
  /** `[images, ...shape]`, where the dataset has targets. */
  readonly targets?: Float32Array
  /** Labels of the images that were mixed in, and the share that the own ones keep. */
  readonly mixed?: { readonly labels: Int32Array; readonly targets?: Float32Array; readonly share: number }
}
