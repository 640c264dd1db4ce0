/** Operations of manifolds as single shaders. */
import * as tf from "@tensorflow/tfjs-core"
import * as FusedKernels from "../FusedKernels.ts"
import { sizeOf } from "../sizeOf.ts"
import { orthonormalize, unitLength } from "./columns.ts"
import type { Program, WebGpuBackend } from "./packages.ts"
import { stiefelTangent, unitTangent } from "./tangents.ts"
import { declared, int, type Uniforms, workgroup } from "./uniforms.ts"

/**
 * Sizes of what one invocation works on in registers, or close to them: a shader is made for each, which takes time.
 */
const rooms = [16, 64, 256] as const

/** Entries of the largest matrix that one invocation takes on. */
export const entriesAtMost = rooms[2]

/** The smallest room for so many entries. */
export const roomFor = (entries: number): number => rooms.find((room) => entries <= room) ?? entriesAtMost

/** WGSL of an operation on matrices of one size, and how many invocations a matrix takes. */
interface Shader {
  readonly invocations: (columns: number) => number
  readonly code: string
}

const oneMatrix = (body: string): Shader => ({
  invocations: () => 1,
  code: `
    let first = index * rows * columns;
    ${body}
  `
})

/** For columns that have nothing to do with each other. */
const oneColumn = (body: string): Shader => ({
  invocations: (columns) => columns,
  code: `
    let first = (index / columns) * rows * columns + index % columns;
    ${body}
  `
})

const shaders: Readonly<Record<FusedKernels.FusedOperation, Shader>> = {
  UnitProject: oneColumn(unitTangent({
    rows: "rows",
    entry: "let at = first + i * columns;",
    x: "x[at]",
    u: "u[at]",
    put: (value) => `result[at] = ${value};`
  })),
  // The columns of X + V, divided by their lengths.
  UnitRetract: oneColumn(`
    var y : array<f32, ENTRIES>;
    for (var i = 0; i < rows; i++) {
      let at = first + i * columns;
      y[i] = x[at] + u[at];
    }
    ${unitLength({ rows: "rows", entry: (i) => `y[${i}]`, to: (i) => `result[first + ${i} * columns]` })}
  `),
  StiefelProject: oneMatrix(stiefelTangent({
    rows: "rows",
    columns: "columns",
    x: (e) => `x[first + ${e}]`,
    u: (e) => `u[first + ${e}]`,
    put: (e, value) => `result[first + ${e}] = ${value};`
  })),
  // The Q factor of X + V by modified Gram–Schmidt.
  StiefelRetract: oneMatrix(`
    var y : array<f32, ENTRIES>;
    for (var e = 0; e < rows * columns; e++) {
      y[e] = x[first + e] + u[first + e];
    }
    ${orthonormalize("columns", "rows")}
    for (var e = 0; e < rows * columns; e++) {
      result[first + e] = y[e];
    }
  `)
}

/**
 * One pass over all matrices. Their sizes are uniforms: loops that a driver unrolls would take it seconds to compile.
 */
const program = (
  operation: FusedKernels.FusedOperation,
  size: number,
  entries: number,
  invocations: number,
  uniforms: Uniforms
): Program => {
  const room = roomFor(entries)
  return {
    variableNames: ["x", "u"],
    uniforms: declared(uniforms),
    outputShape: [size],
    shaderKey: `${FusedKernels.kernelName(operation)} ${room}`,
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(invocations / workgroup), 1, 1],
    size: false,
    getUserCode: () => `
      const ENTRIES = ${room};
      fn main(index : i32) {
        if (index >= uniforms.invocations) { return; }
        let rows = uniforms.rows;
        let columns = uniforms.columns;
        ${shaders[operation].code}
      }
    `
  }
}

/** A tensor's numbers along one axis: one shader then serves tensors of every rank. */
const flat = ({ dataId, dtype }: tf.TensorInfo, size: number): tf.TensorInfo => ({ dataId, dtype, shape: [size] })

const register = (operation: FusedKernels.FusedOperation): void => {
  const kernelName = FusedKernels.kernelName(operation)
  if (tf.getKernel(kernelName, "webgpu") !== undefined) return
  tf.registerKernel({
    kernelName,
    backendName: "webgpu",
    kernelFunc: ({ attrs, backend, inputs }) => {
      const { u, x } = inputs as { readonly u: tf.TensorInfo; readonly x: tf.TensorInfo }
      const { columns, rows } = attrs as unknown as { readonly columns: number; readonly rows: number }
      const size = sizeOf(x.shape)
      const invocations = (size / (rows * columns)) * shaders[operation].invocations(columns)
      const uniforms = { invocations: int(invocations), rows: int(rows), columns: int(columns) }
      const out = (backend as WebGpuBackend).runWebGPUProgram(
        program(operation, size, rows * columns, invocations, uniforms),
        [flat(x, size), flat(u, size)],
        "float32",
        Object.values(uniforms)
      )
      return { ...out, shape: [...x.shape] }
    }
  })
}

/**
 * Registers the hot operations of sphere, oblique and Stiefel manifolds, one pass each; larger matrices stay composed.
 */
export const registerManifoldOperations = (): void => {
  FusedKernels.limit("webgpu", entriesAtMost)
  for (const operation of ["UnitProject", "UnitRetract", "StiefelProject", "StiefelRetract"] as const) {
    register(operation)
  }
}
