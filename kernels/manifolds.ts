// AssemblyScript, compiled by scripts/build-kernels.ts: operations of manifolds on stacks of matrices
// [count][rows][columns]. Four matrices at a time, one in every lane of a vector; scratch holds their entries side by
// side.
import { stiefel } from "./contract"
import { retracted, tangent } from "./formulas"
import { entry, sum, times } from "./lanes"
import { finish, fourOf, fromLanes, roomFor, toLanes } from "./stack"

/** The tangent parts of u at x; formulas.ts says what forms there are. */
export function project(
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

/** What leaves room for sums of a thousand numbers. */
const room: f32 = 0.0009765625

/** x + v, brought back to the manifold. */
export function retract(
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
    // Products of columns may be sums of the largest numbers; of what a power of two multiplies, the Q factor keeps all
    // bits.
    if (form === stiefel) times(y, room, size)
    retracted(form, y, work, rows, columns, false)
    fromLanes(y, bytes, size, roomFor(out, first, count, bytes, work))
    finish(out, first, count, bytes, work)
  }
}
