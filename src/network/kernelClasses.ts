import type { KernelShape } from "../collections/matricized.ts"

/** Classes of layers whose kernels can be constrained, with the kernel that the first weight of each is. */
export const kernelClasses: Readonly<Record<string, (shape: ReadonlyArray<number>) => KernelShape>> = {
  Conv1D: ([a, c, d]) => [a!, 1, c!, d!],
  Conv2D: ([a, b, c, d]) => [a!, b!, c!, d!],
  Dense: ([c, d]) => [1, 1, c!, d!]
}
