// AssemblyScript, compiled by scripts/build-kernels.ts: operations of manifolds on stacks of matrices [count][rows][columns]. Four
// matrices at a time, one in every lane of a vector; scratch holds their entries side by side.
import { retracted, stiefel, tangent, unit } from "./formulas"
import { entry, sum } from "./lanes"
import { finish, fourOf, fromLanes, roomFor, toLanes } from "./stack"

/** The tangent parts of u at x. */
function project(
  form: i32,
  x: usize,
  u: usize,
  out: usize,
  count: i32,
  rows: i32,
  columns: i32,
  scratch: usize
): void {
  const size = rows * columns
  const bytes = <usize> size << 2
  const y = entry(scratch, size)
  const work = entry(y, size)
  for (let first = 0; first < count; first += 4) {
    toLanes(fourOf(x, first, count, bytes, work), bytes, size, scratch)
    toLanes(fourOf(u, first, count, bytes, work), bytes, size, y)
    tangent(form, scratch, y, y, rows, columns, false, work)
    fromLanes(y, bytes, size, roomFor(out, first, count, bytes, work))
    finish(out, first, count, bytes, work)
  }
}

/** x + v, brought back to the manifold. */
function retract(
  form: i32,
  x: usize,
  v: usize,
  out: usize,
  count: i32,
  rows: i32,
  columns: i32,
  scratch: usize
): void {
  const size = rows * columns
  const bytes = <usize> size << 2
  const y = entry(scratch, size)
  const work = entry(y, size)
  for (let first = 0; first < count; first += 4) {
    toLanes(fourOf(x, first, count, bytes, work), bytes, size, scratch)
    toLanes(fourOf(v, first, count, bytes, work), bytes, size, y)
    sum(y, scratch, size)
    retracted(form, y, work, rows, columns, false)
    fromLanes(y, bytes, size, roomFor(out, first, count, bytes, work))
    finish(out, first, count, bytes, work)
  }
}

/** Columns of norm 1: U − X ddiag(XᵀU). */
export function unitProject(
  x: usize,
  u: usize,
  out: usize,
  count: i32,
  rows: i32,
  columns: i32,
  scratch: usize
): void {
  project(unit, x, u, out, count, rows, columns, scratch)
}

/** Columns of norm 1: those of X + V, divided by their lengths. */
export function unitRetract(
  x: usize,
  v: usize,
  out: usize,
  count: i32,
  rows: i32,
  columns: i32,
  scratch: usize
): void {
  retract(unit, x, v, out, count, rows, columns, scratch)
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
  project(stiefel, x, u, out, count, rows, columns, scratch)
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
  retract(stiefel, x, v, out, count, rows, columns, scratch)
}
