/** How WebGPU starts on any runtime: an adapter, a device, the stock backend on it, and this library's kernels. */
import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import type { Start } from "../Engine.ts"
import { describe, isSoftware, requestDevice } from "./adapter.ts"
import { registerFactorizations } from "./factorizations.ts"
import { guardReads, type Watch, watch } from "./failures.ts"
import type { Adapter, AdapterInfo, Gpu } from "./gpu.ts"
import { registerManifoldOperations } from "./manifolds.ts"
import type { Dawn, Packages } from "./packages.ts"
import { registerRanks } from "./ranks.ts"
import { registerStep } from "./step.ts"
import { headline, unavailable } from "./unavailable.ts"

/** An engine that runs, for as long as its device is not lost. */
interface Running {
  readonly packages: Packages
  readonly info: AdapterInfo
  readonly watch: Watch
}

let running: Running | undefined

const findAdapter = Effect.fnUntraced(function*(packages: Packages, gpu: Gpu, allowSoftware: boolean) {
  const adapter = yield* Effect.tryPromise({
    try: () => gpu.requestAdapter({ powerPreference: "high-performance" }),
    catch: (cause) =>
      unavailable(
        `${packages.implementation} gives no adapter (${headline(cause)})`,
        packages.options().length === 0
          ? packages.drivers
          : "No adapter may have the name in the variable FINEGRAIN_WEBGPU_ADAPTER: correct it, or leave it away."
      )
  })
  if (adapter === null) {
    return yield* unavailable(
      `${packages.implementation} finds no graphics driver that it can use`,
      packages.drivers
    )
  }
  if (isSoftware(adapter.info) && !allowSoftware) {
    return yield* unavailable(
      `the only adapter is ${describe(adapter.info)}`,
      `That is for tests, and is used where it is asked for by name: ${packages.byName}.`
    )
  }
  return adapter
})

const open = Effect.fnUntraced(function*(packages: Packages, dawn: Dawn, gpu: Gpu, adapter: Adapter) {
  const make = yield* Effect.try({
    try: () => packages.stock(dawn, gpu),
    catch: packages.notLoaded("@tensorflow/tfjs-backend-webgpu")
  })
  const failed = (cause: unknown) =>
    unavailable(`${describe(adapter.info)} gives no device (${headline(cause)})`, packages.drivers)
  const device = yield* Effect.tryPromise({ try: () => requestDevice(adapter), catch: failed })
  packages.atExit(() => device.destroy())
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
    return yield* unavailable("this machine shows no GPU", packages.drivers)
  }
  const dawn = yield* Effect.tryPromise({ try: packages.dawn, catch: packages.notLoaded("webgpu") })
  const gpu = yield* Effect.try({ try: () => dawn.create(packages.options()), catch: packages.notLoaded("webgpu") })
  const adapter = yield* findAdapter(packages, gpu, allowSoftware)
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
 * WebGPU on a device of its own, whose errors are said by the next read.
 *
 * A software adapter is taken only where it is allowed.
 *
 * @internal
 */
export const start = (options: { readonly software: boolean }, packages: Packages): Start =>
  Effect.gen(function*() {
    const { info } = (yield* goesOn(options.software, packages)) ?? (yield* begin(options.software, packages))
    return {
      name: "webgpu" as const,
      engine: "webgpu",
      device: describe(info),
      version: packages.version
    }
  })
