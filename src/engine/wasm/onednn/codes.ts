/** Numbers that both versions of the C interface give the same names, and lists in its form. */
export const float32 = 3
export const anyLayout = 1
export const forwardTraining = 64
export const directConvolution = 1

/** Lengths and strides are arrays of twelve 64-bit integers, whatever the rank. */
export const integers = (values: ReadonlyArray<number>): BigInt64Array => {
  const twelve = new BigInt64Array(12)
  values.forEach((value, i) => (twelve[i] = BigInt(value)))
  return twelve
}

/** The last four arguments of whatever plans a convolution. */
export const steps = "void* strides, void* dilations, void* before, void* behind"
