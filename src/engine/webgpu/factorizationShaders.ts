/**
 * WGSL of factorizations. Every matrix is worked on in place, by one invocation or by a workgroup of them; pairs of
 * columns rotate in the rounds of a tournament, in which each meets each other once and no column has two partners at a
 * time.
 */
import { workgroup } from "./uniforms.ts"

/** Columns p < q that meet in a round, as pair number i; a column without a partner meets number `columns`. */
const tournament = `
  fn seated(i : i32, round : i32, seats : i32) -> i32 {
    if (i == 0) { return 0; }
    return 1 + (i - 1 + round) % (seats - 1);
  }
  fn pairOf(i : i32, round : i32, columns : i32) -> vec2<i32> {
    let seats = columns + columns % 2;
    let a = seated(i, round, seats);
    let b = seated(seats - 1 - i, round, seats);
    return vec2<i32>(min(a, b), max(a, b));
  }
  fn partner(column : i32, round : i32, columns : i32) -> i32 {
    let seats = columns + columns % 2;
    // The seat of this column in this round, then the one opposite.
    var seat = 0;
    if (column > 0) { seat = 1 + (column - 1 - round % (seats - 1) + seats - 1) % (seats - 1); }
    return seated(seats - 1 - seat, round, seats);
  }
`

/** Cosine and sine that make the off-diagonal entry of [[a, g], [g, b]] vanish, by the smaller of the two rotations. */
const rotation = `
  fn rotation(a : f32, b : f32, g : f32) -> vec2<f32> {
    if (g == 0.0) { return vec2<f32>(1.0, 0.0); }
    let z = (b - a) / (2.0 * g);
    var t = 1.0 / (abs(z) + sqrt(1.0 + z * z));
    if (z < 0.0) { t = -t; }
    let c = 1.0 / sqrt(1.0 + t * t);
    return vec2<f32>(c, c * t);
  }
`

/** What lanes share a matrix with: alone, there is nothing to wait for. */
const together = (lanes: number) => lanes === 1 ? "" : "storageBarrier(); workgroupBarrier();"

/**
 * One round of one-sided rotations on \`result\` [count, columns, length + columns]: the columns of a matrix, each
 * followed by its column of V. Columns that are orthogonal to rounding stay.
 */
export const orthogonalize = (lanes: number): string => `
  ${tournament}
  ${rotation}
  var<workgroup> partial : array<vec3<f32>, ${workgroup}>;
  fn main(index : i32) {
    let lane = index % ${lanes};
    let pairs = (uniforms.columns + 1) / 2;
    let number = index / ${lanes};
    let inside = number < uniforms.count * pairs;
    let pair = pairOf(number % pairs, uniforms.round, uniforms.columns);
    let works = inside && pair.y < uniforms.columns;
    let size = uniforms.rows + uniforms.columns;
    let first = (number / pairs) * uniforms.columns * size;
    let p = first + pair.x * size;
    let q = first + pair.y * size;
    var sums = vec3<f32>(0.0, 0.0, 0.0);
    if (works) {
      for (var i = lane; i < uniforms.rows; i = i + ${lanes}) {
        let a = result[p + i];
        let b = result[q + i];
        sums = sums + vec3<f32>(a * a, b * b, a * b);
      }
    }
    ${
  lanes === 1 ? "" : `
    partial[lane] = sums;
    workgroupBarrier();
    for (var half = ${lanes / 2}; half > 0; half = half / 2) {
      if (lane < half) { partial[lane] = partial[lane] + partial[lane + half]; }
      workgroupBarrier();
    }
    sums = partial[0];`
}
    if (works && abs(sums.z) > 6e-8 * sqrt(sums.x) * sqrt(sums.y)) {
      let r = rotation(sums.x, sums.y, sums.z);
      for (var i = lane; i < size; i = i + ${lanes}) {
        let a = result[p + i];
        let b = result[q + i];
        result[p + i] = r.x * a - r.y * b;
        result[q + i] = r.y * a + r.x * b;
      }
    }
  }
`

/**
 * Columns of \`result\` [count, columns, rows], of which \`known\` [count, columns] are orthonormal and come first, are
 * completed by orthonormal ones: numbers in general position, orthogonalized twice.
 */
export const complete = `
  fn main(index : i32) {
    if (index >= uniforms.count) { return; }
    let first = index * uniforms.columns * uniforms.rows;
    for (var j = 0; j < uniforms.columns; j++) {
      if (known[index * uniforms.columns + j] > 0.5) { continue; }
      let own = first + j * uniforms.rows;
      for (var i = 0; i < uniforms.rows; i++) {
        let angle = f32((i * 7919 + j * 104729) % 9973);
        result[own + i] = fract(sin(angle) * 43758.547) - 0.5;
      }
      for (var again = 0; again < 3; again++) {
        for (var k = 0; k < j; k++) {
          let other = first + k * uniforms.rows;
          var dot = 0.0;
          for (var i = 0; i < uniforms.rows; i++) { dot = dot + result[own + i] * result[other + i]; }
          for (var i = 0; i < uniforms.rows; i++) { result[own + i] = result[own + i] - dot * result[other + i]; }
        }
        var square = 0.0;
        for (var i = 0; i < uniforms.rows; i++) { square = square + result[own + i] * result[own + i]; }
        let length = sqrt(square);
        for (var i = 0; i < uniforms.rows; i++) { result[own + i] = result[own + i] / length; }
      }
    }
  }
`

/**
 * One round of Jacobi's rotations: \`result\` [count, 2n, n] from \`x\`, symmetric matrices above, which are turned
 * from both sides, and their eigenvectors below, which are turned from one.
 */
export const diagonalize = `
  ${tournament}
  ${rotation}
  fn turn(first : i32, a : i32, b : i32, n : i32) -> vec2<f32> {
    let p = min(a, b);
    let q = max(a, b);
    if (q >= n) { return vec2<f32>(1.0, 0.0); }
    let r = rotation(x[first + p * n + p], x[first + q * n + q], x[first + p * n + q]);
    // What column a gets of itself, and of its partner.
    if (a == p) { return vec2<f32>(r.x, -r.y); }
    return vec2<f32>(r.x, r.y);
  }
  fn main(index : i32) {
    let n = uniforms.columns;
    if (index >= uniforms.count * 2 * n * n) { return; }
    let first = (index / (2 * n * n)) * 2 * n * n;
    let place = index % (2 * n * n);
    var row = place / n;
    var column = place % n;
    let upper = row < n;
    // The same sum on both sides of the diagonal, so that matrices stay symmetric.
    if (upper && row > column) { let t = row; row = column; column = t; }
    let other = partner(column, uniforms.round, n);
    if (upper && row == other) { result[index] = 0.0; return; }
    let c = turn(first, column, other, n);
    let beside = select(other, column, other >= n);
    let own = first + row * n;
    var value = c.x * x[own + column] + c.y * x[own + beside];
    if (upper) {
      let opposite = partner(row, uniforms.round, n);
      let r = turn(first, row, opposite, n);
      let across = first + select(opposite, row, opposite >= n) * n;
      value = r.x * value + r.y * (c.x * x[across + column] + c.y * x[across + beside]);
    }
    result[index] = value;
  }
`

/**
 * Gauss–Jordan elimination with partial pivoting on \`result\` [count, n, width]: the first n columns become diagonal.
 * Of two rows that change places one changes its sign, so that determinants stay. A column without a pivot
 * eliminates nothing: its 0 stays on the diagonal, and says that the matrix is singular.
 */
export const eliminate = (lanes: number): string => `
  fn main(index : i32) {
    let lane = index % ${lanes};
    let number = min(index / ${lanes}, uniforms.count - 1);
    let works = index / ${lanes} < uniforms.count;
    let n = uniforms.columns;
    let first = number * n * uniforms.width;
    for (var c = 0; c < n; c++) {
      var pivot = c;
      for (var r = c + 1; r < n; r++) {
        let entry = abs(result[first + r * uniforms.width + c]);
        if (entry > abs(result[first + pivot * uniforms.width + c])) { pivot = r; }
      }
      ${together(lanes)}
      if (works && pivot != c) {
        for (var k = lane; k < uniforms.width; k = k + ${lanes}) {
          let a = first + c * uniforms.width + k;
          let b = first + pivot * uniforms.width + k;
          let moved = result[a];
          result[a] = result[b];
          result[b] = -moved;
        }
      }
      ${together(lanes)}
      let divisor = result[first + c * uniforms.width + c];
      if (works) {
        for (var r = lane; r < n; r = r + ${lanes}) {
          if (r != c) {
            let factor = select(result[first + r * uniforms.width + c] / divisor, 0.0, divisor == 0.0);
            result[first + r * uniforms.width + c] = 0.0;
            for (var k = c + 1; k < uniforms.width; k++) {
              let a = first + r * uniforms.width + k;
              result[a] = result[a] - factor * result[first + c * uniforms.width + k];
            }
          }
        }
      }
      ${together(lanes)}
    }
  }
`
