import type { Start } from "../src/engine/Engine.ts"
import type { Gpu, MakeBackend, Packages } from "../src/engine/webgpu/packages.ts"
import { start } from "../src/engine/webgpu/start.ts"
import { headline, unavailable } from "../src/engine/webgpu/unavailable.ts"

/** The package `@tensorflow/tfjs-backend-webgpu`, as far as it is needed. */
export interface StockWebgpu {
  readonly WebGPUBackend: new(device: never, info: never) => object
}

const remedy = "Use a browser that has WebGPU, on a page from https or localhost, or the engine wasm."

/** What the browser gives, if anything. */
const gpuHere = (): Gpu | undefined => (globalThis as { readonly navigator?: { readonly gpu?: Gpu } }).navigator?.gpu

const packagesOf = ({ WebGPUBackend }: StockWebgpu): Packages => ({
  implementation: "The browser",
  version: "4.22.0",
  drivers: remedy,
  byName: "Backend.webgpu",
  options: () => [],
  notLoaded: () => (cause) => unavailable(headline(cause), remedy),
  atExit: () => undefined,
  mayHaveGpu: () => gpuHere() !== undefined,
  dawn: () => {
    const gpu = gpuHere()
    return gpu === undefined
      ? Promise.reject(new Error("the browser has no navigator.gpu"))
      : Promise.resolve({ create: () => gpu, globals: {} })
  },
  stock: () => (...parts) =>
    new (WebGPUBackend as unknown as new(...parts: Parameters<MakeBackend>) => ReturnType<MakeBackend>)(...parts)
})

/** Known by the package: an engine that runs on it goes on. */
const known = new WeakMap<StockWebgpu["WebGPUBackend"], Packages>()

/** WebGPU of the browser. */
export const webgpu = (stock: StockWebgpu, options: { readonly software: boolean }): Start => {
  const packages = known.get(stock.WebGPUBackend) ?? packagesOf(stock)
  known.set(stock.WebGPUBackend, packages)
  return start(options, packages)
}
