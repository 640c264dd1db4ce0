/**
 * The names under which an engine registers kernels for batch normalization and what surrounds it. A rectifier's output y in brackets may be
 * given: then dy, or a, counts as what passes the rectifier.
 *
 * @internal
 */
export const kernelNames = {
  /** {x} → mean and variance per channel. */
  moments: "FinegrainMoments",
  /** {dy, x, mean, [y]} → Σ dy and Σ dy·(x − mean) per channel. */
  sums: "FinegrainChannelSums",
  /** {x, k, d, [residual]}, relu → x·k + d + residual, rectified if so asked. */
  scale: "FinegrainChannelScale",
  /** {a, ka, b, kb, kc, [y]} → a·ka + b·kb + kc. */
  affine: "FinegrainChannelAffine",
  /** {a, b} → max(a + b, 0). */
  addRelu: "FinegrainAddRelu",
  /** {x, dy} → dy·[x > 0]. */
  reluGradient: "FinegrainReluGradient"
} as const
