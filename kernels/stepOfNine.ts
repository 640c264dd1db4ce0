// Both sweeps over a leaf of matrices of nine entries, which most kernels of convolutions are: without loops over
// entries, and with as few ways through memory as there may be, for what is written bounds the time.
import {
  BASE,
  CHUNK,
  COLUMNS,
  DIRECTION,
  FORM,
  given,
  MOMENTUM,
  OWNERS,
  SCALING,
  STRIDE,
  TO_X,
  unit,
  VARIABLE,
  X
} from "./contract"
import { retracted, tangentOfNine } from "./formulas"
import { nineAdvanced, nineToLanes, nineToPlanes, nineToStack } from "./nine"
import {
  addSquares,
  adjacent,
  advance,
  factorsOf,
  fromVariable,
  ofOwners,
  pointer,
  toVariable,
  word
} from "./rows"

/** Bytes of four matrices, in a stack as well as side by side; and of four words. */
const group: usize = 144
const four: usize = 16

/**
 * Direction of the matrices `begin` … `end` − 1 of a leaf, a multiple of four; their squared norms are added to those
 * of their POMs.
 */
export function directNine(
  row: usize,
  begin: i32,
  end: i32,
  theta: v128,
  decay: f32,
  sums: usize,
  scratch: usize
): void {
  const form = word(row, FORM)
  const columns = word(row, COLUMNS)
  const bases = pointer(row, BASE)
  const scaling = pointer(row, SCALING)
  const momentum = form === given ? 0 : pointer(row, MOMENTUM)
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const owners = pointer(row, OWNERS)
  const variable = pointer(row, VARIABLE)
  const stride = pointer(row, STRIDE)
  const chunk = word(row, CHUNK) >> 2
  const work = scratch + group * chunk
  const needsX = form >= unit || decay !== 0
  for (let start = begin >> 2; start < end >> 2; start += chunk) {
    const stop = min(end >> 2, start + chunk)
    if (needsX) {
      let to = scratch
      for (let i = <usize> start; i < <usize> stop; i++) {
        nineToLanes(x + i * group, to)
        to += group
      }
    }
    let at = scratch
    for (let i = <usize> start; i < <usize> stop; i++) {
      const base = v128.load(bases + i * four)
      let factor = scaling === 0 ? f32x4.splat(1) : v128.load(scaling + i * four)
      let u = variable + <usize> i32x4.extract_lane(base, 0)
      let apart = stride
      if (decay !== 0 || stride === 0 || !adjacent(base)) {
        fromVariable(row, base, 9, factor, work)
        if (decay !== 0) advance(work, at, v128.mul<f32>(v128.mul<f32>(factor, factor), f32x4.splat(decay)), 9)
        factor = f32x4.splat(1)
        u = work
        apart = four
      }
      const before = momentum === 0 ? 0 : momentum + i * group
      const squares = tangentOfNine(form, columns, at, u, apart, factor, d + i * group, theta, before)
      if (form !== given) addSquares(squares, v128.load(owners + i * four), 4, sums)
      at += group
    }
  }
}

/**
 * Retraction of the matrices `begin` … `end` − 1 of a leaf, a multiple of four, transport of their directions in place,
 * and their weights.
 */
export function moveNine(row: usize, begin: i32, end: i32, factors: usize, scratch: usize): void {
  const form = word(row, FORM)
  const columns = word(row, COLUMNS)
  const bases = pointer(row, BASE)
  const owners = pointer(row, OWNERS)
  const scaling = pointer(row, SCALING)
  const x = pointer(row, X)
  const d = pointer(row, DIRECTION)
  const toX = pointer(row, TO_X)
  const variable = pointer(row, VARIABLE)
  const stride = pointer(row, STRIDE)
  const chunk = word(row, CHUNK) >> 2
  const toV = group * chunk
  const transports = form >= unit && pointer(row, MOMENTUM) !== 0
  const one = f32x4.splat(1)
  for (let start = begin >> 2; start < end >> 2; start += chunk) {
    const stop = min(end >> 2, start + chunk)
    let y = scratch
    for (let i = <usize> start; i < <usize> stop; i++) {
      if (form === given) nineToLanes(x + i * group, y)
      else nineAdvanced(x + i * group, d + i * group, ofOwners(factors, v128.load(owners + i * four)), y, toV)
      y += group
    }
    retracted(form, scratch, y, 9 / columns, columns, false)
    y = scratch
    for (let i = <usize> start; i < <usize> stop; i++) {
      if (form !== given) nineToStack(y, toX + i * group)
      if (transports) tangentOfNine(form, columns, y, y + toV, four, one, d + i * group, one, 0)
      const base = v128.load(bases + i * four)
      const factor = scaling === 0 ? one : v128.load(scaling + i * four)
      if (stride !== 0 && adjacent(base)) {
        nineToPlanes(y, factor, variable + <usize> i32x4.extract_lane(base, 0), stride)
      } else toVariable(row, base, 9, factor, y)
      y += group
    }
  }
}
