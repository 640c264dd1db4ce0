import type { MatrixForm } from "../MatrixForm.ts"
import { orthonormalize, unitLength } from "./columns.ts"

/** Names of tensors that shaders read. */
export type Input = "x" | "gradient" | "momentum" | "scaling" | "direction" | "factors" | "table"

/** One dispatch of the fused step over one leaf. */
export interface Shader {
  /** The tensors that it reads, all of them: a driver refuses one that the code does not use. */
  readonly inputs: ReadonlyArray<Input>
  /** Invocations, given how many matrices a leaf has and what form they have. */
  readonly invocations: (count: number, rows: number, columns: number) => number
  /** Whether an invocation keeps whole matrices to itself. */
  readonly keepsMatrices: boolean
  readonly code: string
}

/** Invocations of a workgroup, which add the squares of one POM together. */
export const workgroup = 64

/**
 * Numbers about a leaf. Its table holds: where every matrix begins in the variable; how far every entry is from there;
 * the place of every entry in the matrix; the POM of every matrix; then for the sums of squares where the members of
 * every POM begin, its number, and the members.
 */
export const uniforms = "invocations : i32, count : i32, rows : i32, columns : i32, groups : i32, scaled : i32, " +
  "theta : f32, decay : f32,"

/** Entries are numbered by rows of the form's matrix, whatever their order in the tensor. */
const preamble = `
  fn entries() -> i32 { return uniforms.rows * uniforms.columns; }
  fn inVariable(m : i32, e : i32) -> i32 { return table[m] + table[uniforms.count + e]; }
  fn inLeaf(m : i32, e : i32) -> i32 { return m * entries() + table[uniforms.count + entries() + e]; }
  fn owner(m : i32) -> i32 { return table[uniforms.count + 2 * entries() + m]; }
`

const factorOfScaling = `
  fn scale(m : i32) -> f32 {
    if (uniforms.scaled == 0) { return 1.0; }
    return scaling[m];
  }
`

/** ℜ·(g + decay·ℜx). */
const euclidean = `
  ${preamble}
  ${factorOfScaling}
  fn euclidean(m : i32, e : i32) -> f32 {
    let s = scale(m);
    return s * (gradient[inVariable(m, e)] + uniforms.decay * s * x[inLeaf(m, e)]);
  }
`

/** The same, and what momentum adds to a direction. */
const gradient = `
  ${euclidean}
  fn remembered(at : i32) -> f32 {
    if (uniforms.theta == 0.0) { return 0.0; }
    return uniforms.theta * momentum[at];
  }
`

const each = (declarations: string, body: string) => `
  ${declarations}
  fn main(index : i32) {
    if (index >= uniforms.invocations) { return; }
    ${body}
  }
`

const perEntry = (declarations: string, body: string) =>
  each(
    declarations,
    `let m = index / entries();
    let e = index % entries();
    ${body}`
  )

const perColumn = (declarations: string, body: string) =>
  each(
    declarations,
    `let m = index / uniforms.columns;
    let column = index % uniforms.columns;
    ${body}`
  )

/** The entries e of a column, one after the other. */
const downColumn = (body: string) => `
  for (var i = 0; i < uniforms.rows; i++) {
    let e = i * uniforms.columns + column;
    ${body}
  }
`

const allEntries = (body: string) => `
  for (var e = 0; e < entries(); e++) {
    ${body}
  }
`

/** U − X sym(XᵀU) for `base` and `u`, one column k after the other; `found` says what becomes of entry e. */
const stiefelTangent = (found: string) => `
  var symmetric : array<f32, ENTRIES>;
  for (var k = 0; k < uniforms.columns; k++) {
    for (var j = 0; j < uniforms.columns; j++) {
      var both = 0.0;
      for (var i = 0; i < uniforms.rows; i++) {
        let row = i * uniforms.columns;
        both = both + base[row + j] * u[row + k] + base[row + k] * u[row + j];
      }
      symmetric[j] = 0.5 * both;
    }
    for (var i = 0; i < uniforms.rows; i++) {
      let row = i * uniforms.columns;
      var normal = 0.0;
      for (var j = 0; j < uniforms.columns; j++) {
        normal = normal + base[row + j] * symmetric[j];
      }
      let e = row + k;
      let value = u[e] - normal;
      ${found}
    }
  }
`

const byEntry = { invocations: (count: number, rows: number, columns: number) => count * rows * columns }
const byColumn = { invocations: (count: number, _: number, columns: number) => count * columns }
const byMatrix = { invocations: (count: number) => count }

const directionInputs: ReadonlyArray<Input> = ["x", "gradient", "momentum", "scaling", "table"]

/** Euclidean gradient, projection and momentum; of matrices without a form the Euclidean gradient alone. */
export const direction: Readonly<Record<MatrixForm["name"] | "given", Shader>> = {
  given: {
    ...byEntry,
    inputs: directionInputs.filter((input) => input !== "momentum"),
    keepsMatrices: false,
    code: perEntry(euclidean, "result[inLeaf(m, e)] = euclidean(m, e);")
  },
  Euclidean: {
    ...byEntry,
    inputs: directionInputs,
    keepsMatrices: false,
    code: perEntry(gradient, "let at = inLeaf(m, e); result[at] = euclidean(m, e) + remembered(at);")
  },
  Unit: {
    ...byColumn,
    inputs: directionInputs,
    keepsMatrices: false,
    code: perColumn(
      gradient,
      `var dot = 0.0;
      ${downColumn("dot = dot + x[inLeaf(m, e)] * euclidean(m, e);")}
      ${downColumn("let at = inLeaf(m, e); result[at] = euclidean(m, e) - x[at] * dot + remembered(at);")}`
    )
  },
  Stiefel: {
    ...byMatrix,
    inputs: directionInputs,
    keepsMatrices: true,
    code: each(
      gradient,
      `let m = index;
      var base : array<f32, ENTRIES>;
      var u : array<f32, ENTRIES>;
      ${allEntries("base[e] = x[inLeaf(m, e)]; u[e] = euclidean(m, e);")}
      ${stiefelTangent("let at = inLeaf(m, e); result[at] = value + remembered(at);")}`
    )
  }
}

/** Squared norms, a workgroup for every POM that the leaf has a share in. */
export const squares: Shader = {
  invocations: () => 0,
  inputs: ["direction", "table"],
  keepsMatrices: false,
  code: `
    ${preamble}
    var<workgroup> partial : array<f32, ${workgroup}>;
    fn main(index : i32) {
      let group = index / ${workgroup};
      let lane = index % ${workgroup};
      let starts = 2 * uniforms.count + 2 * entries();
      let poms = starts + uniforms.groups + 1;
      let members = poms + uniforms.groups;
      let known = min(group, uniforms.groups - 1);
      let first = table[starts + known];
      let size = (table[starts + known + 1] - first) * entries();
      var sum = 0.0;
      for (var t = lane; t < size; t = t + ${workgroup}) {
        let value = direction[table[members + first + t / entries()] * entries() + t % entries()];
        sum = sum + value * value;
      }
      partial[lane] = sum;
      workgroupBarrier();
      if (lane == 0 && group < uniforms.groups) {
        var all = 0.0;
        for (var t = 0; t < ${workgroup}; t++) { all = all + partial[t]; }
        let pom = table[poms + group];
        result[pom] = result[pom] + all;
      }
    }
  `
}

const moveInputs: ReadonlyArray<Input> = ["x", "direction", "factors", "table"]
const moved = `
  ${preamble}
  fn moved(m : i32, e : i32) -> f32 {
    let at = inLeaf(m, e);
    return x[at] + factors[owner(m)] * direction[at];
  }
`

/** Retraction of a step. */
export const move: Readonly<Record<MatrixForm["name"], Shader>> = {
  Euclidean: {
    ...byEntry,
    inputs: moveInputs,
    keepsMatrices: false,
    code: perEntry(moved, "result[inLeaf(m, e)] = moved(m, e);")
  },
  Unit: {
    ...byColumn,
    inputs: moveInputs,
    keepsMatrices: false,
    code: perColumn(
      moved,
      unitLength({
        rows: "uniforms.rows",
        entry: (i) => `moved(m, ${i} * uniforms.columns + column)`,
        to: (i) => `result[inLeaf(m, ${i} * uniforms.columns + column)]`
      })
    )
  },
  Stiefel: {
    ...byMatrix,
    inputs: moveInputs,
    keepsMatrices: true,
    code: each(
      moved,
      `let m = index;
      var y : array<f32, ENTRIES>;
      ${allEntries("y[e] = moved(m, e);")}
      ${orthonormalize("uniforms.columns", "uniforms.rows")}
      ${allEntries("result[inLeaf(m, e)] = y[e];")}`
    )
  }
}

/** Transport of directions by projection at the new point, in place. */
export const transport: Readonly<Record<"Unit" | "Stiefel", Shader>> = {
  Unit: {
    ...byColumn,
    inputs: ["x", "table"],
    keepsMatrices: false,
    code: perColumn(
      preamble,
      `var dot = 0.0;
      ${downColumn("let at = inLeaf(m, e); dot = dot + x[at] * result[at];")}
      ${downColumn("let at = inLeaf(m, e); result[at] = result[at] - x[at] * dot;")}`
    )
  },
  Stiefel: {
    ...byMatrix,
    inputs: ["x", "table"],
    keepsMatrices: true,
    code: each(
      preamble,
      `let m = index;
      var base : array<f32, ENTRIES>;
      var u : array<f32, ENTRIES>;
      ${allEntries("let at = inLeaf(m, e); base[e] = x[at]; u[e] = result[at];")}
      ${stiefelTangent("result[inLeaf(m, e)] = value;")}`
    )
  }
}

/** ℜω to its places in a variable. */
export const weights: Shader = {
  ...byEntry,
  inputs: ["x", "scaling", "table"],
  keepsMatrices: false,
  code: perEntry(`${preamble}${factorOfScaling}`, "result[inVariable(m, e)] = scale(m) * x[inLeaf(m, e)];")
}
