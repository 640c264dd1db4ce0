import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { BackendUnavailable, type Start } from "./Engine.ts"
import { describe, isSoftware, requestDevice } from "./webgpu/adapter.ts"
import { registerFactorizations } from "./webgpu/factorizations.ts"
import { guardReads, type Watch, watch } from "./webgpu/failures.ts"
import type { Adapter, AdapterInfo, Gpu } from "./webgpu/gpu.ts"
import { registerManifoldOperations } from "./webgpu/manifolds.ts"
import { type Dawn, installed, type Packages } from "./webgpu/packages.ts"
import { registerRanks } from "./webgpu/ranks.ts"
import { registerStep } from "./webgpu/step.ts"

const [dawnVersion, version] = ["0.6.2", "4.22.0"]
const install = `Run: npm install webgpu@${dawnVersion} @tensorflow/tfjs-backend-webgpu@${version}`

const drivers = "Install a Vulkan driver: that of the GPU's maker, or software for tests (Debian 13: apt-get install " +
  "mesa-vulkan-drivers libvulkan1; " +
  "Debian 12: the same with -t bookworm-backports, its own is too old); in a container of NVIDIA's, " +
  "NVIDIA_DRIVER_CAPABILITIES must " +
  "include graphics."

const unavailable = (reason: string, remedy: string) => new BackendUnavailable({ backend: "webgpu", reason, remedy })

const headline = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!

const notLoaded = (wanted: string) => (cause: unknown): BackendUnavailable => {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code ?? "" : ""
  const missing = /MODULE_NOT_FOUND/.test(code) ||
    /Cannot find (package|module)|Could not resolve/.test(headline(cause))
  // The addon of a platform that Dawn is not built for is a missing file in the package, not a missing package.
  return missing && !headline(cause).includes("dawn.node")
    ? unavailable(`the package ${wanted} is not installed`, `${install}.`)
    : unavailable(
      `${wanted} does not load (${headline(cause)})`,
      "Dawn runs on Linux with glibc 2.34 or newer, on macOS and on Windows, each on x64 and arm64."
    )
}

/** An engine that runs, for as long as its device is not lost. */
interface Running {
  readonly packages: Packages
  readonly info: AdapterInfo
  readonly watch: Watch
}

let running: Running | undefined

/** Options of Dawn: an adapter by a part of its name, where there are several. */
const dawnOptions = (): ReadonlyArray<string> => {
  const adapter = process.env["FINEGRAIN_WEBGPU_ADAPTER"] ?? ""
  return adapter === "" ? [] : [`adapter=${adapter}`]
}

const findAdapter = Effect.fnUntraced(function*(gpu: Gpu, allowSoftware: boolean) {
  const adapter = yield* Effect.tryPromise({
    try: () => gpu.requestAdapter({ powerPreference: "high-performance" }),
    catch: (cause) =>
      unavailable(
        `Dawn gives no adapter (${headline(cause)})`,
        dawnOptions().length === 0
          ? drivers
          : "No adapter may have the name in the variable FINEGRAIN_WEBGPU_ADAPTER: correct it, or leave it away."
      )
  })
  if (adapter === null) return yield* unavailable("Dawn finds no graphics driver that it can use", drivers)
  if (isSoftware(adapter.info) && !allowSoftware) {
    return yield* unavailable(
      `the only adapter is ${describe(adapter.info)}`,
      "That is for tests, and is used where it is asked for by name: --backend webgpu."
    )
  }
  return adapter
})

const open = Effect.fnUntraced(function*(packages: Packages, dawn: Dawn, gpu: Gpu, adapter: Adapter) {
  const make = yield* Effect.try({
    try: () => packages.stock(dawn, gpu),
    catch: notLoaded("@tensorflow/tfjs-backend-webgpu")
  })
  const failed = (cause: unknown) =>
    unavailable(`${describe(adapter.info)} gives no device (${headline(cause)})`, drivers)
  const device = yield* Effect.tryPromise({ try: () => requestDevice(adapter), catch: failed })
  // Work in flight when a process exits would crash it.
  process.once("exit", () => device.destroy())
  const { info } = adapter
  const watched = watch(device)
  const ready = yield* Effect.tryPromise({
    try: () => {
      if (tf.findBackendFactory("webgpu") !== null) tf.removeBackend("webgpu")
      // Small tensors would otherwise be computed in JavaScript, until they are on the device.
      tf.env().set("WEBGPU_CPU_FORWARD", false)
      tf.registerBackend("webgpu", () => {
        const backend = make(device, info)
        guardReads(backend, watched)
        return backend
      }, 3)
      return tf.setBackend("webgpu")
    },
    catch: failed
  })
  if (!ready) return yield* failed("TensorFlow.js could not start it")
  registerRanks()
  registerManifoldOperations()
  registerStep()
  registerFactorizations()
  running = { packages, info, watch: watched }
  return running
})

const begin = Effect.fnUntraced(function*(allowSoftware: boolean, packages: Packages) {
  if (!allowSoftware && !packages.mayHaveGpu()) {
    return yield* unavailable("this machine shows no GPU", drivers)
  }
  const dawn = yield* Effect.tryPromise({ try: packages.dawn, catch: notLoaded("webgpu") })
  const gpu = yield* Effect.try({ try: () => dawn.create(dawnOptions()), catch: notLoaded("webgpu") })
  const adapter = yield* findAdapter(gpu, allowSoftware)
  return yield* open(packages, dawn, gpu, adapter)
})

/** Whether an engine that was started before can go on. */
const goesOn = (allowSoftware: boolean, packages: Packages): Effect.Effect<Running | undefined> =>
  Effect.promise(async () => {
    if (running?.packages !== packages || tf.findBackendFactory("webgpu") === null) return undefined
    if (running.watch.lost() !== undefined || (isSoftware(running.info) && !allowSoftware)) return undefined
    return await tf.setBackend("webgpu") ? running : undefined
  })

/**
 * WebGPU through Dawn, on a device of its own, whose errors are said by the next read.
 *
 * A software adapter is taken only where it is allowed.
 */
export const webgpu = (options: { readonly software: boolean }, packages: Packages = installed): Start =>
  Effect.gen(function*() {
    const { info } = (yield* goesOn(options.software, packages)) ?? (yield* begin(options.software, packages))
    return {
      name: "webgpu" as const,
      engine: "webgpu",
      device: describe(info),
      version: `${version}, Dawn ${dawnVersion}`
    }
  })
