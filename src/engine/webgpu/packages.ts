/** The optional packages of this engine, typed as far as this library needs them. */
import type * as tf from "@tensorflow/tfjs-core"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { compileFunction } from "node:vm"
import { mayHaveGpu } from "./adapter.ts"
import type { AdapterInfo, Device, Gpu } from "./gpu.ts"

/** The package `webgpu`: Dawn, without a browser. */
export interface Dawn {
  readonly create: (options: ReadonlyArray<string>) => Gpu
  readonly globals: Readonly<Record<string, unknown>>
}

/** What the stock backend keeps of a tensor; `values` are there when they are on the host. */
interface TensorData {
  values: tf.backend_util.TypedArray | null
  readonly dtype: string
}

/** A program of the stock backend, which writes one tensor. */
export interface Program {
  readonly variableNames: ReadonlyArray<string>
  readonly uniforms: string
  readonly outputShape: ReadonlyArray<number>
  readonly shaderKey: string
  readonly workgroupSize: readonly [number, number, number]
  readonly dispatchLayout: { readonly x: ReadonlyArray<number> }
  readonly dispatch: readonly [number, number, number]
  readonly size: boolean
  readonly getUserCode: () => string
}

/** A number that a program is given. */
export interface Uniform {
  readonly type: "int32" | "float32"
  readonly data: ReadonlyArray<number>
}

/** The stock backend, as far as this library needs it. */
export interface WebGpuBackend extends tf.KernelBackend {
  readonly tensorMap: { readonly get: (id: object) => TensorData | undefined }
  makeTensorInfo: (
    shape: ReadonlyArray<number>,
    dtype: "int32" | "float32",
    values: Int32Array | Float32Array
  ) => tf.TensorInfo
  runWebGPUProgram: (
    program: Program,
    inputs: ReadonlyArray<tf.TensorInfo>,
    dtype: "float32",
    uniforms: ReadonlyArray<Uniform>,
    /** Where it writes, if that is not to be a tensor of its own. */
    output?: tf.TensorInfo
  ) => tf.TensorInfo
}

/** Makes the stock backend on a device. */
export type MakeBackend = (device: Device, info: AdapterInfo) => WebGpuBackend

/** The two packages and what they stand on; replaced in tests. */
export interface Packages {
  readonly mayHaveGpu: () => boolean
  readonly dawn: () => Promise<Dawn>
  readonly stock: (dawn: Dawn, gpu: Gpu) => MakeBackend
}

/** Names that the stock backend expects to find in every browser. */
const browserNames = ["GPUBuffer", "GPUTexture", "GPUBufferUsage", "GPUMapMode", "GPUTextureUsage"] as const

const packageName = "@tensorflow/tfjs-backend-webgpu"

let loaded: { readonly dawn: Dawn; readonly make: MakeBackend; readonly navigator: { gpu?: Gpu } } | undefined

/**
 * The stock backend in a world of its own: nothing is put among the globals, and no factory of its own is registered.
 */
const load = (dawn: Dawn): NonNullable<typeof loaded> => {
  const require = createRequire(import.meta.url)
  const path = require.resolve(packageName)
  const navigator: { gpu?: Gpu } = {}
  const module: { exports: unknown } = { exports: {} }
  const world = {
    module,
    exports: module.exports,
    require: createRequire(path),
    navigator,
    globalThis: Object.create(globalThis, { navigator: { value: navigator } }) as unknown,
    ...Object.fromEntries(browserNames.map((name) => [name, dawn.globals[name]]))
  }
  compileFunction(readFileSync(path, "utf8"), Object.keys(world), { filename: path })
    .call(module.exports, ...Object.values(world))
  const { WebGPUBackend } = module.exports as {
    readonly WebGPUBackend: new(...parts: Parameters<MakeBackend>) => WebGpuBackend
  }
  return { dawn, make: (device, info) => new WebGPUBackend(device, info), navigator }
}

const dawnName = "webgpu"

/**
 * The packages as they are installed, loaded once in a process: loading registers kernels.
 *
 * @internal
 */
export const installed: Packages = {
  mayHaveGpu,
  dawn: async () => await import(dawnName) as Dawn,
  stock: (dawn, gpu) => {
    loaded ??= load(dawn)
    // The backend looks here for a GPU before it believes in the device that it is given.
    loaded.navigator.gpu = gpu
    return loaded.make
  }
}
