/**
 * The names under which an engine registers kernels for batch normalization and what surrounds it. A rectifier's output
 * y in brackets may be given: then dy counts as what passes the rectifier.
 *
 * @internal
 */
export const kernelNames = {
  /**
   * {x, gamma, beta, [residual], [mean, variance]}, epsilon, relu → γ(x − mean)/√(variance + ε) + β + residual,
   * rectified if so asked; and mean and variance of every channel where they were not given.
   */
  normalize: "FinegrainNormalize",
  /**
   * {dy, x, gamma, mean, variance, [y]}, epsilon, ofBatch → the gradients of x, γ and β; through mean and variance if
   * they are those of x.
   */
  normalizeGradient: "FinegrainNormalizeGradient",
  /** {before, value}, momentum → before − (before − value)·(1 − momentum). */
  follow: "FinegrainFollow",
  /** {a, b} → max(a + b, 0). */
  addRelu: "FinegrainAddRelu",
  /** {x, dy} → dy·[x > 0]. */
  reluGradient: "FinegrainReluGradient"
} as const
