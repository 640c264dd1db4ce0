// AssemblyScript, compiled by scripts/build-kernels.ts: the step of FG-SGD over all leaves of a network's weights, in two sweeps with
// the step sizes of the POMs between them. Four matrices at a time, one in every lane; see lanes.ts.
//
// Every leaf has a row of 32-bit words. Offsets are in bytes.
import { entry, four, orthonormalize, stiefelTangent, unitLength, unitTangent } from "./lanes"

const rowBytes: usize = 64

/** What happens to the matrices: 0 nothing, the caller does it; 1 Euclidean; 2 columns of norm 1; 3 orthonormal columns. */
const FORM: usize = 0
/** Matrices; or, where all entries are one matrix in the variable's own order, 0. */
const COUNT: usize = 4
const ROWS: usize = 8
const COLUMNS: usize = 12
const X: usize = 16
/** Momentum in the first sweep; in the second, 0 where there is none. */
const MOMENTUM: usize = 20
/** The variable: its gradient in the first sweep, its weights in the second. */
const VARIABLE: usize = 24
/** One factor a matrix, or 0. */
const SCALING: usize = 28
const DIRECTION: usize = 32
/** Offset of every entry within a matrix of the leaf. */
const LOCAL: usize = 36
/** Offset of every entry in the variable, from where its matrix begins. */
const DELTA: usize = 40
/** Offset in the variable where every matrix begins. */
const BASE: usize = 44
/** Squared norms, one a matrix, or one a piece of a flat leaf. */
const SUMS: usize = 48
/** POM of every matrix. */
const OWNERS: usize = 52
const TO_X: usize = 56
/** Entries of a flat leaf. */
const SIZE: usize = 60

const given = 0
const unit = 2
const stiefel = 3

/** Entries of a flat leaf whose squares are one sum; a multiple of four. */
const piece = 1024

function word(row: usize, field: usize): i32 {
  return load<i32>(row + field)
}

function pointer(row: usize, field: usize): usize {
  return load<u32>(row + field)
}

function adjacent(a: usize, b: usize, c: usize, d: usize): bool {
  return b - a === 4 && c - a === 8 && d - a === 12
}

/** Entries of the matrices that begin at four places, side by side. */
function collect(a: usize, b: usize, c: usize, d: usize, offsets: usize, size: i32, to: usize): void {
  if (adjacent(a, b, c, d)) {
    for (let e = 0; e < size; e++) v128.store(entry(to, e), v128.load(a + load<u32>(offsets + (<usize> e << 2))))
    return
  }
  for (let e = 0; e < size; e++) {
    const at: usize = load<u32>(offsets + (<usize> e << 2))
    v128.store(entry(to, e), four(a + at, b + at, c + at, d + at))
  }
}

/** Back to where the matrices begin; `lanes` of them. */
function deliver(from: usize, a: usize, b: usize, c: usize, d: usize, lanes: i32, offsets: usize, size: i32): void {
  const together = lanes === 4 && adjacent(a, b, c, d)
  for (let e = 0; e < size; e++) {
    const at: usize = load<u32>(offsets + (<usize> e << 2))
    const value = v128.load(entry(from, e))
    if (together) {
      v128.store(a + at, value)
      continue
    }
    v128.store_lane<f32>(a + at, value, 0)
    if (lanes > 1) v128.store_lane<f32>(b + at, value, 1)
    if (lanes > 2) v128.store_lane<f32>(c + at, value, 2)
    if (lanes > 3) v128.store_lane<f32>(d + at, value, 3)
  }
}

/** One number of four matrices each. */
function perMatrix(values: usize, first: i32, last: i32): v128 {
  return four(
    values + (<usize> first << 2),
    values + (<usize> min(first + 1, last) << 2),
    values + (<usize> min(first + 2, last) << 2),
    values + (<usize> min(first + 3, last) << 2)
  )
}

/** The factors of the POMs of four matrices. */
function ofOwners(factors: usize, owners: usize, first: i32, last: i32): v128 {
  return four(
    factors + (<usize> load<u32>(owners + (<usize> first << 2)) << 2),
    factors + (<usize> load<u32>(owners + (<usize> min(first + 1, last) << 2)) << 2),
    factors + (<usize> load<u32>(owners + (<usize> min(first + 2, last) << 2)) << 2),
    factors + (<usize> load<u32>(owners + (<usize> min(first + 3, last) << 2)) << 2)
  )
}

function tangent(form: i32, x: usize, u: usize, rows: i32, columns: i32, s: usize): void {
  if (form === unit) unitTangent(x, u, rows, columns)
  else if (form === stiefel) stiefelTangent(x, u, rows, columns, s)
}

/** ℜ·(g + decay·ℜx). */
function decayed(g: v128, x: v128, scaling: v128, decay: v128): v128 {
  return v128.mul<f32>(
    scaling,
    v128.add<f32>(g, v128.mul<f32>(decay, v128.mul<f32>(scaling, x)))
  )
}

/** Direction of the matrices `begin` … `end` − 1 of a leaf, and their squared norms. */
function direct(row: usize, begin: i32, end: i32, theta: v128, decay: v128, scratch: usize): void {
  const form = word(row, FORM)
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const size = rows * columns
  const bytes = <usize> size << 2
  const last = word(row, COUNT) - 1
  const bases = pointer(row, BASE)
  const local = pointer(row, LOCAL)
  const scaling = pointer(row, SCALING)
  const variable = pointer(row, VARIABLE)
  const momentum = pointer(row, MOMENTUM)
  const u = entry(scratch, size)
  const work = entry(u, size)
  for (let first = begin; first < end; first += 4) {
    const lanes = min(4, last + 1 - first)
    const o0 = <usize> first * bytes
    const o1 = <usize> min(first + 1, last) * bytes
    const o2 = <usize> min(first + 2, last) * bytes
    const o3 = <usize> min(first + 3, last) * bytes
    const x = pointer(row, X)
    collect(x + o0, x + o1, x + o2, x + o3, local, size, scratch)
    collect(
      variable + load<u32>(bases + (<usize> first << 2)),
      variable + load<u32>(bases + (<usize> min(first + 1, last) << 2)),
      variable + load<u32>(bases + (<usize> min(first + 2, last) << 2)),
      variable + load<u32>(bases + (<usize> min(first + 3, last) << 2)),
      pointer(row, DELTA),
      size,
      u
    )
    const factor = scaling === 0 ? f32x4.splat(1) : perMatrix(scaling, first, last)
    for (let e = 0; e < size; e++) {
      const at = entry(u, e)
      v128.store(at, decayed(v128.load(at), v128.load(entry(scratch, e)), factor, decay))
    }
    tangent(form, scratch, u, rows, columns, work)
    if (form !== given) {
      if (momentum !== 0) collect(momentum + o0, momentum + o1, momentum + o2, momentum + o3, local, size, work)
      let squares = f32x4.splat(0)
      for (let e = 0; e < size; e++) {
        let value = v128.load(entry(u, e))
        if (momentum !== 0) {
          value = v128.add<f32>(value, v128.mul<f32>(theta, v128.load(entry(work, e))))
          v128.store(entry(u, e), value)
        }
        squares = v128.add<f32>(squares, v128.mul<f32>(value, value))
      }
      const sums = pointer(row, SUMS) + (<usize> first << 2)
      v128.store_lane<f32>(sums, squares, 0)
      if (lanes > 1) v128.store_lane<f32>(sums + 4, squares, 1)
      if (lanes > 2) v128.store_lane<f32>(sums + 8, squares, 2)
      if (lanes > 3) v128.store_lane<f32>(sums + 12, squares, 3)
    }
    const d = pointer(row, DIRECTION)
    deliver(u, d + o0, d + o1, d + o2, d + o3, lanes, local, size)
  }
}

/** The same for pieces of a flat Euclidean leaf. */
function directFlat(row: usize, begin: i32, end: i32, theta: v128, decay: v128): void {
  const size = word(row, SIZE)
  const x = pointer(row, X)
  const g = pointer(row, VARIABLE)
  const m = pointer(row, MOMENTUM)
  const d = pointer(row, DIRECTION)
  const scaling = pointer(row, SCALING)
  const factor = scaling === 0 ? f32x4.splat(1) : v128.load_splat<f32>(scaling)
  for (let part = begin; part < end; part++) {
    const to = min(size, (part + 1) * piece)
    let squares = f32x4.splat(0)
    let at = <usize> part * piece << 2
    const whole = <usize> (to & ~3) << 2
    for (; at < whole; at += 16) {
      let value = decayed(v128.load(g + at), v128.load(x + at), factor, decay)
      if (m !== 0) value = v128.add<f32>(value, v128.mul<f32>(theta, v128.load(m + at)))
      v128.store(d + at, value)
      squares = v128.add<f32>(squares, v128.mul<f32>(value, value))
    }
    for (; at < <usize> to << 2; at += 4) {
      let value = decayed(v128.load32_zero(g + at), v128.load32_zero(x + at), factor, decay)
      if (m !== 0) value = v128.add<f32>(value, v128.mul<f32>(theta, v128.load32_zero(m + at)))
      v128.store_lane<f32>(d + at, value, 0)
      squares = v128.add<f32>(squares, v128.mul<f32>(value, value))
    }
    store<f32>(
      pointer(row, SUMS) + (<usize> part << 2),
      (f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1)) +
        (f32x4.extract_lane(squares, 2) + f32x4.extract_lane(squares, 3))
    )
  }
}

function pieces(row: usize): i32 {
  return (word(row, SIZE) + piece - 1) / piece
}

/** Where the share `part` of `parts` begins among so many matrices: always at a multiple of four. */
function shareOf(count: i32, part: i32, parts: i32): i32 {
  return min(count, <i32> (<i64> ((count + 3) >> 2) * part / parts) << 2)
}

/**
 * First sweep, of the shares `begin` … `end` − 1 of `parts` of every leaf: Euclidean gradient, projection, momentum; squared norms.
 */
export function stepDirection(
  table: usize,
  leaves: i32,
  theta: f32,
  decay: f32,
  scratch: usize,
  parts: i32,
  begin: i32,
  end: i32
): void {
  for (let leaf = 0; leaf < leaves; leaf++) {
    const row = table + <usize> leaf * rowBytes
    const count = word(row, COUNT)
    if (count === 0) {
      const all = pieces(row)
      directFlat(row, all * begin / parts, all * end / parts, f32x4.splat(theta), f32x4.splat(decay))
    } else {
      const from = shareOf(count, begin, parts)
      direct(row, from, shareOf(count, end, parts), f32x4.splat(theta), f32x4.splat(decay), scratch)
    }
  }
}

/** Between the sweeps, on one thread: the squared norm of every POM, from `zeros` numbers of double precision. */
export function stepSquares(table: usize, leaves: i32, poms: i32, zeros: usize, out: usize): void {
  for (let pom = 0; pom < poms; pom++) store<f64>(zeros + (<usize> pom << 3), 0)
  for (let leaf = 0; leaf < leaves; leaf++) {
    const row = table + <usize> leaf * rowBytes
    if (word(row, FORM) === given) continue
    const flat = word(row, COUNT) === 0
    const count = flat ? pieces(row) : word(row, COUNT)
    const sums = pointer(row, SUMS)
    const owners = pointer(row, OWNERS)
    for (let i = 0; i < count; i++) {
      const owner: usize = load<u32>(owners + (flat ? 0 : <usize> i << 2))
      const at = zeros + (owner << 3)
      store<f64>(at, load<f64>(at) + <f64> load<f32>(sums + (<usize> i << 2)))
    }
  }
  for (let pom = 0; pom < poms; pom++) {
    store<f32>(out + (<usize> pom << 2), <f32> load<f64>(zeros + (<usize> pom << 3)))
  }
}

/** Retraction of the matrices `begin` … `end` − 1 of a leaf, transport of their directions in place, and their weights. */
function moveMatrices(row: usize, begin: i32, end: i32, factors: usize, scratch: usize): void {
  const form = word(row, FORM)
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const size = rows * columns
  const bytes = <usize> size << 2
  const last = word(row, COUNT) - 1
  const bases = pointer(row, BASE)
  const local = pointer(row, LOCAL)
  const scaling = pointer(row, SCALING)
  const weights = pointer(row, VARIABLE)
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const toX = pointer(row, TO_X)
  const u = entry(scratch, size)
  const work = entry(u, size)
  for (let first = begin; first < end; first += 4) {
    const lanes = min(4, last + 1 - first)
    const o0 = <usize> first * bytes
    const o1 = <usize> min(first + 1, last) * bytes
    const o2 = <usize> min(first + 2, last) * bytes
    const o3 = <usize> min(first + 3, last) * bytes
    collect(x + o0, x + o1, x + o2, x + o3, local, size, scratch)
    if (form !== given) {
      collect(d + o0, d + o1, d + o2, d + o3, local, size, u)
      const factor = ofOwners(factors, pointer(row, OWNERS), first, last)
      for (let e = 0; e < size; e++) {
        const at = entry(scratch, e)
        v128.store(at, v128.add<f32>(v128.load(at), v128.mul<f32>(factor, v128.load(entry(u, e)))))
      }
      if (form === unit) unitLength(scratch, rows, columns)
      else if (form === stiefel) orthonormalize(scratch, rows, columns)
      deliver(scratch, toX + o0, toX + o1, toX + o2, toX + o3, lanes, local, size)
      if (form >= unit && pointer(row, MOMENTUM) !== 0) {
        tangent(form, scratch, u, rows, columns, work)
        deliver(u, d + o0, d + o1, d + o2, d + o3, lanes, local, size)
      }
    }
    if (scaling !== 0) {
      const factor = perMatrix(scaling, first, last)
      for (let e = 0; e < size; e++) {
        const at = entry(scratch, e)
        v128.store(at, v128.mul<f32>(factor, v128.load(at)))
      }
    }
    deliver(
      scratch,
      weights + load<u32>(bases + (<usize> first << 2)),
      weights + load<u32>(bases + (<usize> min(first + 1, last) << 2)),
      weights + load<u32>(bases + (<usize> min(first + 2, last) << 2)),
      weights + load<u32>(bases + (<usize> min(first + 3, last) << 2)),
      lanes,
      pointer(row, DELTA),
      size
    )
  }
}

/** The same for pieces of a flat Euclidean leaf, whose directions are transported as they are. */
function moveFlat(row: usize, begin: i32, end: i32, factors: usize): void {
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const toX = pointer(row, TO_X)
  const weights = pointer(row, VARIABLE)
  const scaling = pointer(row, SCALING)
  const factor = v128.load_splat<f32>(factors + (<usize> load<u32>(pointer(row, OWNERS)) << 2))
  const scale = scaling === 0 ? f32x4.splat(1) : v128.load_splat<f32>(scaling)
  const to = <usize> min(word(row, SIZE), end * piece) << 2
  let at = <usize> begin * piece << 2
  for (; at + 16 <= to; at += 16) {
    const value = v128.add<f32>(v128.load(x + at), v128.mul<f32>(factor, v128.load(d + at)))
    v128.store(toX + at, value)
    v128.store(weights + at, v128.mul<f32>(scale, value))
  }
  for (; at < to; at += 4) {
    const value = v128.add<f32>(v128.load32_zero(x + at), v128.mul<f32>(factor, v128.load32_zero(d + at)))
    v128.store_lane<f32>(toX + at, value, 0)
    v128.store_lane<f32>(weights + at, v128.mul<f32>(scale, value), 0)
  }
}

/** Second sweep, of the shares `begin` … `end` − 1 of `parts` of every leaf: retraction, transport, rescaling. */
export function stepMove(
  table: usize,
  leaves: i32,
  factors: usize,
  scratch: usize,
  parts: i32,
  begin: i32,
  end: i32
): void {
  for (let leaf = 0; leaf < leaves; leaf++) {
    const row = table + <usize> leaf * rowBytes
    const count = word(row, COUNT)
    if (count === 0) {
      const all = pieces(row)
      moveFlat(row, all * begin / parts, all * end / parts, factors)
    } else {
      moveMatrices(row, shareOf(count, begin, parts), shareOf(count, end, parts), factors, scratch)
    }
  }
}
