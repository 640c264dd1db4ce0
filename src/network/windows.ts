import type * as tfl from "@tensorflow/tfjs-layers"
import { isModel } from "./layers/graph.ts"
import { PlanError } from "./PlanError.ts"

type Shape = ReadonlyArray<number | null>

interface Found {
  readonly layer: string
  readonly input: Shape
  readonly output: Shape
}

const isEmpty = (shape: Shape) => shape.some((length) => length !== null && length <= 0)

/** The shape of a tensor of a model whose input has a shape, telling of every layer that leaves nothing on the way. */
const shapes = (input: Shape, tell: (found: Found) => void) => {
  const known = new Map<number, Shape>()
  const shapeOf = (tensor: tfl.SymbolicTensor): Shape => {
    const before = known.get(tensor.id)
    if (before !== undefined) return before
    const shape = computed(tensor)
    known.set(tensor.id, shape)
    return shape
  }
  const computed = ({ inputs, outputTensorIndex, shape, sourceLayer }: tfl.SymbolicTensor): Shape => {
    if (inputs.length === 0) return input
    const given = inputs.map(shapeOf)
    const [first = []] = given
    if (isModel(sourceLayer) && given.length === 1) {
      const inner = sourceLayer.outputs[outputTensorIndex ?? 0]
      return inner === undefined ? shape : shapes(first, tell)(inner as tfl.SymbolicTensor)
    }
    const outputs = sourceLayer.computeOutputShape(
      (given.length === 1 ? first : given) as Parameters<typeof sourceLayer.computeOutputShape>[0]
    )
    const output = (Array.isArray(outputs[0]) ? outputs[outputTensorIndex ?? 0] : outputs) as Shape
    if (isEmpty(output) && !given.some(isEmpty)) tell({ layer: sourceLayer.name, input: first, output })
    return output
  }
  return shapeOf
}

const withoutBatch = (shape: Shape) => shape.slice(1).map((length) => length ?? "?").join("×")

/**
 * The first layer of a model that leaves nothing of an input of some shape (null is a length that is open): its window
 * does not fit into what it gets. Engines would not end, or write beyond their results.
 *
 * @internal
 */
export const windowProblem = (model: tfl.LayersModel, input?: Shape): PlanError | undefined => {
  const [own] = model.inputs
  if (own === undefined || model.inputs.length !== 1) return undefined
  const found: Array<Found> = []
  const shapeOf = shapes(input ?? own.shape, (empty) => found.push(empty))
  for (const output of model.outputs) shapeOf(output as tfl.SymbolicTensor)
  const [first] = found
  return first === undefined ? undefined : new PlanError({
    layer: first.layer,
    reason: `its window does not fit into the ${withoutBatch(first.input)} that it gets, of an image of ${
      withoutBatch(input ?? own.shape)
    }: images must be larger, or the network shallower`,
    workable: []
  })
}
