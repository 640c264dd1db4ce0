/** The optional packages of this engine, typed as far as this library needs them. */
import type * as tf from "@tensorflow/tfjs-core"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { compileFunction } from "node:vm"
import type { BackendUnavailable } from "../Engine.ts"
import { isNotInstalled } from "../notInstalled.ts"
import type { AdapterInfo, Device, Gpu } from "./gpu.ts"
import { headline, unavailable } from "./unavailable.ts"

export type { Gpu }

/** What gives a GPU: the package `webgpu`, which is Dawn without a browser, or a browser. */
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

/** The two packages and what they stand on; others in browsers and in tests. */
export interface Packages {
  /** What implements WebGPU, as errors name it. */
  readonly implementation: string
  /** What the engine says of its version. */
  readonly version: string
  /** What to do where there is no driver. */
  readonly drivers: string
  /** How one asks for this engine by name. */
  readonly byName: string
  /** Options of Dawn: an adapter by a part of its name, where there are several. */
  readonly options: () => ReadonlyArray<string>
  /** Says why something does not load, and what to do. */
  readonly notLoaded: (wanted: string) => (cause: unknown) => BackendUnavailable
  /** Runs something before the process ends: work in flight would crash it. */
  readonly atExit: (run: () => void) => void
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

const [dawnVersion, version] = ["0.6.2", "4.22.0"]
const install = `Run: npm install webgpu@${dawnVersion} @tensorflow/tfjs-backend-webgpu@${version}`

const drivers = "Install a Vulkan driver: that of the GPU's maker, or software for tests (Debian 13: apt-get install " +
  "mesa-vulkan-drivers libvulkan1; " +
  "Debian 12: the same with -t bookworm-backports, its own is too old); in a container of NVIDIA's, " +
  "NVIDIA_DRIVER_CAPABILITIES must " +
  "include graphics."

const notLoaded = (wanted: string) => (cause: unknown): BackendUnavailable =>
  isNotInstalled(wanted, cause)
    ? unavailable(`the package ${wanted} is not installed`, `${install}.`)
    : unavailable(
      `${wanted} does not load (${headline(cause)})`,
      "Dawn runs on Linux with glibc 2.34 or newer, on macOS and on Windows, each on x64 and arm64."
    )

/** Devices by which Linux lets programs at a GPU. */
const nodes = ["/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"]

/** Whether there may be a GPU at all; asking a driver would take longer, and it would complain on stderr. */
const mayHaveGpu = (): boolean =>
  process.platform !== "linux" || nodes.some(existsSync) ||
  (existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD")))

const dawnName = "webgpu"

/**
 * The packages as they are installed, loaded once in a process: loading registers kernels.
 *
 * @internal
 */
export const installed: Packages = {
  implementation: "Dawn",
  version: `${version}, Dawn ${dawnVersion}`,
  drivers,
  byName: "--backend webgpu",
  options: () => {
    const adapter = process.env["FINEGRAIN_WEBGPU_ADAPTER"] ?? ""
    return adapter === "" ? [] : [`adapter=${adapter}`]
  },
  notLoaded,
  atExit: (run) => {
    process.once("exit", run)
  },
  mayHaveGpu,
  dawn: async () => await import(dawnName) as Dawn,
  stock: (dawn, gpu) => {
    loaded ??= load(dawn)
    // The backend looks here for a GPU before it believes in the device that it is given.
    loaded.navigator.gpu = gpu
    return loaded.make
  }
}
