/**
 * How processors that differ come to the same bits.
 *
 * @internal
 */
export const alike = "processors that differ agree with FINEGRAIN_SIMD=plain, oneDNN on them with " +
  "ONEDNN_MAX_CPU_ISA=AVX2"
