/** Names of layers, unambiguous within models, and refusals of those that are none. */
import type * as tfl from "@tensorflow/tfjs-layers"
import * as Result from "effect/Result"
import type { NetworkOptions } from "./constrained.ts"
import { addresses, classOf, type OwnClasses } from "./kernelClasses.ts"
import { leavesOf, type NestedLayer } from "./layers/graph.ts"
import { PlanError } from "./PlanError.ts"

/**
 * Layers by name: their own, or where several in different models share it, with the names of the models around them.
 */
export const named = (model: tfl.LayersModel): Result.Result<ReadonlyMap<string, tfl.layers.Layer>, PlanError> => {
  const leaves = leavesOf(model)
  const count = new Map<string, number>()
  for (const { layer: { name } } of leaves) count.set(name, 1 + (count.get(name) ?? 0))
  const nameOf = ({ layer: { name }, path }: NestedLayer) => count.get(name) === 1 ? name : path.join("/")
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

/** Names under which something can be constrained. */
const withKernels = (layers: ReadonlyMap<string, tfl.layers.Layer>, classes: OwnClasses | undefined) =>
  [...layers].filter(([, layer]) => classOf(layer, classes).kernels.length > 0).map(([name]) => name)

/** Why nothing is constrained under this name. */
const unknownLayer = (
  model: tfl.LayersModel,
  layers: ReadonlyMap<string, tfl.layers.Layer>,
  name: string,
  classes: OwnClasses | undefined
) => {
  const refused = (reason: string, workable: ReadonlyArray<string>) => new PlanError({ layer: name, reason, workable })
  const inside = leavesOf(model).filter(({ layer, path }) => path.slice(0, -1).includes(name) || layer.name === name)
  if (inside.length > 0) {
    return refused(
      "this names no single layer, and layers are constrained one by one",
      [...layers].filter(([, layer]) =>
        classOf(layer, classes).kernels.length > 0 && inside.some((leaf) => leaf.layer === layer)
      ).map(([name]) => name)
    )
  }
  const end = name.lastIndexOf("/")
  const around = end < 0 ? undefined : layers.get(name.slice(0, end))
  return around === undefined
    ? refused("the model has no layer of this name", withKernels(layers, classes))
    : refused(
      `layer "${name.slice(0, end)}" has no kernel "${name.slice(end + 1)}"`,
      addresses(name.slice(0, end), classOf(around, classes))
    )
}

/** Why an override speaks of nothing that can be constrained; undefined where all do. */
export const refusedOverride = (
  model: tfl.LayersModel,
  layers: ReadonlyMap<string, tfl.layers.Layer>,
  { classes, overrides = {} }: NetworkOptions
): PlanError | undefined => {
  const known = new Set([...layers].flatMap(([name, layer]) => addresses(name, classOf(layer, classes))))
  const name = Object.keys(overrides).find((name) => !known.has(name))
  const layer = name === undefined ? undefined : layers.get(name)
  return name === undefined ? undefined : layer === undefined
    ? unknownLayer(model, layers, name, classes)
    : new PlanError({
      layer: name,
      reason: `a ${layer.getClassName()} layer has no kernel that can be constrained`,
      workable: withKernels(layers, classes)
    })
}

/** A weight's name, where its layer goes by another than its own. */
export const weightName = (name: string, layer: tfl.layers.Layer, { originalName }: tfl.LayerVariable) => {
  if (name === layer.name) return originalName
  const own = `${layer.name}/`
  return `${name}/${originalName.startsWith(own) ? originalName.slice(own.length) : originalName}`
}
