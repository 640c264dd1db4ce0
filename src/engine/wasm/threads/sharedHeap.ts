import { BackendWasm, setThreadsCount } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { compileFunction } from "node:vm"

/** What Emscripten's module is, as far as the backend needs it. */
interface Emscripten {
  readonly cwrap: (name: string, result: "number" | null, parameters: ReadonlyArray<"number">) => unknown
  readonly tfjs?: unknown
}

interface Options {
  readonly locateFile: (file: string, folder: string) => string
  readonly instantiateWasm: (
    imports: Record<string, object>,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void
  ) => object
}

/** Stands where Emscripten starts its threads: it says that it is loaded and is never asked to run. */
class NoThread {
  onmessage: ((event: { readonly data: { readonly cmd: string } }) => void) | undefined
  postMessage({ cmd }: { readonly cmd: string }) {
    if (cmd !== "load") throw new Error(`a thread of TensorFlow.js was asked to ${cmd}; none is running`)
    queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }))
  }
  on() {}
  unref() {}
  terminate() {}
}

const script = "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js"

/**
 * The factory of the module, given a world of its own: it otherwise takes over `Worker` and the process's handlers of
 * errors.
 */
const factory = (path: string, require: NodeJS.Require): (options: Options) => Promise<Emscripten> => {
  const module: { exports: unknown } = { exports: {} }
  const world = {
    module,
    exports: module.exports,
    require: (id: string): unknown => id === "worker_threads" ? { Worker: NoThread } : require(id),
    global: {},
    process: { versions: process.versions, argv: [], on: () => undefined, listeners: () => [], exit: process.exit },
    Worker: NoThread,
    __filename: path,
    __dirname: dirname(path)
  }
  const run = compileFunction(readFileSync(path, "utf8"), Object.keys(world), { filename: path })
  run.call(module.exports, ...Object.values(world))
  return module.exports as (options: Options) => Promise<Emscripten>
}

/**
 * The stock backend on a heap that threads can share, with none of its own threads: those run a few operations only,
 * and keep a process alive.
 *
 * @throws Error where the runtime has no shared memory.
 * @internal
 */
export const onSharedHeap = async (): Promise<BackendWasm> => {
  const require = createRequire(import.meta.url)
  const path = require.resolve(script)
  const binary = new WebAssembly.Module(readFileSync(path.replace(/\.js$/, ".wasm")))
  const wasm = await factory(path, require)({
    locateFile: (file, folder) => folder + file,
    instantiateWasm: (imports, done) => {
      done(new WebAssembly.Instance(binary, imports), binary)
      return {}
    }
  })
  const bound = (name: string, parameters: number, result: "number" | null = null) =>
    wasm.cwrap(name, result, Array.from({ length: parameters }, () => "number" as const))
  Object.assign(wasm, {
    tfjs: {
      init: bound("init", 0),
      initWithThreadsCount: bound("init_with_threads_count", 1),
      getThreadsCount: bound("get_threads_count", 0, "number"),
      registerTensor: bound("register_tensor", 3),
      disposeData: bound("dispose_data", 1),
      dispose: bound("dispose", 0)
    }
  })
  setThreadsCount(1)
  return new BackendWasm(wasm as unknown as ConstructorParameters<typeof BackendWasm>[0])
}

/** Makes a backend the one that TensorFlow.js calls wasm. */
export const register = async (backend: BackendWasm): Promise<boolean> => {
  if (tf.findBackendFactory("wasm") !== null) tf.removeBackend("wasm")
  tf.registerBackend("wasm", () => backend, 2)
  return tf.setBackend("wasm")
}
