/** GPUs and the programs that play them: which one is here, and a device of it. */
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
