/** Numbers that both versions of the C interface give the same names, and lists in its form. */
export const float32 = 3
export const anyLayout = 1
export const forwardTraining = 64

/** How a convolution is computed. */
export const algorithms = { direct: 1, winograd: 2 } as const
export type Algorithm = keyof typeof algorithms

/** Channels are cut into blocks of sixteen, [images, blocks, height, width, 16]: a tag of version 2. */
export const blockedLayout = 69

/** What the library answers where it has no code for what is asked. */
export const unimplemented = 3

/** Lengths and strides are arrays of twelve 64-bit integers, whatever the rank. */
export const integers = (values: ReadonlyArray<number>): BigInt64Array => {
  const twelve = new BigInt64Array(12)
  values.forEach((value, i) => (twelve[i] = BigInt(value)))
  return twelve
}

/** The last four arguments of whatever plans a convolution. */
export const steps = "void* strides, void* dilations, void* before, void* behind"
