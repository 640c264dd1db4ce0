import type { Algorithm } from "./codes.ts"

/** An address in this process. */
export type Address = bigint

/** What a dialect is spoken with. */
export interface Calls {
  /** Calls a function by its declaration and fails with its name where it does not return success. */
  readonly call: (declaration: string, ...values: ReadonlyArray<unknown>) => void
  /** Calls a function whose first argument receives what it makes, and gives that. */
  readonly made: (declaration: string, ...values: ReadonlyArray<unknown>) => Address
  /** The processor. */
  readonly engine: Address
}

/** Which of the three convolutions of a layer. */
export type Direction = "forward" | "inputGradient" | "filterGradient"

/** The layouts of a convolution's images, filter and bias, and its steps: what a plan is made from. */
interface Operands {
  readonly x: unknown
  readonly filter: unknown
  readonly bias: unknown
  readonly y: unknown
  /** Strides, dilations, paddings before and behind. */
  readonly steps: ReadonlyArray<BigInt64Array>
}

/** The layouts of stacks of matrices, [stack, rows, columns], one for every other or one for all. */
interface Factors {
  readonly a: unknown
  readonly b: unknown
  readonly bias: unknown
  readonly out: unknown
}

/** The library does not do what it was asked. */
export class Refusal extends Error {
  readonly status: number
  constructor(name: string, status: number) {
    super(`oneDNN: ${name} returned ${status}`)
    this.status = status
  }
}

/** What the two versions of the C interface say in different words. */
export interface Dialect {
  /**
   * Describes float32 values by their lengths and strides; without strides, in the layout that the library likes best.
   */
  readonly layout: (lengths: ReadonlyArray<number>, strides?: ReadonlyArray<number>) => unknown
  /** Gives a description back, where the library made it; what was made from it keeps its own. */
  readonly forget: (layout: unknown) => void
  /** Describes images in blocks of sixteen channels; undefined without the convolutions that want it. */
  readonly blocked?: (lengths: ReadonlyArray<number>) => unknown
  /** The plan of products of matrices. */
  readonly product: (factors: Factors) => Address
  /** The plan of a convolution; gradients want that of the forward one beside. */
  readonly convolution: (
    direction: Direction,
    algorithm: Algorithm,
    operands: Operands,
    forward?: Address
  ) => Address
}
