/**
 * The contract of matrix factorizations, which every engine has as kernels of its own, on batches `[count, …]`.
 *
 * Eigh: `a` [count, n, n], symmetric → values [count, n], the smallest first, and orthonormal vectors as columns
 * [count, n, n]. Svd: `a` [count, m, n], m ≥ n → left [count, m, n], values [count, n], the largest first, right
 * [count, n, n]; left and right have orthonormal columns whatever the rank. Solve: `a` [count, n, n], `b` [count, n, k]
 * → a⁻¹b; NaN where a is singular to rounding. Determinant: `a` [count, n, n] → [count]. Matrices that hold NaN or
 * infinity give NaN.
 */

/** What is factorized, or derived from factors. */
export type Factorization = "Eigh" | "Svd" | "Solve" | "Determinant"

/** The name under which engines register a factorization. */
export const kernelName = (factorization: Factorization): string => `Finegrain${factorization}`
