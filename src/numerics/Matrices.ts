/**
 * Linear algebra on batches of matrices `[…, m, n]`, differentiable, each in a number of tensor operations that does
 * not depend on the batch; factorizations are kernels of the engines.
 */
export {
  type Eigen,
  eigh,
  exponential,
  inverseSquareRoot,
  logarithm,
  logarithmOfOnePlus,
  ofEigen,
  ofSymmetric,
  positivePart,
  squareRoot,
  type SymmetricFunction
} from "./matrices/eigen.ts"
export { cayley, expm, expSkew } from "./matrices/exponential.ts"
export { polar, polish } from "./matrices/polar.ts"
export { multiply, skew, sym, trace, transpose, transposeTimes } from "./matrices/products.ts"
export { gramSchmidt, qf } from "./matrices/qf.ts"
export { atMost, isometry, rotation, truncated } from "./matrices/singular.ts"
export { determinant, inverse, solve } from "./matrices/solve.ts"
export { ofSingular, type SingularFunction, type Slopes, type Svd, svd } from "./matrices/svd.ts"
