import type * as NestedTensors from "../src/numerics/NestedTensors.ts"

/**
 * The shapes of the leaves of a point, from left to right.
 *
 * @internal
 */
export const leafShapes = (shape: NestedTensors.ShapeTree): ReadonlyArray<NestedTensors.Shape> =>
  shape.every((length) => typeof length === "number")
    ? [shape as NestedTensors.Shape]
    : (shape as ReadonlyArray<NestedTensors.ShapeTree>).flatMap(leafShapes)

/**
 * The number of entries of a point.
 *
 * @internal
 */
export const entriesOf = (shape: NestedTensors.ShapeTree): number =>
  leafShapes(shape).reduce((sum, leaf) => sum + leaf.reduce((a, b) => a * b, 1), 0)
