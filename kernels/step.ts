// AssemblyScript, compiled by scripts/build-kernels.ts: the step of FG-SGD over all leaves of a network's weights, in
// two sweeps with the step sizes of the POMs between them. Four matrices at a time, one in every lane; see stack.ts and
// formulas.ts.
//
// Every leaf has a row of 32-bit words; see contract.ts.
import {
  BASE,
  CHUNK,
  COLUMNS,
  COUNT,
  DIRECTION,
  FORM,
  given,
  MOMENTUM,
  OWNERS,
  rowBytes,
  ROWS,
  SCALING,
  SIZE,
  slices,
  STRIDE,
  TO_X,
  TRANSPOSED,
  unit,
  VARIABLE,
  X
} from "./contract"
import { inRegisters, retracted, tangent, tangentOfNine } from "./formulas"
import { along, entry, remember } from "./lanes"
import { alongNine, spreadNine } from "./nine"
import {
  addSquares,
  addTo,
  adjacent,
  factorsOf,
  fromVariable,
  ofOwners,
  pointer,
  toVariable,
  word,
  wordsOf
} from "./rows"
import { finish, fourOf, fromLanes, roomFor, toLanes } from "./stack"
import { inBlocks, moveBlocks } from "./units"
import { madd } from "./vectors"

/** A flat leaf is cut at multiples of so many entries. */
const piece = 1024

/**
 * ℜ·(g + decay·ℜx).
 *
 * @inline
 */
function decayed(g: v128, x: v128, scaling: v128, decay: v128): v128 {
  return v128.mul<f32>(
    scaling,
    v128.add<f32>(g, v128.mul<f32>(decay, v128.mul<f32>(scaling, x)))
  )
}

/** Gradients of the matrices `begin` … `end` − 1 of a leaf whose manifold's own operations do the rest, as a stack. */
function bring(row: usize, begin: i32, end: i32, decay: f32, scratch: usize): void {
  const count = word(row, COUNT)
  const size = word(row, ROWS) * word(row, COLUMNS)
  const bytes = <usize> size << 2
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const bases = pointer(row, BASE)
  const scaling = pointer(row, SCALING)
  const lanesOfX = entry(scratch, size)
  const spare = entry(lanesOfX, size)
  for (let first = begin; first < end; first += 4) {
    const factor = factorsOf(scaling, first, count)
    fromVariable(row, wordsOf(bases, first, count), size, factor, scratch)
    if (decay !== 0) {
      toLanes(fourOf(x, first, count, bytes, spare), bytes, size, lanesOfX)
      along(scratch, lanesOfX, decayOf(factor, decay), size, scratch)
    }
    fromLanes(scratch, bytes, size, roomFor(d, first, count, bytes, spare))
    finish(d, first, count, bytes, spare)
  }
}

/**
 * ℜ²·decay.
 *
 * @inline
 */
function decayOf(factor: v128, decay: f32): v128 {
  return v128.mul<f32>(v128.mul<f32>(factor, factor), f32x4.splat(decay))
}

/**
 * Direction of the matrices `begin` … `end` − 1 of a leaf, every four of which lie side by side from x, m and d on;
 * their squared norms are added to those of their POMs.
 */
function directLanes(
  row: usize,
  begin: i32,
  end: i32,
  x: usize,
  m: usize,
  d: usize,
  theta: v128,
  decay: f32,
  sums: usize,
  work: usize
): void {
  const form = word(row, FORM)
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const count = word(row, COUNT)
  const size = rows * columns
  const bases = pointer(row, BASE)
  const scaling = pointer(row, SCALING)
  const owners = pointer(row, OWNERS)
  const chunk = word(row, CHUNK)
  const next = entry(0, size)
  const toX = x - d
  const toM = m - d
  let at = d
  for (let start = begin; start < end; start += chunk) {
    const stop = min(end, start + chunk)
    let to = at
    for (let first = start; first < stop; first += 4) {
      const factor = factorsOf(scaling, first, count)
      fromVariable(row, wordsOf(bases, first, count), size, factor, to)
      if (decay !== 0) along(to, to + toX, decayOf(factor, decay), size, to)
      to += next
    }
    tangent(form, at + toX, at, at + toX + (to - at), rows, columns, word(row, TRANSPOSED) !== 0, work)
    for (let first = start; first < stop; first += 4) {
      const squares = remember(at, theta, m === 0 ? 0 : at + toM, size)
      addSquares(squares, wordsOf(owners, first, count), min(4, count - first), sums)
      at += next
    }
  }
}

/** The same for matrices of nine entries without weight decay, in registers, where there are formulas for them. */
function directNine(
  row: usize,
  begin: i32,
  end: i32,
  x: usize,
  m: usize,
  d: usize,
  theta: v128,
  sums: usize,
  work: usize
): void {
  const form = word(row, FORM)
  const columns = word(row, COLUMNS)
  const count = word(row, COUNT)
  const bases = pointer(row, BASE)
  const scaling = pointer(row, SCALING)
  const owners = pointer(row, OWNERS)
  const variable = pointer(row, VARIABLE)
  const stride = pointer(row, STRIDE)
  let at: usize = 0
  for (let first = begin; first < end; first += 4) {
    const base = wordsOf(bases, first, count)
    let factor = factorsOf(scaling, first, count)
    let u = variable + <usize> i32x4.extract_lane(base, 0)
    let apart = stride
    if (stride === 0 || !adjacent(base)) {
      fromVariable(row, base, 9, factor, work)
      factor = f32x4.splat(1)
      u = work
      apart = 16
    }
    const squares = tangentOfNine(form, columns, x + at, u, apart, factor, theta, m === 0 ? 0 : m + at, d + at)
    addSquares(squares, wordsOf(owners, first, count), min(4, count - first), sums)
    at += 144
  }
}

/** Either. */
function directFrom(
  row: usize,
  begin: i32,
  end: i32,
  x: usize,
  m: usize,
  d: usize,
  theta: v128,
  decay: f32,
  sums: usize,
  work: usize
): void {
  const nine = inRegisters(word(row, FORM), word(row, ROWS), word(row, COLUMNS), word(row, TRANSPOSED) !== 0)
  if (nine && decay === 0) directNine(row, begin, end, x, m, d, theta, sums, work)
  else directLanes(row, begin, end, x, m, d, theta, decay, sums, work)
}

/** Direction of the matrices `begin` … `end` − 1 of a leaf. */
function direct(row: usize, begin: i32, end: i32, theta: v128, decay: f32, sums: usize, scratch: usize): void {
  if (word(row, FORM) === given) {
    bring(row, begin, end, decay, scratch)
    return
  }
  if (begin >= end) return
  const count = word(row, COUNT)
  const size = word(row, ROWS) * word(row, COLUMNS)
  const bytes = <usize> size << 2
  const x = pointer(row, X)
  const m = pointer(row, MOMENTUM)
  const d = pointer(row, DIRECTION)
  const next = entry(0, size)
  const work = scratch + 3 * next
  const rest = min(end, count & ~3)
  const from = <usize> begin * bytes
  directFrom(row, begin, rest, x + from, m === 0 ? 0 : m + from, d + from, theta, decay, sums, work)
  if (rest >= end) return
  toLanes(fourOf(x, rest, count, bytes, work), bytes, size, scratch)
  if (m !== 0) toLanes(fourOf(m, rest, count, bytes, work), bytes, size, scratch + next)
  const to = scratch + 2 * next
  directFrom(row, rest, end, scratch, m === 0 ? 0 : scratch + next, to, theta, decay, sums, work)
  fromLanes(to, bytes, size, work)
  finish(d, rest, count, bytes, work)
}

/** The same for pieces of a flat Euclidean leaf. */
function directFlat(row: usize, begin: i32, end: i32, theta: v128, decay: v128, sums: usize): void {
  const size = word(row, SIZE)
  const x = pointer(row, X)
  const g = pointer(row, VARIABLE)
  const m = pointer(row, MOMENTUM)
  const d = pointer(row, DIRECTION)
  const scaling = pointer(row, SCALING)
  const pom = load<i32>(pointer(row, OWNERS))
  const factor = scaling === 0 ? f32x4.splat(1) : v128.load_splat<f32>(scaling)
  for (let part = begin; part < end; part++) {
    const to = min(size, (part + 1) * piece)
    let squares = f32x4.splat(0)
    let at = <usize> part * piece << 2
    const whole = <usize> (to & ~3) << 2
    for (; at < whole; at += 16) {
      let value = decayed(v128.load(g + at), v128.load(x + at), factor, decay)
      if (m !== 0) value = madd(theta, v128.load(m + at), value)
      v128.store(d + at, value)
      squares = madd(value, value, squares)
    }
    for (; at < <usize> to << 2; at += 4) {
      let value = decayed(v128.load32_zero(g + at), v128.load32_zero(x + at), factor, decay)
      if (m !== 0) value = madd(theta, v128.load32_zero(m + at), value)
      v128.store_lane<f32>(d + at, value, 0)
      squares = madd(value, value, squares)
    }
    addTo(
      sums,
      pom,
      (f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1)) +
        (f32x4.extract_lane(squares, 2) + f32x4.extract_lane(squares, 3))
    )
  }
}

function pieces(row: usize): i32 {
  return (word(row, SIZE) + piece - 1) / piece
}

/** Where a slice begins among so many matrices: always at a multiple of four. */
function sliceOf(count: i32, slice: i32): i32 {
  return min(count, ((count + 3) >> 2) * slice / slices << 2)
}

/**
 * First sweep, of the slices `begin` … `end` − 1 of every leaf: Euclidean gradient, projection, momentum. The squared
 * norms of the POMs go to `sums`, in double precision, for every slice by itself.
 */
export function stepDirection(
  table: usize,
  leaves: i32,
  theta: f32,
  decay: f32,
  poms: i32,
  sums: usize,
  begin: i32,
  end: i32,
  scratch: usize
): void {
  const sliceBytes = <usize> poms << 3
  memory.fill(sums + <usize> begin * sliceBytes, 0, <usize> (end - begin) * sliceBytes)
  for (let leaf = 0; leaf < leaves; leaf++) {
    const row = table + <usize> leaf * rowBytes
    const count = word(row, COUNT)
    for (let slice = begin; slice < end; slice++) {
      const to = sums + <usize> slice * sliceBytes
      if (count === 0) {
        const all = pieces(row)
        const from = all * slice / slices
        directFlat(row, from, all * (slice + 1) / slices, f32x4.splat(theta), f32x4.splat(decay), to)
      } else {
        direct(row, sliceOf(count, slice), sliceOf(count, slice + 1), f32x4.splat(theta), decay, to, scratch)
      }
    }
  }
}

/** Between the sweeps, on one thread: the squared norm of every POM. */
export function stepSquares(sums: usize, poms: i32, out: usize): void {
  for (let pom = 0; pom < poms; pom++) {
    let sum: f64 = 0
    for (let slice = 0; slice < slices; slice++) sum += load<f64>(sums + (<usize> (slice * poms + pom) << 3))
    store<f32>(out + (<usize> pom << 2), <f32> sum)
  }
}

/** Weights of the matrices `begin` … `end` − 1 of a leaf that was moved already, from a stack. */
function take(row: usize, begin: i32, end: i32, scratch: usize): void {
  const count = word(row, COUNT)
  const size = word(row, ROWS) * word(row, COLUMNS)
  const bytes = <usize> size << 2
  const spare = entry(scratch, size)
  for (let first = begin; first < end; first += 4) {
    toLanes(fourOf(pointer(row, X), first, count, bytes, spare), bytes, size, scratch)
    const factor = factorsOf(pointer(row, SCALING), first, count)
    toVariable(row, wordsOf(pointer(row, BASE), first, count), size, factor, scratch)
  }
}

/**
 * Retraction of the matrices `begin` … `end` − 1 of a leaf, every four of which lie side by side from x, d and y on,
 * transport of their directions in place, and their weights.
 */
function moveLanes(
  row: usize,
  begin: i32,
  end: i32,
  x: usize,
  d: usize,
  y: usize,
  factors: usize,
  work: usize
): void {
  const form = word(row, FORM)
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const count = word(row, COUNT)
  const size = rows * columns
  const transposed = word(row, TRANSPOSED) !== 0
  const bases = pointer(row, BASE)
  const owners = pointer(row, OWNERS)
  const scaling = pointer(row, SCALING)
  const variable = pointer(row, VARIABLE)
  const stride = pointer(row, STRIDE)
  const chunk = word(row, CHUNK)
  const next = entry(0, size)
  const toX = x - y
  const toD = d - y
  const transports = form >= unit && pointer(row, MOMENTUM) !== 0
  let at = y
  for (let start = begin; start < end; start += chunk) {
    const stop = min(end, start + chunk)
    let to = at
    for (let first = start; first < stop; first += 4) {
      const factor = ofOwners(factors, wordsOf(owners, first, count))
      if (size === 9) alongNine(to + toX, to + toD, factor, to)
      else along(to + toX, to + toD, factor, size, to)
      to += next
    }
    retracted(form, at, to, rows, columns, transposed)
    if (transports) tangent(form, at, at + toD, to, rows, columns, transposed, work)
    for (let first = start; first < stop; first += 4) {
      const base = wordsOf(bases, first, count)
      const factor = factorsOf(scaling, first, count)
      if (size === 9 && stride !== 0 && adjacent(base)) {
        spreadNine(at, factor, variable + <usize> i32x4.extract_lane(base, 0), stride)
      } else toVariable(row, base, size, factor, at)
      at += next
    }
  }
}

/** Blocks first where there are some. */
function moveFrom(
  row: usize,
  begin: i32,
  end: i32,
  x: usize,
  d: usize,
  y: usize,
  factors: usize,
  work: usize
): void {
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const blocks = inBlocks(word(row, FORM), rows, columns, word(row, TRANSPOSED) !== 0)
  const left = blocks ? moveBlocks(row, begin, end, x, d, y, factors) : begin
  const done = <usize> ((left - begin) * rows * columns) << 2
  moveLanes(row, left, end, x + done, d + done, y + done, factors, work)
}

/** The same, from one end of a leaf to the other. */
function moveMatrices(row: usize, begin: i32, end: i32, factors: usize, scratch: usize): void {
  if (word(row, FORM) === given) {
    take(row, begin, end, scratch)
    return
  }
  if (begin >= end) return
  const count = word(row, COUNT)
  const size = word(row, ROWS) * word(row, COLUMNS)
  const bytes = <usize> size << 2
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const toX = pointer(row, TO_X)
  const next = entry(0, size)
  const work = scratch + 3 * next
  const rest = min(end, count & ~3)
  const from = <usize> begin * bytes
  moveFrom(row, begin, rest, x + from, d + from, toX + from, factors, work)
  if (rest >= end) return
  const y = scratch + next
  const v = y + next
  toLanes(fourOf(x, rest, count, bytes, work), bytes, size, scratch)
  toLanes(fourOf(d, rest, count, bytes, work), bytes, size, v)
  moveLanes(row, rest, end, scratch, v, y, factors, work)
  fromLanes(y, bytes, size, work)
  finish(toX, rest, count, bytes, work)
  fromLanes(v, bytes, size, work)
  finish(d, rest, count, bytes, work)
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
    const value = madd(factor, v128.load(d + at), v128.load(x + at))
    v128.store(toX + at, value)
    v128.store(weights + at, v128.mul<f32>(scale, value))
  }
  for (; at < to; at += 4) {
    const value = madd(factor, v128.load32_zero(d + at), v128.load32_zero(x + at))
    v128.store_lane<f32>(toX + at, value, 0)
    v128.store_lane<f32>(weights + at, v128.mul<f32>(scale, value), 0)
  }
}

/** Second sweep, of the slices `begin` … `end` − 1 of every leaf: retraction, transport, rescaling. */
export function stepMove(table: usize, leaves: i32, factors: usize, begin: i32, end: i32, scratch: usize): void {
  for (let leaf = 0; leaf < leaves; leaf++) {
    const row = table + <usize> leaf * rowBytes
    const count = word(row, COUNT)
    if (count === 0) {
      const all = pieces(row)
      moveFlat(row, all * begin / slices, all * end / slices, factors)
    } else {
      moveMatrices(row, sliceOf(count, begin), sliceOf(count, end), factors, scratch)
    }
  }
}
