// The formulas of manifolds on four matrices side by side, in registers where there is such a version.
import { stiefel, unit } from "./contract"
import { rowsAtOnce, stiefelTangent, unitTangent, unitTangents } from "./lanes"
import { orthonormalize, unitLength, unitLengths } from "./orthonormal"
import {
  freeTangent9,
  obliqueLength3,
  obliqueTangent3,
  orthonormalize3,
  sphereLength9,
  sphereTangent9,
  stiefelTangent3
} from "./threes"

/** The tangent parts of the vectors from u on at the points x … end − 1; `work` has room for columns² vectors. */
export function tangent(
  form: i32,
  x: usize,
  u: usize,
  end: usize,
  rows: i32,
  columns: i32,
  transposed: bool,
  work: usize
): void {
  const next = <usize> (rows * columns) << 4
  const down = transposed ? 1 : columns
  const across = transposed ? rows : 1
  const sphere = rows === 9 && columns === 1
  const square = rows === 3 && columns === 3 && !transposed
  const toU = u - x
  const one = f32x4.splat(1)
  let first = x
  if (form === unit && !sphere && !square && rows <= rowsAtOnce) {
    for (; first + 4 * next <= end; first += 4 * next) {
      unitTangents(first, first + toU, next, rows, columns, down, across)
    }
  }
  for (let at = first; at < end; at += next) {
    if (form === unit) {
      if (sphere) sphereTangent9(at, at + toU, 16, one, one, 0, at + toU)
      else if (square) obliqueTangent3(at, at + toU, 16, one, one, 0, at + toU)
      else unitTangent(at, at + toU, rows, columns, down, across)
    } else if (form === stiefel) {
      if (square) stiefelTangent3(at, at + toU, 16, one, one, 0, at + toU)
      else stiefelTangent(at, at + toU, rows, columns, down, across, work)
    }
  }
}

/** y … end − 1 brought to the manifold: the end of a retraction. */
export function retracted(form: i32, y: usize, end: usize, rows: i32, columns: i32, transposed: bool): void {
  const next = <usize> (rows * columns) << 4
  const down = transposed ? 1 : columns
  const across = transposed ? rows : 1
  const sphere = rows === 9 && columns === 1
  const square = rows === 3 && columns === 3 && !transposed
  let first = y
  if (form === unit && !sphere && !square && rows <= rowsAtOnce) {
    for (; first + 4 * next <= end; first += 4 * next) unitLengths(first, next, rows, columns, down, across)
  }
  for (let at = first; at < end; at += next) {
    if (form === unit) {
      if (sphere) sphereLength9(at)
      else if (square) obliqueLength3(at)
      else unitLength(at, rows, columns, down, across)
    } else if (form === stiefel) {
      if (square) orthonormalize3(at)
      else orthonormalize(at, rows, columns, down, across)
    }
  }
}

/** Whether there is a version for nine entries. */
export function inRegisters(form: i32, rows: i32, columns: i32, transposed: bool): bool {
  if (rows * columns !== 9) return false
  const square = columns === 3 && !transposed
  return form === stiefel ? square : form !== unit || columns === 1 || square
}

/**
 * The tangent parts at four points of ℜ·u, whose vectors lie so many bytes apart, with θ times a momentum added where
 * there is one. The squared norm of each of the four.
 */
export function tangentOfNine(
  form: i32,
  columns: i32,
  x: usize,
  u: usize,
  apart: usize,
  factor: v128,
  theta: v128,
  momentum: usize,
  to: usize
): v128 {
  if (form === stiefel) return stiefelTangent3(x, u, apart, factor, theta, momentum, to)
  if (form !== unit) return freeTangent9(u, apart, factor, theta, momentum, to)
  return columns === 1
    ? sphereTangent9(x, u, apart, factor, theta, momentum, to)
    : obliqueTangent3(x, u, apart, factor, theta, momentum, to)
}
