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
  TO_X,
  TRANSPOSED,
  unit,
  VARIABLE,
  X
} from "./contract"
import { inRegisters, retracted, tangent } from "./formulas"
import { entry } from "./lanes"
import { addSquares, addTo, advance, factorsOf, fromVariable, ofOwners, pointer, toVariable, word, wordsOf } from "./rows"
import { finish, fourOf, fromLanes, fromLanesWith, roomFor, toLanes } from "./stack"
import { directNine, moveNine } from "./stepOfNine"
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

/** Direction of the matrices `begin` … `end` − 1 of a leaf; their squared norms are added to those of their POMs. */
function direct(row: usize, begin: i32, end: i32, theta: v128, decay: f32, sums: usize, scratch: usize): void {
  const form = word(row, FORM)
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const count = word(row, COUNT)
  const size = rows * columns
  const bytes = <usize> size << 2
  const transposed = word(row, TRANSPOSED) !== 0
  const bases = pointer(row, BASE)
  const scaling = pointer(row, SCALING)
  const momentum = form === given ? 0 : pointer(row, MOMENTUM)
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const owners = pointer(row, OWNERS)
  const chunk = word(row, CHUNK)
  const next = entry(0, size)
  const u = entry(scratch, size * (chunk >> 2))
  const work = entry(u, size * (chunk >> 2))
  const needsX = form >= unit || decay !== 0
  for (let start = begin; start < end; start += chunk) {
    const stop = min(end, start + chunk)
    let to = u
    for (let first = start; first < stop; first += 4) {
      const atX = scratch + (to - u)
      if (needsX) toLanes(fourOf(x, first, count, bytes, work), bytes, size, atX)
      const factor = factorsOf(scaling, first, count)
      fromVariable(row, wordsOf(bases, first, count), size, factor, to)
      if (decay !== 0) advance(to, atX, v128.mul<f32>(v128.mul<f32>(factor, factor), f32x4.splat(decay)), size)
      to += next
    }
    tangent(form, scratch, u, scratch + (to - u), rows, columns, transposed, work)
    to = u
    for (let first = start; first < stop; first += 4) {
      const before = momentum === 0 ? 0 : fourOf(momentum, first, count, bytes, scratch)
      const squares = fromLanesWith(to, bytes, size, theta, before, roomFor(d, first, count, bytes, work))
      finish(d, first, count, bytes, work)
      if (form !== given) addSquares(squares, wordsOf(owners, first, count), min(4, count - first), sums)
      to += next
    }
  }
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

/** Whether registers hold the matrices of a leaf. */
function ofNine(row: usize): bool {
  return inRegisters(word(row, FORM), word(row, ROWS), word(row, COLUMNS), word(row, TRANSPOSED) !== 0)
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
        const from = sliceOf(count, slice)
        const until = sliceOf(count, slice + 1)
        const rest = ofNine(row) ? min(until, count & ~3) : from
        directNine(row, from, rest, f32x4.splat(theta), decay, to, scratch)
        direct(row, rest, until, f32x4.splat(theta), decay, to, scratch)
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

/**
 * Retraction of the matrices `begin` … `end` − 1 of a leaf, transport of their directions in place, and their weights.
 */
function moveMatrices(row: usize, begin: i32, end: i32, factors: usize, scratch: usize): void {
  const form = word(row, FORM)
  const rows = word(row, ROWS)
  const columns = word(row, COLUMNS)
  const count = word(row, COUNT)
  const size = rows * columns
  const bytes = <usize> size << 2
  const transposed = word(row, TRANSPOSED) !== 0
  const bases = pointer(row, BASE)
  const owners = pointer(row, OWNERS)
  const scaling = pointer(row, SCALING)
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const toX = pointer(row, TO_X)
  const chunk = word(row, CHUNK)
  const next = entry(0, size)
  const u = entry(scratch, size * (chunk >> 2))
  const work = entry(u, size * (chunk >> 2))
  const transports = form >= unit && pointer(row, MOMENTUM) !== 0
  for (let start = begin; start < end; start += chunk) {
    const stop = min(end, start + chunk)
    let y = scratch
    for (let first = start; first < stop; first += 4) {
      toLanes(fourOf(x, first, count, bytes, work), bytes, size, y)
      if (form !== given) {
        const v = u + (y - scratch)
        toLanes(fourOf(d, first, count, bytes, work), bytes, size, v)
        advance(y, v, ofOwners(factors, wordsOf(owners, first, count)), size)
      }
      y += next
    }
    retracted(form, scratch, y, rows, columns, transposed)
    if (transports) tangent(form, scratch, u, y, rows, columns, transposed, work)
    y = scratch
    for (let first = start; first < stop; first += 4) {
      if (form !== given) {
        fromLanes(y, bytes, size, roomFor(toX, first, count, bytes, work))
        finish(toX, first, count, bytes, work)
      }
      if (transports) {
        fromLanes(u + (y - scratch), bytes, size, roomFor(d, first, count, bytes, work))
        finish(d, first, count, bytes, work)
      }
      toVariable(row, wordsOf(bases, first, count), size, factorsOf(scaling, first, count), y)
      y += next
    }
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
      const from = sliceOf(count, begin)
      const until = sliceOf(count, end)
      const rest = ofNine(row) ? min(until, count & ~3) : from
      moveNine(row, from, rest, factors, scratch)
      moveMatrices(row, rest, until, factors, scratch)
    }
  }
}
