/** How many entries a tensor of a shape has: the product of its lengths, 1 without any. */
export const sizeOf = (shape: ReadonlyArray<number>): number => shape.reduce((product, length) => product * length, 1)
