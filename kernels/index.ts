export { convolve, filterGradient, packWeights } from "./convolution"
export { stiefelProject, stiefelRetract, unitProject, unitRetract } from "./manifolds"
