import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import { Backend } from "finegrain"
import util from "node:util"
import { afterEach, expect, it } from "vitest"
import { visibleGpus } from "../../src/engine/gpus.ts"
import { closeUtilGap, type Importer, native } from "../../src/engine/native.ts"
import { hasNativePackages } from "../nativePackages.ts"
import { noWebgpu } from "../webgpu.ts"

const refusal = (name: "node" | "nodeGpu", load: Importer) => Effect.runPromise(Effect.flip(native(name, load)))

/** Pretends to be TensorFlow's package: registers an engine of its name on load. */
const pretend = (isUsingGpuDevice: boolean): Importer => () => {
  if (tf.findBackendFactory("tensorflow") !== null) tf.removeBackend("tensorflow")
  tf.registerBackend("tensorflow", () => Object.assign(new tf.KernelBackend(), { isUsingGpuDevice, dispose: () => {} }))
  return Promise.resolve()
}

const variables = ["CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH"] as const
const before = variables.map((name) => process.env[name])

afterEach(() => {
  for (const [i, name] of variables.entries()) {
    if (before[i] === undefined) delete process.env[name]
    else process.env[name] = before[i]
  }
  if (tf.findBackendFactory("tensorflow") !== null) tf.removeBackend("tensorflow")
})

it("leaves no handler of its own for errors of the program", async () => {
  await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
  const text = [...process.listeners("uncaughtException"), ...process.listeners("unhandledRejection")].map(String).join(
    "\n"
  )
  expect(text).not.toMatch(/ExitStatus/)
})

it("starts one engine after another in one process", async () => {
  for (const name of ["cpu", "wasm", "cpu", "wasm"] as const) {
    const engine = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.layer(name)))
    expect(engine.name).toBe(name)
    expect(tf.getBackend()).toBe(name)
    expect((await tf.add(1, 2).data())[0]).toBe(3)
  }
})

it.skipIf(hasNativePackages)("says that an optional package is not installed, and what to install", async () => {
  for (const name of ["node", "nodeGpu"] as const) {
    const error = await Effect.runPromise(Effect.flip(Effect.provide(Backend.Backend, Backend.layer(name))))
    expect(error._tag).toBe("BackendUnavailable")
    expect(error.message).toMatch(/is not installed.*npm install @tensorflow\/tfjs-node/)
  }
})

it("tells a missing native addon and a missing driver from a missing package", async () => {
  const addon = await refusal(
    "nodeGpu",
    () =>
      Promise.reject(
        new Error(
          "The Node.js native addon module (tfjs_binding.node) can not be found at path: " +
            "/x/lib/napi-v8/tfjs_binding.node"
        )
      )
  )
  expect(addon.message).toMatch(/native addon.*missing.*npm rebuild @tensorflow\/tfjs-node-gpu/)
  const driver = await refusal(
    "nodeGpu",
    () => Promise.reject(new Error("libcudart.so.11.0: cannot open shared object file: No such file or directory"))
  )
  expect(driver.message).toMatch(/does not load.*CUDA 11\.2/)
})

it("does not believe in a GPU that is not there", async () => {
  const error = await refusal("nodeGpu", pretend(false))
  expect(error.message).toMatch(/no usable GPU.*silently compute on the CPU.*CUDA 11\.2/)
  const cpu = await Effect.runPromise(native("node", pretend(false)))
  expect(cpu.device).toBe("CPU, TensorFlow")
  const gpu = await Effect.runPromise(native("nodeGpu", pretend(true)))
  expect(gpu.device).toBe("GPU, TensorFlow with CUDA")
})

const seen = () => process.env["CUDA_VISIBLE_DEVICES"]

it("lets TensorFlow see one of several GPUs, and no other engine's process", async () => {
  delete process.env["CUDA_VISIBLE_DEVICES"]
  await Effect.runPromise(native("node", pretend(false), () => ["0", "1"]))
  expect(seen()).toBeUndefined()
  await Effect.runPromise(native("nodeGpu", pretend(true), () => ["0"]))
  expect(seen()).toBeUndefined()
  await Effect.runPromise(native("nodeGpu", pretend(true), () => ["2", "0"]))
  expect(seen()).toBe("2")
})

it("lets TensorFlow see the first GPU where nobody knows how many there are", async () => {
  delete process.env["CUDA_VISIBLE_DEVICES"]
  await Effect.runPromise(native("node", pretend(false), () => []))
  expect(seen()).toBeUndefined()
  await Effect.runPromise(native("nodeGpu", pretend(true), () => []))
  expect(seen()).toBe("0")
  // None at all, because somebody wants it so.
  process.env["CUDA_VISIBLE_DEVICES"] = ""
  await Effect.runPromise(native("nodeGpu", pretend(true)))
  expect(seen()).toBe("")
})

it("hides no GPU from others where it does not start", async () => {
  for (const gpus of [[], ["2", "0"]]) {
    for (const load of [pretend(false), () => Promise.reject(new Error("no such library"))]) {
      for (const value of [undefined, "2,0"]) {
        if (value === undefined) delete process.env["CUDA_VISIBLE_DEVICES"]
        else process.env["CUDA_VISIBLE_DEVICES"] = value
        await Effect.runPromise(Effect.flip(native("nodeGpu", load, () => gpus)))
        expect(seen()).toBe(value)
      }
    }
  }
})

it("has said all before TensorFlow is loaded", async () => {
  for (const name of variables) delete process.env[name]
  let atLoad: ReadonlyArray<string | undefined> = []
  const load: Importer = (name) => {
    atLoad = variables.map((variable) => process.env[variable])
    return pretend(true)(name)
  }
  await Effect.runPromise(native("nodeGpu", load, () => ["3", "4"]))
  expect(atLoad).toEqual(["3", "true"])
  process.env["TF_FORCE_GPU_ALLOW_GROWTH"] = "false"
  await Effect.runPromise(native("nodeGpu", load, () => ["3", "4"]))
  expect(atLoad[1]).toBe("false")
})

it("knows the GPUs that CUDA may use", () => {
  const driver = () => ["0000:01:00.0", "0000:02:00.0"]
  expect(visibleGpus({}, driver)).toEqual(["0", "1"])
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: "3, GPU-8932f937" }, driver)).toEqual(["3", "GPU-8932f937"])
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: "1,-1,0" }, driver)).toEqual(["1"])
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: "" }, driver)).toEqual([])
})

it("closes the gap that Node 23 opened in util", () => {
  closeUtilGap()
  const old = util as unknown as Record<string, (value: unknown) => boolean>
  expect(old["isNullOrUndefined"]!(null)).toBe(true)
  expect(old["isNullOrUndefined"]!(0)).toBe(false)
  expect(old["isArray"]!([])).toBe(true)
})

it.skipIf(hasNativePackages)("chooses for itself, and tells what is here and why the rest is not", async () => {
  const chosen = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.auto))
  const reports = await Effect.runPromise(Backend.inspect)
  const onGpu = reports.some(({ device, name }) => name === "webgpu" && device.startsWith("GPU"))
  expect(chosen.name).toBe(onGpu ? "webgpu" : "wasm")
  expect(reports.map(({ available, name }) => [name, available])).toEqual([
    ["nodeGpu", false],
    ["webgpu", noWebgpu === undefined],
    ["node", false],
    ["wasm", true],
    ["cpu", true]
  ])
  expect(reports.filter(({ available }) => !available).every(({ reason, remedy }) => reason !== "" && remedy !== ""))
    .toBe(true)
  expect(tf.getBackend()).toBe(chosen.name)
})
