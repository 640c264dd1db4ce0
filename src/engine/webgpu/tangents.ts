/**
 * WGSL of tangent parts, a fragment for every form of matrices: single operations and the whole step differ in where
 * entries are read and where results go. Twins of `unitTangent` and `stiefelTangent` in kernels/lanes.ts.
 */

/** A column of X and one of U. */
export interface TangentColumn {
  readonly rows: string
  /** What says where entry i is, for the expressions that follow. */
  readonly entry: string
  readonly x: string
  readonly u: string
  /** What becomes of the tangent part. */
  readonly put: (value: string) => string
}

/** u − x⟨x, u⟩ for columns of norm 1: U − X ddiag(XᵀU). */
export const unitTangent = ({ entry, put, rows, u, x }: TangentColumn) => `
  var dot = 0.0;
  for (var i = 0; i < ${rows}; i++) { ${entry} dot = dot + ${x} * ${u}; }
  for (var i = 0; i < ${rows}; i++) { ${entry} ${put(`(${u} - ${x} * dot)`)} }
`

/** X and U, whose entries are numbered by rows: expressions for entry e of either, and what becomes of the result's. */
export interface TangentMatrix {
  readonly rows: string
  readonly columns: string
  readonly x: (e: string) => string
  readonly u: (e: string) => string
  readonly put: (e: string, value: string) => string
}

/** U − X sym(XᵀU) for orthonormal columns, one column k after the other; every one reads all of U. */
export const stiefelTangent = ({ columns, put, rows, u, x }: TangentMatrix) => `
  var symmetric : array<f32, ENTRIES>;
  for (var k = 0; k < ${columns}; k++) {
    for (var j = 0; j < ${columns}; j++) {
      var both = 0.0;
      for (var i = 0; i < ${rows}; i++) {
        let row = i * ${columns};
        both = both + ${x("row + j")} * ${u("row + k")} + ${x("row + k")} * ${u("row + j")};
      }
      symmetric[j] = 0.5 * both;
    }
    for (var i = 0; i < ${rows}; i++) {
      let row = i * ${columns};
      var normal = 0.0;
      for (var j = 0; j < ${columns}; j++) {
        normal = normal + ${x("row + j")} * symmetric[j];
      }
      ${put("row + k", `(${u("row + k")} - normal)`)}
    }
  }
`
