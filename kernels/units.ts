// The second sweep of the step on columns of norm 1, four times four matrices at once: every vector is read as few
// times as its sums allow, and sums of four need not wait for each other.
// The formulas, and the order of all sums, are those of lanes.ts and orthonormal.ts.
import { BASE, COLUMNS, COUNT, MOMENTUM, OWNERS, ROWS, SCALING, STRIDE, unit, VARIABLE } from "./contract"
import { inRegisters } from "./formulas"
import { entry, rowsAtOnce } from "./lanes"
import { inverseRoot, oneUnitLength, unusual } from "./orthonormal"
import { adjacent, factorsOf, ofOwners, pointer, toVariable, word, wordsOf } from "./rows"
import { less, madd } from "./vectors"

/** Matrices that are taken at once. */
const atOnce = 16

/** Whether the columns of a leaf are ones that this sweep knows. */
export function inBlocks(form: i32, rows: i32, columns: i32, transposed: bool): bool {
  if (form !== unit || rows > rowsAtOnce || inRegisters(form, rows, columns, transposed)) return false
  return columns === 1 || !transposed
}

/**
 * Where the first of four matrices begins in its variable.
 *
 * @inline
 */
function placeOf(variable: usize, bases: v128): usize {
  return variable + <usize> i32x4.extract_lane(bases, 0)
}

/**
 * Second sweep, of whole blocks of the matrices `begin` … `end` − 1: y = x + factor·d of length 1, its place in the
 * variable, and d transported there. The first that is left.
 */
export function moveBlocks(
  row: usize,
  begin: i32,
  end: i32,
  x: usize,
  d: usize,
  y: usize,
  factors: usize
): i32 {
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const count = word(row, COUNT)
  const bases = pointer(row, BASE)
  const scaling = pointer(row, SCALING)
  const owners = pointer(row, OWNERS)
  const variable = pointer(row, VARIABLE)
  const stride = pointer(row, STRIDE)
  const transports = pointer(row, MOMENTUM) !== 0
  const size = rows * columns
  const b = entry(0, size)
  const c = 2 * b
  const d4 = 3 * b
  const down = <usize> columns << 4
  const further = <usize> columns * stride
  const toX = x - y
  const toD = d - y
  let block0 = y
  let first = begin
  for (; first + atOnce <= end; first += atOnce) {
    const fa = ofOwners(factors, wordsOf(owners, first, count))
    const fb = ofOwners(factors, wordsOf(owners, first + 4, count))
    const fc = ofOwners(factors, wordsOf(owners, first + 8, count))
    const fd = ofOwners(factors, wordsOf(owners, first + 12, count))
    const baseA = wordsOf(bases, first, count)
    const baseB = wordsOf(bases, first + 4, count)
    const baseC = wordsOf(bases, first + 8, count)
    const baseD = wordsOf(bases, first + 12, count)
    const ra = factorsOf(scaling, first, count)
    const rb = factorsOf(scaling, first + 4, count)
    const rc = factorsOf(scaling, first + 8, count)
    const rd = factorsOf(scaling, first + 12, count)
    const straight = stride !== 0 && adjacent(baseA) && adjacent(baseB) && adjacent(baseC) && adjacent(baseD)
    for (let j = 0; j < columns; j++) {
      const from = entry(block0, j)
      const end = from + <usize> rows * down
      let sa = f32x4.splat(0)
      let sb = f32x4.splat(0)
      let sc = f32x4.splat(0)
      let sd = f32x4.splat(0)
      for (let at = from; at < end; at += down) {
        const ya = madd(fa, v128.load(at + toD), v128.load(at + toX))
        const yb = madd(fb, v128.load(at + toD + b), v128.load(at + toX + b))
        const yc = madd(fc, v128.load(at + toD + c), v128.load(at + toX + c))
        const yd = madd(fd, v128.load(at + toD + d4), v128.load(at + toX + d4))
        v128.store(at, ya)
        v128.store(at + b, yb)
        v128.store(at + c, yc)
        v128.store(at + d4, yd)
        sa = madd(ya, ya, sa)
        sb = madd(yb, yb, sb)
        sc = madd(yc, yc, sc)
        sd = madd(yd, yd, sd)
      }
      if (v128.any_true(v128.or(v128.or(unusual(sa), unusual(sb)), v128.or(unusual(sc), unusual(sd))))) {
        for (let four = 0; four < 4; four++) oneUnitLength(block0 + <usize> four * b, j, rows, columns, 1)
        sa = f32x4.splat(1)
        sb = sa
        sc = sa
        sd = sa
      } else {
        sa = inverseRoot(sa)
        sb = inverseRoot(sb)
        sc = inverseRoot(sc)
        sd = inverseRoot(sd)
      }
      let ta = f32x4.splat(0)
      let tb = f32x4.splat(0)
      let tc = f32x4.splat(0)
      let td = f32x4.splat(0)
      let wa = placeOf(variable, baseA) + <usize> j * stride
      let wb = placeOf(variable, baseB) + <usize> j * stride
      let wc = placeOf(variable, baseC) + <usize> j * stride
      let wd = placeOf(variable, baseD) + <usize> j * stride
      for (let at = from; at < end; at += down) {
        const ya = v128.mul<f32>(v128.load(at), sa)
        const yb = v128.mul<f32>(v128.load(at + b), sb)
        const yc = v128.mul<f32>(v128.load(at + c), sc)
        const yd = v128.mul<f32>(v128.load(at + d4), sd)
        v128.store(at, ya)
        v128.store(at + b, yb)
        v128.store(at + c, yc)
        v128.store(at + d4, yd)
        if (straight) {
          v128.store(wa, v128.mul<f32>(ra, ya))
          v128.store(wb, v128.mul<f32>(rb, yb))
          v128.store(wc, v128.mul<f32>(rc, yc))
          v128.store(wd, v128.mul<f32>(rd, yd))
          wa += further
          wb += further
          wc += further
          wd += further
        }
        if (transports) {
          ta = madd(ya, v128.load(at + toD), ta)
          tb = madd(yb, v128.load(at + toD + b), tb)
          tc = madd(yc, v128.load(at + toD + c), tc)
          td = madd(yd, v128.load(at + toD + d4), td)
        }
      }
      if (transports) {
        for (let at = from; at < end; at += down) {
          const to = at + toD
          v128.store(to, less(v128.load(to), v128.load(at), ta))
          v128.store(to + b, less(v128.load(to + b), v128.load(at + b), tb))
          v128.store(to + c, less(v128.load(to + c), v128.load(at + c), tc))
          v128.store(to + d4, less(v128.load(to + d4), v128.load(at + d4), td))
        }
      }
    }
    if (!straight) {
      toVariable(row, baseA, size, ra, block0)
      toVariable(row, baseB, size, rb, block0 + b)
      toVariable(row, baseC, size, rc, block0 + c)
      toVariable(row, baseD, size, rd, block0 + d4)
    }
    block0 += 4 * b
  }
  return first
}
