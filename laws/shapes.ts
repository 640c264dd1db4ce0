import type * as Points from "../src/numerics/Points.ts"

/**
 * The shapes of the leaves of a point, from left to right.
 *
 * @internal
 */
export const leafShapes = (shape: Points.ShapeTree): ReadonlyArray<Points.Shape> =>
  shape.every((length) => typeof length === "number")
    ? [shape as Points.Shape]
    : (shape as ReadonlyArray<Points.ShapeTree>).flatMap(leafShapes)

/**
 * The number of entries of a point.
 *
 * @internal
 */
export const entriesOf = (shape: Points.ShapeTree): number =>
  leafShapes(shape).reduce((sum, leaf) => sum + leaf.reduce((a, b) => a * b, 1), 0)
