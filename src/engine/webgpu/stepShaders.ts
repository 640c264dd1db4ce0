/** The WGSL shaders of the fused step: one for each of its parts. */
import type { MatrixForm } from "../MatrixForm.ts"
import { orthonormalize, unitLength } from "./columns.ts"
import type { Uniform } from "./packages.ts"
import { stiefelTangent, type TangentMatrix, unitTangent } from "./tangents.ts"
import { workgroup } from "./uniforms.ts"

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

/** Numbers about a leaf. */
export type Numbers = Readonly<
  Record<"invocations" | "count" | "rows" | "columns" | "groups" | "scaled" | "theta" | "decay", Uniform>
>

/** Parts of a leaf's table, in their order: how long they are, in WGSL. */
const lengths = {
  /** Where every matrix begins in the variable. */
  bases: "uniforms.count",
  /** How far every entry is from there. */
  deltas: "entries()",
  /** The place of every entry in the matrix. */
  local: "entries()",
  /** The POM of every matrix. */
  owners: "uniforms.count",
  /** Where the members of every POM begin, and where the last ones end. */
  starts: "(uniforms.groups + 1)",
  /** The numbers of the POMs. */
  poms: "uniforms.groups",
  /** Their matrices. */
  members: "uniforms.count"
} as const

/** A part of a leaf's table. */
export type Section = keyof typeof lengths

/** The parts of a leaf's table, in their order. */
export const sections = Object.keys(lengths) as ReadonlyArray<Section>

/** An entry of a part of the table. */
const inTable = (section: Section, index: string): string => {
  const before = sections.slice(0, sections.indexOf(section)).map((name) => lengths[name])
  return `table[${[...before, index].join(" + ")}]`
}

/** Entries are numbered by rows of the form's matrix, whatever their order in the tensor. */
const preamble = `
  fn entries() -> i32 { return uniforms.rows * uniforms.columns; }
  fn inVariable(m : i32, e : i32) -> i32 { return ${inTable("bases", "m")} + ${inTable("deltas", "e")}; }
  fn inLeaf(m : i32, e : i32) -> i32 { return m * entries() + ${inTable("local", "e")}; }
  fn owner(m : i32) -> i32 { return ${inTable("owners", "m")}; }
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

/** `euclidean`, and θ·μ, which momentum adds to a direction. */
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

/** Entry i of a column: its number in the matrix, and its place in the leaf. */
const down = (i: string) => `${i} * uniforms.columns + column`
const downColumn = `let e = ${down("i")}; let at = inLeaf(m, e);`

const allEntries = (body: string) => `
  for (var e = 0; e < entries(); e++) {
    ${body}
  }
`

/** The tangent part of `u` at `base`, which an invocation keeps to itself. */
const tangentOfKept = (put: TangentMatrix["put"]) =>
  stiefelTangent({
    rows: "uniforms.rows",
    columns: "uniforms.columns",
    x: (e) => `base[${e}]`,
    u: (e) => `u[${e}]`,
    put
  })

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
      unitTangent({
        rows: "uniforms.rows",
        entry: downColumn,
        x: "x[at]",
        u: "euclidean(m, e)",
        put: (value) => `result[at] = ${value} + remembered(at);`
      })
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
      ${tangentOfKept((e, value) => `let at = inLeaf(m, ${e}); result[at] = ${value} + remembered(at);`)}`
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
      let known = min(group, uniforms.groups - 1);
      let first = ${inTable("starts", "known")};
      let size = (${inTable("starts", "known + 1")} - first) * entries();
      var sum = 0.0;
      for (var t = lane; t < size; t = t + ${workgroup}) {
        let value = direction[${inTable("members", "first + t / entries()")} * entries() + t % entries()];
        sum = sum + value * value;
      }
      partial[lane] = sum;
      workgroupBarrier();
      if (lane == 0 && group < uniforms.groups) {
        var all = 0.0;
        for (var t = 0; t < ${workgroup}; t++) { all = all + partial[t]; }
        let pom = ${inTable("poms", "group")};
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
        entry: (i) => `moved(m, ${down(i)})`,
        to: (i) => `result[inLeaf(m, ${down(i)})]`
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
      unitTangent({
        rows: "uniforms.rows",
        entry: downColumn,
        x: "x[at]",
        u: "result[at]",
        put: (value) => `result[at] = ${value};`
      })
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
      ${tangentOfKept((e, value) => `result[inLeaf(m, ${e})] = ${value};`)}`
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
