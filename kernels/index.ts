export { channelAffine, channelScale, channelSums } from "./batchNorm"
export { convolve, filterGradient, packWeights } from "./convolution"
export { stiefelProject, stiefelRetract, unitProject, unitRetract } from "./manifolds"
export { maxPoolGradient } from "./pooling"
