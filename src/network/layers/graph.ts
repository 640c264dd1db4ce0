/** A model as a graph: models within models, layers within layers, each where it is applied. */
import * as tfl from "@tensorflow/tfjs-layers"

/** Whether a layer is a model. */
export const isModel = (layer: tfl.layers.Layer): layer is tfl.LayersModel => layer instanceof tfl.LayersModel

/** The layer that a `timeDistributed` one applies at every time step. */
export const distributed = (layer: tfl.layers.Layer): tfl.layers.Layer | undefined =>
  layer.getClassName() === "TimeDistributed"
    ? (layer as unknown as { readonly layer: tfl.layers.Layer }).layer
    : undefined

/** Recurrent layers that hold one cell, whose weights go by the layer's name. */
const ofOneCell = new Set(["SimpleRNN", "GRU", "LSTM", "ConvLSTM2D"])

/** The cell by which a recurrent layer takes each step; a layer that is none is its own. */
export const cellOf = (layer: tfl.layers.Layer): tfl.layers.Layer =>
  ofOneCell.has(layer.getClassName()) ? (layer as unknown as { readonly cell: tfl.layers.Layer }).cell : layer

const isLayer = (value: unknown): value is tfl.layers.Layer => value instanceof tfl.layers.Layer

/** The layers that a layer of any class holds in its fields, where it says that it has their weights. */
const heldWithWeights = (layer: tfl.layers.Layer): ReadonlyArray<tfl.layers.Layer> => {
  const held = [...new Set(Object.values(layer).flat().filter(isLayer))]
  if (held.length === 0) return held
  const known = new Set(layer.weights)
  return held.filter(({ weights }) => weights.some((weight) => known.has(weight)))
}

const insideOf = (layer: tfl.layers.Layer): ReadonlyArray<tfl.layers.Layer> => {
  const inner = distributed(layer)
  return inner !== undefined
    ? [inner]
    : isModel(layer)
    ? layer.layers
    : cellOf(layer) === layer
    ? heldWithWeights(layer)
    : []
}

/** A layer with weights of its own, and the names of what it is in, from the outside inwards; its own is the last. */
export interface NestedLayer {
  readonly layer: tfl.layers.Layer
  readonly path: ReadonlyArray<string>
}

const reached = (layer: tfl.layers.Layer, path: ReadonlyArray<string>): ReadonlyArray<NestedLayer> => [
  ...(isModel(layer) ? [{ layer, path }] : []),
  ...insideOf(layer).flatMap((inner) => reached(inner, [...path, inner.name])),
  ...(isModel(layer) ? [] : [{ layer, path }])
]

/** Whether a layer is more than those it holds. */
const hasOwn = (layer: tfl.layers.Layer): boolean => {
  const inside = insideOf(layer)
  if (inside.length === 0) return !isModel(layer)
  const held = new Set(inside.flatMap(({ weights }) => weights))
  return !isModel(layer) && layer.weights.some((weight) => !held.has(weight))
}

/** A model and the models within it, each once. */
export const modelsOf = (model: tfl.LayersModel): ReadonlyArray<tfl.LayersModel> => [
  ...new Set(reached(model, []).map(({ layer }) => layer).filter(isModel))
]

/** A layer and all that it holds, at any depth. */
export const holdersOf = (layer: tfl.layers.Layer): ReadonlyArray<tfl.layers.Layer> => [
  ...new Set(reached(layer, []).map((leaf) => leaf.layer))
]

/**
 * The layers of a model, of the models within it and of layers that hold layers (`timeDistributed`, `bidirectional`,
 * `rnn`, own classes), each once, in the order of the model's weights.
 */
export const leavesOf = (model: tfl.LayersModel): ReadonlyArray<NestedLayer> => leavesWithin(model)

/** What `leavesOf` has of any layer: of one that holds none, itself. */
export const leavesWithin = (layer: tfl.layers.Layer): ReadonlyArray<NestedLayer> => {
  const first = new Map<tfl.layers.Layer, NestedLayer>()
  for (const leaf of reached(layer, [])) {
    const { layer } = leaf
    if (hasOwn(layer) && !first.has(layer)) first.set(layer, leaf)
  }
  return [...first.values()]
}

/** A layer at one place where a model applies it. */
export interface Application {
  readonly layer: tfl.layers.Layer
  readonly inputs: ReadonlyArray<tfl.SymbolicTensor>
}

/**
 * What a model applies when it runs. A model within it is one layer, unless it is the first of a sequential one, whose
 * layers that one applies itself.
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
