// AssemblyScript, compiled by scripts/build-kernels.ts: operations of manifolds on stacks of matrices [count][rows][columns]. Four
// matrices at a time, one in every lane of a vector; scratch holds their entries side by side.

const tiny: f32 = 1e-30

/** Entries of the matrices from `first` on, one matrix a lane; lanes beyond the last repeat it. */
function gather(from: usize, first: i32, count: i32, size: i32, to: usize): void {
  const last = count - 1
  const bytes = <usize> size << 2
  let a = from + <usize> first * bytes
  let b = from + <usize> min(first + 1, last) * bytes
  let c = from + <usize> min(first + 2, last) * bytes
  let d = from + <usize> min(first + 3, last) * bytes
  let at = to
  for (let e = 0; e < size; e++) {
    store<f32>(at, load<f32>(a))
    store<f32>(at, load<f32>(b), 4)
    store<f32>(at, load<f32>(c), 8)
    store<f32>(at, load<f32>(d), 12)
    a += 4
    b += 4
    c += 4
    d += 4
    at += 16
  }
}

function scatter(from: usize, to: usize, first: i32, count: i32, size: i32): void {
  const bytes = <usize> size << 2
  const lanes = min(4, count - first)
  for (let lane = 0; lane < lanes; lane++) {
    let at = from + (<usize> lane << 2)
    let out = to + <usize> (first + lane) * bytes
    for (let e = 0; e < size; e++) {
      store<f32>(out, load<f32>(at))
      at += 16
      out += 4
    }
  }
}

// @ts-ignore: decorator

function entry(at: usize, index: i32): usize {
  return at + (<usize> index << 4)
}

/** Σᵢ x[i, j]·y[i, k] over the rows. */
function dot(x: usize, j: i32, y: usize, k: i32, rows: i32, columns: i32): v128 {
  const step = <usize> columns << 4
  let a = entry(x, j)
  let b = entry(y, k)
  let sum = f32x4.splat(0)
  for (let i = 0; i < rows; i++) {
    sum = v128.add<f32>(sum, v128.mul<f32>(v128.load(a), v128.load(b)))
    a += step
    b += step
  }
  return sum
}

/** u[:, k] −= x[:, j]·factor. */
function subtract(x: usize, j: i32, factor: v128, u: usize, k: i32, rows: i32, columns: i32): void {
  const step = <usize> columns << 4
  let a = entry(x, j)
  let b = entry(u, k)
  for (let i = 0; i < rows; i++) {
    v128.store(b, v128.sub<f32>(v128.load(b), v128.mul<f32>(v128.load(a), factor)))
    a += step
    b += step
  }
}

/** u[:, j] /= length. */
function divide(u: usize, j: i32, length: v128, rows: i32, columns: i32): void {
  const step = <usize> columns << 4
  let at = entry(u, j)
  for (let i = 0; i < rows; i++) {
    v128.store(at, v128.div<f32>(v128.load(at), length))
    at += step
  }
}

/** u + v, entry by entry. */
function sum(u: usize, v: usize, size: i32): void {
  for (let e = 0; e < size; e++) {
    const at = entry(u, e)
    v128.store(at, v128.add<f32>(v128.load(at), v128.load(entry(v, e))))
  }
}

/** Columns of norm 1: U − X ddiag(XᵀU). */
export function unitProject(x: usize, u: usize, out: usize, count: i32, rows: i32, columns: i32, scratch: usize): void {
  const size = rows * columns
  const y = entry(scratch, size)
  for (let first = 0; first < count; first += 4) {
    gather(x, first, count, size, scratch)
    gather(u, first, count, size, y)
    for (let j = 0; j < columns; j++) {
      subtract(scratch, j, dot(scratch, j, y, j, rows, columns), y, j, rows, columns)
    }
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
    for (let j = 0; j < columns; j++) {
      divide(y, j, v128.sqrt<f32>(dot(y, j, y, j, rows, columns)), rows, columns)
    }
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
  const s = entry(y, size)
  for (let first = 0; first < count; first += 4) {
    gather(x, first, count, size, scratch)
    gather(u, first, count, size, y)
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < columns; k++) {
        v128.store(entry(s, j * columns + k), dot(scratch, j, y, k, rows, columns))
      }
    }
    const half = f32x4.splat(0.5)
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < columns; k++) {
        const both = v128.add<f32>(v128.load(entry(s, j * columns + k)), v128.load(entry(s, k * columns + j)))
        subtract(scratch, j, v128.mul<f32>(both, half), y, k, rows, columns)
      }
    }
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
    for (let j = 0; j < columns; j++) {
      const length = v128.sqrt<f32>(dot(y, j, y, j, rows, columns))
      divide(y, j, v128.max<f32>(length, f32x4.splat(tiny)), rows, columns)
      for (let k = j + 1; k < columns; k++) subtract(y, j, dot(y, j, y, k, rows, columns), y, k, rows, columns)
    }
    scatter(y, out, first, count, size)
  }
}
