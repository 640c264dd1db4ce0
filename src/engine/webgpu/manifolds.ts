import * as tf from "@tensorflow/tfjs-core"
import * as FusedKernels from "../FusedKernels.ts"
import { sizeOf } from "../sizeOf.ts"
import { orthonormalize, unitLength } from "./columns.ts"
import type { Program, WebGpuBackend } from "./packages.ts"

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
  // U − X ddiag(XᵀU)
  UnitProject: oneColumn(`
    var dot = 0.0;
    for (var i = 0; i < rows; i++) {
      let at = first + i * columns;
      dot = dot + x[at] * u[at];
    }
    for (var i = 0; i < rows; i++) {
      let at = first + i * columns;
      result[at] = u[at] - x[at] * dot;
    }
  `),
  // The columns of X + V, divided by their lengths.
  UnitRetract: oneColumn(`
    var y : array<f32, ENTRIES>;
    for (var i = 0; i < rows; i++) {
      let at = first + i * columns;
      y[i] = x[at] + u[at];
    }
    ${unitLength({ rows: "rows", entry: (i) => `y[${i}]`, to: (i) => `result[first + ${i} * columns]` })}
  `),
  // U − X sym(XᵀU), one column after the other.
  StiefelProject: oneMatrix(`
    var symmetric : array<f32, ENTRIES>;
    for (var k = 0; k < columns; k++) {
      for (var j = 0; j < columns; j++) {
        var both = 0.0;
        for (var i = 0; i < rows; i++) {
          let row = first + i * columns;
          both = both + x[row + j] * u[row + k] + x[row + k] * u[row + j];
        }
        symmetric[j] = 0.5 * both;
      }
      for (var i = 0; i < rows; i++) {
        let row = first + i * columns;
        var normal = 0.0;
        for (var j = 0; j < columns; j++) {
          normal = normal + x[row + j] * symmetric[j];
        }
        result[row + k] = u[row + k] - normal;
      }
    }
  `),
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

const workgroup = 64

/**
 * One pass over all matrices. Their sizes are uniforms: loops that a driver unrolls would take it seconds to compile.
 */
const program = (
  operation: FusedKernels.FusedOperation,
  size: number,
  entries: number,
  invocations: number
): Program => {
  const room = roomFor(entries)
  return {
    variableNames: ["x", "u"],
    uniforms: "invocations : i32, rows : i32, columns : i32,",
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

/** The same numbers along one axis: one shader then serves tensors of every rank. */
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
      const out = (backend as WebGpuBackend).runWebGPUProgram(
        program(operation, size, rows * columns, invocations),
        [flat(x, size), flat(u, size)],
        "float32",
        [invocations, rows, columns].map((value) => ({ type: "int32" as const, data: [value] }))
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
