// AssemblyScript, compiled by scripts/build-kernels.ts: operations of manifolds on stacks of matrices [count][rows][columns]. Four
// matrices at a time, one in every lane of a vector; scratch holds their entries side by side.
import { entry, gather, orthonormalize, scatter, stiefelTangent, sum, unitLength, unitTangent } from "./lanes"

/** Columns of norm 1: U − X ddiag(XᵀU). */
export function unitProject(x: usize, u: usize, out: usize, count: i32, rows: i32, columns: i32, scratch: usize): void {
  const size = rows * columns
  const y = entry(scratch, size)
  for (let first = 0; first < count; first += 4) {
    gather(x, first, count, size, scratch)
    gather(u, first, count, size, y)
    unitTangent(scratch, y, rows, columns)
    scatter(y, out, first, count, size)
  }
}

/** Columns of norm 1: those of X + V, divided by their lengths. */
export function unitRetract(x: usize, v: usize, out: usize, count: i32, rows: i32, columns: i32, scratch: usize): void {
  const size = rows * columns
  const y = entry(scratch, size)
  for (let first = 0; first < count; first += 4) {
    gather(x, first, count, size, scratch)
    gather(v, first, count, size, y)
    sum(y, scratch, size)
    unitLength(y, rows, columns)
    scatter(y, out, first, count, size)
  }
}

/** Orthonormal columns: U − X sym(XᵀU). */
export function stiefelProject(
  x: usize,
  u: usize,
  out: usize,
  count: i32,
  rows: i32,
  columns: i32,
  scratch: usize
): void {
  const size = rows * columns
  const y = entry(scratch, size)
  for (let first = 0; first < count; first += 4) {
    gather(x, first, count, size, scratch)
    gather(u, first, count, size, y)
    stiefelTangent(scratch, y, rows, columns, entry(y, size))
    scatter(y, out, first, count, size)
  }
}

/** Orthonormal columns: the Q factor of X + V by modified Gram–Schmidt. */
export function stiefelRetract(
  x: usize,
  v: usize,
  out: usize,
  count: i32,
  rows: i32,
  columns: i32,
  scratch: usize
): void {
  const size = rows * columns
  const y = entry(scratch, size)
  for (let first = 0; first < count; first += 4) {
    gather(x, first, count, size, scratch)
    gather(v, first, count, size, y)
    sum(y, scratch, size)
    orthonormalize(y, rows, columns)
    scatter(y, out, first, count, size)
  }
}
