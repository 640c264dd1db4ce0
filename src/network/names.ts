import type * as tfl from "@tensorflow/tfjs-layers"
import * as Result from "effect/Result"
import { kernelClasses } from "./kernelClasses.ts"
import { type Leaf, leavesOf } from "./layers/graph.ts"
import { PlanError } from "./PlanError.ts"

/** Layers by name: their own, or where several in different models share it, with the names of the models around them. */
export const named = (model: tfl.LayersModel): Result.Result<ReadonlyMap<string, tfl.layers.Layer>, PlanError> => {
  const leaves = leavesOf(model)
  const count = new Map<string, number>()
  for (const { layer: { name } } of leaves) count.set(name, 1 + (count.get(name) ?? 0))
  const nameOf = ({ layer: { name }, path }: Leaf) => count.get(name) === 1 ? name : path.join("/")
  const found = new Map<string, tfl.layers.Layer>()
  for (const leaf of leaves) {
    const name = nameOf(leaf)
    if (found.has(name)) {
      const reason = "two layers in different models have this name, also with the names of their models"
      return Result.fail(new PlanError({ layer: name, reason, workable: ["another name for one of them"] }))
    }
    found.set(name, leaf.layer)
  }
  return Result.succeed(found)
}

/** Why nothing is constrained under this name. */
export const unknownLayer = (model: tfl.LayersModel, layers: ReadonlyMap<string, tfl.layers.Layer>, name: string) => {
  const inside = leavesOf(model).filter(({ layer, path }) => path.slice(0, -1).includes(name) || layer.name === name)
  const ofKernels = [...layers].filter(([, layer]) => layer.getClassName() in kernelClasses)
  const meant = ofKernels.filter(([, layer]) => inside.some((leaf) => leaf.layer === layer))
  const [reason, workable] = inside.length === 0
    ? ["the model has no layer of this name", [...layers]] as const
    : ["this names no single layer, and layers are constrained one by one", meant] as const
  return new PlanError({ layer: name, reason, workable: workable.map(([name]) => name) })
}

/** A weight's name, where its layer goes by another than its own. */
export const weightName = (name: string, layer: tfl.layers.Layer, { originalName }: tfl.LayerVariable) => {
  if (name === layer.name) return originalName
  const own = `${layer.name}/`
  return `${name}/${originalName.startsWith(own) ? originalName.slice(own.length) : originalName}`
}
