import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import {
  Backend,
  FgSgd,
  Layers,
  Network,
  Oblique,
  Optimizer,
  Schedule,
  Seed,
  Sphere,
  Stiefel,
  TensorTree
} from "finegrain"
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import type { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it } from "vitest"
import * as Pool from "../../src/engine/wasm/threads/pool.ts"

const use = (threads: number) => Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads })))

afterEach(() => {
  process.env["FINEGRAIN_THREADS"] = "1"
})

const conv = (name: string, inputs: Record<string, tf.Tensor>, more: object) =>
  tf.engine().runKernel(name, inputs as never, { pad: "same", dataFormat: "NHWC", ...more } as never) as tf.Tensor

/** Everything that threads share, on random tensors. */
const everything = (images: number, size: number, channels: number, outputs: number, stride: number) =>
  tf.tidy(() => {
    const x = Seed.normalTensor(1, [images, size, size, channels]) as tf.Tensor4D
    const filter = Seed.normalTensor(2, [3, 3, channels, outputs]) as tf.Tensor4D
    const y = tf.conv2d(x, filter, stride, "same")
    const pooled = tf.maxPool(x, 2, 2, "same")
    const model = Layers.accelerate(
      tfl.sequential({ layers: [tfl.layers.batchNormalization({ inputShape: [size, size, channels] })] })
    )
    const count = images * 700
    const u = Seed.normalTensor(3, [count, 3, 3])
    return [
      y,
      conv("Conv2DBackpropInput", { dy: y, filter }, { strides: stride, inputShape: x.shape }),
      conv("Conv2DBackpropFilter", { x, dy: y }, { strides: stride, filterShape: filter.shape }),
      tf.relu(x),
      tf.grad((z: tf.Tensor) => tf.relu(z))(x, x),
      tf.add(x, x),
      pooled,
      tf.grad((z: tf.Tensor) => tf.maxPool(z as tf.Tensor4D, 2, 2, "same"))(x, pooled),
      tf.grad((z: tf.Tensor) => model.apply(z, { training: true }) as tf.Tensor)(x, x),
      ...[Sphere.make([3, 3]), Oblique.make([3, 3]), Stiefel.make([3, 3])].flatMap((manifold) => {
        const p = manifold.random(4, [count])
        return [manifold.project(p, u), manifold.retract(p, u)]
      })
    ].map((tensor) => Buffer.from(tensor.dataSync().buffer as ArrayBuffer).toString("base64"))
  })

it("gives the same bits with any number of threads", () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        images: fc.integer({ min: 1, max: 9 }),
        size: fc.integer({ min: 2, max: 20 }),
        // Those that Winograd's tiles serve, and any.
        channels: fc.oneof(fc.constantFrom(8, 12, 16), fc.integer({ min: 1, max: 19 })),
        outputs: fc.oneof(fc.constantFrom(8, 12, 16), fc.integer({ min: 1, max: 19 })),
        stride: fc.integer({ min: 1, max: 3 })
      }),
      async ({ channels, images, outputs, size, stride }) => {
        await use(1)
        const alone = everything(images, size, channels, outputs, stride)
        for (const threads of [2, 3]) {
          await use(threads)
          expect(everything(images, size, channels, outputs, stride)).toEqual(alone)
        }
      }
    ),
    { numRuns: 15 }
  ))

/** Two steps of FG-SGD, as bits. */
const twoSteps = (kernelSize: readonly [number, number], inputs: number, outputs: number) => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [8, 8, inputs],
        filters: outputs,
        kernelSize: [...kernelSize],
        name: "convolution"
      }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 30 })
    ]
  })
  const network = Effect.runSync(Network.make(model, { specification: "Sp+Ob+St+Euc", seed: 1 }))
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1), momentum: 0.9, weightDecay: 0.01 })
  const gradients = network.variables.map((v, i) => Seed.normalTensor(i, v.shape))
  const first = Optimizer.update(optimizer, Optimizer.init(optimizer, gradients), gradients)
  const { state, told, weights } = Optimizer.update(optimizer, first.state, gradients)
  const found = TensorTree.leaves([state.x, state.memory, weights, told["norms"]!]).map((t) => Array.from(t.dataSync()))
  model.dispose()
  return found
}

it("takes the same steps of FG-SGD with any number of threads", () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        kernelSize: fc.constantFrom<readonly [number, number]>([3, 3], [5, 5], [2, 4], [3, 1]),
        inputs: fc.integer({ min: 2, max: 13 }),
        // One thread takes the step of few weights alone.
        outputs: fc.oneof(fc.integer({ min: 2, max: 13 }), fc.integer({ min: 50, max: 70 }))
      }),
      async ({ inputs, kernelSize, outputs }) => {
        await use(1)
        const alone = twoSteps(kernelSize, inputs, outputs)
        for (const threads of [2, 3]) {
          await use(threads)
          expect(twoSteps(kernelSize, inputs, outputs)).toEqual(alone)
        }
      }
    ),
    { numRuns: 15 }
  ))

describe("the number of threads", () => {
  it("is what the variable says, and what is asked for wins", async () => {
    process.env["FINEGRAIN_THREADS"] = "3"
    const { device } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
    expect(device).toMatch(/3 threads$/)
    expect((await use(1)).device).toMatch(/1 thread$/)
  })

  it.each(["0", "two", "1.5"])("is refused where it makes no sense: %s", async (text) => {
    process.env["FINEGRAIN_THREADS"] = text
    const error = await Effect.runPromise(Effect.flip(Effect.provide(Backend.Backend, Backend.wasm)))
    expect(error.message).toContain(`"${text}"`)
  })
})

/** Threads that run the functions of a module, given in hexadecimal, on a memory of its own. */
const poolOn = async (text: string, threads: number, patience?: number) => {
  const module = new WebAssembly.Module(Buffer.from(text, "hex"))
  const memory = new (WebAssembly as unknown as { readonly Memory: new(size: object) => WebAssembly.Memory }).Memory({
    initial: 1,
    maximum: 1,
    shared: true
  })
  const functions = { ...new WebAssembly.Instance(module, { env: { memory } }).exports } as Record<string, () => void>
  const workers: Array<Worker> = []
  const note = (worker: Worker) => workers.push(worker)
  process.on("worker", note)
  try {
    return { memory, pool: await Pool.make(module, memory, functions, threads, patience), workers }
  } finally {
    process.off("worker", note)
  }
}

it("says in which kernel a thread failed, and goes on afterwards", async () => {
  // (module (memory (import "env" "memory") 1 1 shared) (func (export "f") (param i32) (if (local.get 0) (then
  // unreachable))))
  const text =
    "0061736d0100000001050160017f0002100103656e76066d656d6f72790203010103020100070501016600000a0a01080020000440000b0b"
  const { pool } = await poolOn(text, 2)
  for (let time = 0; time < 50; time++) {
    expect(() => pool.run("f", [[0], [1], [0]])).toThrow("the kernel f failed in a thread")
    expect(() => pool.run("f", [[1], [1]])).toThrow("the kernel f failed in a thread")
    expect(() => pool.run("f", [[0], [0]])).not.toThrow()
  }
  expect(() => pool.run("f", Array.from({ length: 9 }, () => [0]))).toThrow("9 shares for 2 threads")
})

it("makes every share's call once, with room of its own for every thread", async () => {
  // (module (memory (import "env" "memory") 1 1 shared)
  //   (func (export "g") (param $cell i32) (param $room i32)
  //     (drop (i32.atomic.rmw.add (local.get $cell) (i32.const 1)))
  //     (drop (i32.atomic.rmw.add (local.get $room) (i32.const 1)))))
  const text = "0061736d0100000001060160027f7f0002100103656e76066d656d6f727902030101030201000705010167" +
    "00000a160114002000 4101fe1e02001a20014101fe1e02001a0b".replaceAll(" ", "")
  const { memory, pool } = await poolOn(text, 3)
  const words = new Int32Array(memory.buffer)
  const rooms = [0, 0, 0, 0]
  for (let time = 0; time < 500 || (time < 20_000 && rooms.slice(0, 3).includes(0)); time++) {
    words.fill(0)
    const shares = Array.from({ length: 12 }, (_, i) => [4 * i, 1024])
    pool.run("g", shares, 64)
    expect([...words.subarray(0, 12)]).toEqual(shares.map(() => 1))
    const calls = [0, 16, 32, 48].map((at) => words[256 + at]!)
    expect(calls.reduce((a, b) => a + b)).toBe(12)
    for (const [room, count] of calls.entries()) rooms[room]! += count
  }
  // Each of three threads came to a share at some time, and none wrote beyond its room.
  expect(rooms.map((count) => count > 0)).toEqual([true, true, true, false])
})

describe("a thread", () => {
  // (module (import "env" "memory" (memory 1 1 shared))
  //   (func (export "stay") (param $room i32) (if (local.get $room)
  //     (then (i32.atomic.store (i32.const 0) (i32.const 1)) (loop $a (br $a)))
  //     (else (loop $b (br_if $b (i32.eqz (i32.atomic.load (i32.const 0))))))))
  //   (func (export "sleep") ...)) with, instead of the first loop, 0.3 s of
  //       (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const 300000000)))
  const text =
    "0061736d0100000001050160017f0002100103656e76066d656d6f72790203010103030200000710020473746179000005736c656570" +
    "00010a500222002000044041004101fe17020003400c000b000503404100fe100200450d000b0b0b2b002000044041004101fe1702004104" +
    "41004280c6868f01fe0102001a0503404100fe100200450d000b0b0b"
  /** The room is 0 for the calling thread, which waits in its share until another thread has taken one. */
  const shares = [[0], [0]]
  const lost = (run: () => void) => {
    try {
      run()
    } catch (error) {
      return error as Error & { readonly kind: string }
    }
    return undefined
  }

  it("that takes its time is waited for", async () => {
    const { memory, pool } = await poolOn(text, 2, 3000)
    const begin = performance.now()
    pool.run("sleep", shares, 64)
    expect(performance.now() - begin).toBeGreaterThan(250)
    new Int32Array(memory.buffer).fill(0)
    expect(() => pool.run("sleep", shares, 64)).not.toThrow()
  })

  it("that stays with its share for ever is an error, then and afterwards", async () => {
    const { pool, workers } = await poolOn(text, 2, 300)
    const begin = performance.now()
    const error = lost(() => pool.run("stay", shares, 64))
    expect(performance.now() - begin).toBeLessThan(5000)
    expect(error).toMatchObject({ _tag: "EngineFailed", backend: "wasm", kind: "thread lost" })
    expect(error!.message).toMatch(/does not answer since 0.3 s, in the kernel stay.*fewer threads/)
    expect(lost(() => pool.run("sleep", shares, 64))!.message).toMatch(/does not answer/)
    expect(lost(() => pool.run("sleep", [[0]]))!.message).toMatch(/does not answer/)
    // It does not go on in the background.
    await expect(Promise.all(workers.map((worker) => worker.terminate()))).resolves.toBeDefined()
  })

  it("that is gone, or asleep, is not waited for", async () => {
    const { pool, workers } = await poolOn(text, 3, 300)
    for (const worker of workers) worker.removeAllListeners("exit")
    await Promise.all(workers.map((worker) => worker.terminate()))
    expect(() => pool.run("sleep", shares.map(() => [1]), 0)).not.toThrow()
  })

  it("that ended is an error at the next call", async () => {
    const { pool, workers } = await poolOn(text, 3)
    await workers[1]!.terminate()
    const error = lost(() => pool.run("sleep", shares, 64))
    expect(error).toMatchObject({ kind: "thread lost" })
    expect(error!.message).toMatch(/a thread ended with code 1/)
  })

  it("that failed is an error at the next call, and not before", async () => {
    const { pool, workers } = await poolOn(text, 2)
    workers[0]!.emit("error", new Error("out of memory"))
    await new Promise(setImmediate)
    expect(lost(() => pool.run("sleep", shares, 64))!.message).toMatch(/a thread ended: out of memory/)
  })

  it("that does not start is refused", async () => {
    // (module (import "env" "memory" (memory 1 1 shared))
    //   (func $f (if (i32.atomic.rmw.add (i32.const 0) (i32.const 1)) (then unreachable))) (start $f))
    const module = "0061736d0100000001040160000002100103656e76066d656d6f727902030101030201000801000a10010e00" +
      "41004101fe1e02000440000b0b"
    await expect(poolOn(module, 2)).rejects.toThrow(/a thread ended|unreachable/)
  })
})

const root = resolve(import.meta.dirname, "../..")
const child = (code: string) =>
  spawnSync(process.execPath, ["--conditions=finegrain:source", "--input-type=module", "--eval", code], {
    cwd: root,
    encoding: "utf8",
    timeout: 30_000,
    env: { ...process.env, FINEGRAIN_THREADS: "2" }
  })

const start = `
  import * as tf from "@tensorflow/tfjs-core"
  import * as Effect from "effect/Effect"
  import { Backend } from "finegrain"
  await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasm))
  const y = await tf.relu(tf.ones([100000])).data()
`

describe("a process with threads", () => {
  it("ends by itself", () => {
    expect(child(start)).toMatchObject({ status: 0, stderr: "" })
  })

  it("ends with the error that it did not catch", () => {
    const { status, stderr } = child(`${start}; throw new Error("mine")`)
    expect(status).toBe(1)
    expect(stderr).toContain("Error: mine")
    expect(stderr.length).toBeLessThan(2000)
  })

  it("ends at Ctrl-C, also in the middle of a kernel", () => {
    const { signal } = child(`${start}
      setTimeout(() => process.kill(process.pid, "SIGINT"), 50)
      setInterval(() => tf.tidy(() => tf.relu(tf.ones([1000000]))), 0)`)
    expect(signal).toBe("SIGINT")
  })
})

it("does without threads where the heap cannot be shared", () => {
  const { status, stdout } = child(`
    import * as tf from "@tensorflow/tfjs-core"
    import * as Effect from "effect/Effect"
    import { Backend } from "finegrain"
    import { wasm } from "./src/engine/wasm.ts"
    const without = () => Promise.reject(new Error("no shared memory"))
    const { device } = await Effect.runPromise(wasm({ threads: 2 }, without))
    console.log(device, tf.relu(tf.tensor1d([-1, 2])).dataSync().join())
  `)
  expect(stdout).toMatch(/, 1 thread 0,2\n$/)
  expect(status).toBe(0)
})
