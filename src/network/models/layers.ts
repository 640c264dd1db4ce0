/**
 * The layers of this library that saved models name: importing this module registers them, so that
 * `tf.loadLayersModel` knows them. It needs TensorFlow.js alone.
 *
 * @module finegrain/layers
 */
export { branchScale } from "./BranchScale.ts"
export { groupedConv2d, type GroupedConv2dOptions } from "./GroupedConv2D.ts"
export { padChannels } from "./PadChannels.ts"
export { stochasticDepth, type StochasticDepthOptions } from "./StochasticDepth.ts"
