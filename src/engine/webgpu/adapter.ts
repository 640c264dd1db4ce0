/** GPUs and the programs that play them: which one is here, and a device of it. */
import { existsSync, readdirSync } from "node:fs"
import type { Adapter, AdapterInfo, Device } from "./gpu.ts"

/** Whether an adapter is a program on the CPU: right, for tests, and slow. */
export const isSoftware = (info: AdapterInfo): boolean =>
  info.isFallbackAdapter === true ||
  /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(
    `${info.architecture} ${info.device} ${info.description}`
  )

/** What computes, e.g. `software (CPU), WebGPU on llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)`. */
export const describe = (info: AdapterInfo): string =>
  `${isSoftware(info) ? "software (CPU)" : "GPU"}, WebGPU on ${
    [info.description, `${info.vendor} ${info.device}`, info.vendor].map((text) => text.trim()).find((text) =>
      text !== ""
    ) ?? "an adapter without a name"
  }`

/** Devices by which Linux lets programs at a GPU. */
const nodes = ["/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"]

/** Whether there may be a GPU at all; asking a driver would take longer, and it would complain on stderr. */
export const mayHaveGpu = (): boolean =>
  process.platform !== "linux" || nodes.some(existsSync) ||
  (existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD")))

/** All that the adapter has, instead of the small defaults. */
const limits = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage"
]

/** A device with everything that the stock backend can use. */
export const requestDevice = (adapter: Adapter): Promise<Device> =>
  adapter.requestDevice({
    requiredFeatures: ["timestamp-query"].filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(
      limits.flatMap((name) => {
        const limit = adapter.limits[name]
        return limit === undefined ? [] : [[name, limit]]
      })
    )
  })
