/**
 * WGSL for columns of norm 1 and for orthonormal columns, whatever the columns were: huge, tiny and dependent ones take
 * branches that are seldom taken, as in kernels/orthonormal.ts, whose twin this is.
 */
import { lengths, sizes } from "../contracts/kernels.ts"

/** A number as WGSL has it: without a point or an exponent it would be an integer. */
const float = (value: number): string => Number.isInteger(value) ? value.toExponential() : String(value)

const [smallest, greatest] = [float(lengths.smallest), float(lengths.greatest)]
const longest = float(Math.sqrt(lengths.greatest))

/** Squares of lengths between these lost nothing to overflow or underflow. */
const inRange = (square: string) => `(${square} >= ${smallest} && ${square} <= ${greatest})`

/** Where the entries of one column are read, and where its quotients go. */
export interface Column {
  readonly rows: string
  readonly entry: (i: string) => string
  readonly to: (i: string) => string
}

/** A column divided by its length; zero goes to the constant, for every point is as near to it as that one. */
export const unitLength = ({ entry, rows, to }: Column) => `
  var square = 0.0;
  for (var i = 0; i < ${rows}; i++) {
    let value = ${entry("i")};
    square = square + value * value;
  }
  // NaN stays.
  if (${inRange("square")} || !(square >= 0.0)) {
    let length = sqrt(square);
    for (var i = 0; i < ${rows}; i++) { ${to("i")} = ${entry("i")} / length; }
  } else {
    var largest = 0.0;
    for (var i = 0; i < ${rows}; i++) { largest = max(largest, abs(${entry("i")})); }
    if (largest == 0.0) {
      for (var i = 0; i < ${rows}; i++) { ${to("i")} = inverseSqrt(f32(${rows})); }
    } else {
      square = 0.0;
      for (var i = 0; i < ${rows}; i++) {
        let value = ${entry("i")} / largest;
        square = square + value * value;
      }
      let length = sqrt(square);
      for (var i = 0; i < ${rows}; i++) { ${to("i")} = ${entry("i")} / largest / length; }
    }
  }
`

/** The squared length of column j of `y`. */
const squareOf = (columns: string, rows: string) => `
  square = 0.0;
  for (var i = 0; i < ${rows}; i++) {
    let q = y[i * ${columns} + j];
    square = square + q * q;
  }
`

/** Column k of `y` loses its part along column j; `dot` says how much that was. */
const subtract = (columns: string, rows: string, j: string, k: string) => `
  var dot = 0.0;
  for (var i = 0; i < ${rows}; i++) {
    dot = dot + y[i * ${columns} + ${j}] * y[i * ${columns} + ${k}];
  }
  for (var i = 0; i < ${rows}; i++) {
    y[i * ${columns} + ${k}] = y[i * ${columns} + ${k}] - y[i * ${columns} + ${j}] * dot;
  }
`

/** Column j becomes the unit vector that lies furthest outside of the span of the columns before. */
const unitVector = (columns: string, rows: string) => `
  var chosen = 0;
  var least = f32(${columns});
  for (var i = 0; i < ${rows}; i++) {
    var inside = 0.0;
    for (var k = 0; k < j; k++) {
      let q = y[i * ${columns} + k];
      inside = inside + q * q;
    }
    if (inside < least) {
      least = inside;
      chosen = i;
    }
  }
  for (var i = 0; i < ${rows}; i++) { y[i * ${columns} + j] = select(0.0, 1.0, i == chosen); }
`

/** Orthonormal columns from columns of length 1 or 0; one in the span of earlier ones gives way to a unit vector. */
const complete = (columns: string, rows: string) => `
  for (var j = 0; j < ${columns}; j++) {
    for (var attempt = 0; attempt < ${2 * sizes.passes}; attempt++) {
      if (attempt == ${sizes.passes}) { ${unitVector(columns, rows)} }
      for (var k = 0; k < j; k++) { ${subtract(columns, rows, "k", "j")} }
      var square = 0.0;
      ${squareOf(columns, rows)}
      if (square >= ${smallest}) {
        let length = sqrt(square);
        for (var i = 0; i < ${rows}; i++) { y[i * ${columns} + j] = y[i * ${columns} + j] / length; }
      }
      // NaN stays.
      if (!(square < ${float(lengths.kept)})) { break; }
    }
  }
`

/**
 * The Q factor of `y` in place, by modified Gram–Schmidt; where a column kept less than an eighth of its squared
 * length, of what that gave once more: twice is enough (Kahan and Parlett).
 */
export const orthonormalize = (columns: string, rows: string) => `
  var most = 0.0;
  var again = false;
  for (var j = 0; j < ${columns}; j++) {
    var square = 0.0;
    ${squareOf(columns, rows)}
    if (!${inRange("square")}) {
      var largest = 0.0;
      for (var i = 0; i < ${rows}; i++) { largest = max(largest, abs(y[i * ${columns} + j])); }
      if (largest > 0.0) {
        for (var i = 0; i < ${rows}; i++) { y[i * ${columns} + j] = y[i * ${columns} + j] / largest; }
      }
      ${squareOf(columns, rows)}
      again = true;
    }
    again = again || square < ${float(lengths.share)} * most;
    let length = max(sqrt(square), ${float(lengths.tiny)});
    for (var i = 0; i < ${rows}; i++) {
      y[i * ${columns} + j] = y[i * ${columns} + j] / length;
    }
    for (var k = j + 1; k < ${columns}; k++) {
      ${subtract(columns, rows, "j", "k")}
      // As if it were its square, which overflows.
      most = max(most, min(abs(dot), ${longest}) * min(abs(dot), ${longest}));
    }
  }
  if (again) { ${complete(columns, rows)} }
`
