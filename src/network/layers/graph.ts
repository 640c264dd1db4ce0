import * as tfl from "@tensorflow/tfjs-layers"

/** Whether a layer is a model. */
export const isModel = (layer: tfl.layers.Layer): layer is tfl.LayersModel => layer instanceof tfl.LayersModel

/** The layer that a `timeDistributed` one applies at every time step. */
export const distributed = (layer: tfl.layers.Layer): tfl.layers.Layer | undefined =>
  layer.getClassName() === "TimeDistributed"
    ? (layer as unknown as { readonly layer: tfl.layers.Layer }).layer
    : undefined

const insideOf = (layer: tfl.layers.Layer): ReadonlyArray<tfl.layers.Layer> => {
  const inner = distributed(layer)
  return inner !== undefined ? [inner] : isModel(layer) ? layer.layers : []
}

/** A layer with nothing inside, and the names of what it is in, from the outside inwards; its own is the last. */
export interface Leaf {
  readonly layer: tfl.layers.Layer
  readonly path: ReadonlyArray<string>
}

const reached = (layer: tfl.layers.Layer, path: ReadonlyArray<string>): ReadonlyArray<Leaf> => [
  { layer, path },
  ...insideOf(layer).flatMap((inner) => reached(inner, [...path, inner.name]))
]

/** A model and the models within it, each once. */
export const modelsOf = (model: tfl.LayersModel): ReadonlyArray<tfl.LayersModel> => [
  ...new Set(reached(model, []).map(({ layer }) => layer).filter(isModel))
]

/** The layers of a model and of the models within it, each once, in the order of the model's weights. */
export const leavesOf = (model: tfl.LayersModel): ReadonlyArray<Leaf> => {
  const first = new Map<tfl.layers.Layer, Leaf>()
  for (const leaf of reached(model, [])) {
    const { layer } = leaf
    if (!isModel(layer) && distributed(layer) === undefined && !first.has(layer)) first.set(layer, leaf)
  }
  return [...first.values()]
}

/** A layer at one place where a model applies it. */
export interface Application {
  readonly layer: tfl.layers.Layer
  readonly inputs: ReadonlyArray<tfl.SymbolicTensor>
}

/**
 * What a model applies when it runs. A model within it is one layer, unless it is the first of a sequential one, whose layers that one applies
 * itself.
 */
export const applicationsOf = (model: tfl.LayersModel): ReadonlyArray<Application> => {
  const seen = new Set<string>()
  const found: Array<Application> = []
  const visit = ({ inputs, nodeIndex, sourceLayer }: tfl.SymbolicTensor) => {
    const key = `${sourceLayer.id}/${nodeIndex}`
    if (seen.has(key)) return
    seen.add(key)
    inputs.forEach(visit)
    found.push({ layer: sourceLayer, inputs })
  }
  ;(model.outputs as ReadonlyArray<tfl.SymbolicTensor>).forEach(visit)
  return found
}
