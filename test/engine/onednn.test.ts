import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { Backend, Seed } from "finegrain"
import { spawnSync } from "node:child_process"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { accelerated } from "../../src/engine/wasm/onednn/index.ts"
import type { Koffi } from "../../src/engine/wasm/onednn/koffi.ts"
import { binding, load, NoLibrary } from "../../src/engine/wasm/onednn/library.ts"
import { prepare } from "../../src/engine/wasm/onednn/primitives.ts"
import { use } from "../backends.ts"
import { runsOnednn } from "../onednn.ts"
import { ofNothing } from "./emptyOperations.ts"

const given = process.env["FINEGRAIN_ONEDNN"] ?? ""
afterEach(() => {
  process.env["FINEGRAIN_ONEDNN"] = given
})

const missing = "/nowhere/libdnnl.so"
const refusal = (accelerator: "onednn" | "auto") =>
  Effect.runPromise(Effect.result(Effect.provide(Backend.Backend, Backend.wasmWith({ threads: 3, accelerator }))))

it("is refused in one line where the one that is named is missing, by auto too", async () => {
  process.env["FINEGRAIN_ONEDNN"] = missing
  const first = Backend.layer("auto", { threads: 3, accelerator: "auto" })
  const ofAny = await Effect.runPromise(Effect.result(Effect.provide(Backend.Backend, first)))
  for (const asked of [await refusal("onednn"), await refusal("auto"), ofAny]) {
    const message = asked._tag === "Failure" ? asked.failure.message : ""
    expect(message).toContain(`FINEGRAIN_ONEDNN is "${missing}": `)
    expect(message).toMatch(/^The backend wasm .*(oneDNN|koffi).*[Ii]nstall.* leave it away\.$/)
  }
})

it("is done without by auto where none is found, and asked for by name refused", async () => {
  process.env["FINEGRAIN_ONEDNN"] = ""
  await use("wasm", { threads: 5 })
  const none = () => {
    throw new NoLibrary("oneDNN is not found", "Install it.")
  }
  expect(accelerated("auto", 5, none)).toBeUndefined()
  expect(() => accelerated("onednn", 5, none)).toThrow(NoLibrary)
})

describe.skipIf(!runsOnednn)("oneDNN on the heap of the wasm engine", () => {
  const options = { threads: 2, accelerator: "onednn" } as const

  it("says so in the device, and in how it rounds", async () => {
    const engine = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith(options)))
    expect(engine.device).toMatch(/ and oneDNN [23]\.\d+\.\d+, 2 threads$/)
    expect(engine.arithmetic).toMatch(/, oneDNN [23]\.\d+\.\d+( by \w+)? with 2$/)
    const own = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith({ threads: 2 })))
    expect(own.device).not.toContain("oneDNN")
    expect(own.arithmetic).not.toContain("oneDNN")
  })

  // Its bits follow from its instructions, so that these belong to what a run is told by.
  it.runIf(process.arch === "x64")("says by which instructions, which a variable of its own bounds", () => {
    const code = `
      import * as Effect from "effect/Effect"
      import { Backend } from "finegrain"
      const engine = Effect.provide(Backend.Backend, Backend.wasmWith({ threads: 1, accelerator: "onednn" }))
      console.log((await Effect.runPromise(engine)).arithmetic)`
    const said = (isa: string) =>
      spawnSync(process.execPath, ["--conditions=finegrain:source", "--input-type=module", "-e", code], {
        encoding: "utf8",
        env: { ...process.env, ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa }
      }).stdout
    expect(said("SSE41")).toMatch(/ by SSE41 with 1$/m)
    expect(said("AVX2")).toMatch(/ by AVX2 with 1$/m)
  })

  it("names a library that is no oneDNN", () => {
    process.env["FINEGRAIN_ONEDNN"] = "libc.so.6"
    expect(() => load(2)).toThrow(NoLibrary)
  })

  // Handlers wrote their frames over the heap where oneDNN used the register of the stack for something else.
  it.each([1, 2])("computes on while signals arrive, and takes them, with %i threads", (threads) => {
    const code = `
      import * as Effect from "effect/Effect"
      import { Backend } from "finegrain"
      import * as tf from "@tensorflow/tfjs-core"
      import { Worker } from "node:worker_threads"
      await Effect.runPromise(
        Effect.provide(Backend.Backend, Backend.wasmWith({ threads: ${threads}, accelerator: "onednn" }))
      )
      const came = new Int32Array(new SharedArrayBuffer(4))
      process.on("SIGUSR2", () => Atomics.add(came, 0, 1))
      const sender = new Worker("for (;;) process.kill(process.pid, 'SIGUSR2')", { eval: true })
      sender.on("error", (cause) => { throw cause })
      const [a, b] = [tf.ones([256, 1024]), tf.ones([1024, 128])]
      for (let round = 0; round < 300 || came[0] === 0; round++) {
        const product = tf.matMul(a, b)
        if (product.dataSync().some((value) => value !== 1024)) throw new Error("another product")
        product.dispose()
        await new Promise((resume) => setImmediate(resume))
      }
      await sender.terminate()
      process.stdout.write("done")`
    const { signal, stderr, stdout } = spawnSync(
      process.execPath,
      ["--conditions=finegrain:source", "--input-type=module", "--eval", code],
      { encoding: "utf8", timeout: 50_000 }
    )
    expect({ signal, stderr, stdout }).toEqual({ signal: null, stderr: "", stdout: "done" })
  })

  const shapes = fc.record({
    images: fc.integer({ min: 1, max: 3 }),
    size: fc.tuple(fc.integer({ min: 4, max: 11 }), fc.integer({ min: 4, max: 11 })),
    channels: fc.tuple(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 1, max: 19 })),
    filter: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilation: fc.integer({ min: 1, max: 2 }),
    pad: fc.constantFrom("same" as const, "valid" as const),
    activation: fc.constantFrom("linear" as const, "relu" as const, "sigmoid" as const),
    seed: fc.integer()
  }).filter(({ dilation, filter, pad, size, strides }) =>
    // TensorFlow.js has one or the other, and a filter that fits.
    (dilation === 1 || (strides[0] === 1 && strides[1] === 1)) &&
    (pad === "same" || filter.every((length, i) => (length - 1) * dilation < size[i]!))
  )
  type Shape = typeof shapes extends fc.Arbitrary<infer A> ? A : never

  const computed = ({ activation, channels, dilation, filter, images, pad, seed, size, strides }: Shape) =>
    tf.tidy(() => {
      const x = Seed.normalTensor(seed, [images, ...size, channels[0]]) as tf.Tensor4D
      const w = Seed.normalTensor(seed + 1, [...filter, ...channels]) as tf.Tensor4D
      const bias = Seed.normalTensor(seed + 2, [channels[1]]) as tf.Tensor1D
      const convolved = (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad, "NHWC", dilation)
      const y = convolved(x, w)
      // Gradients of dilated convolutions are refused by TensorFlow.js itself.
      const gradients = dilation === 1
        ? tf.grads((x: tf.Tensor, w: tf.Tensor) =>
          tf.sum(tf.mul(convolved(x, w), Seed.normalTensor(seed + 3, y.shape)))
        )(
          [x, w]
        )
        : []
      const fused = tf.fused.conv2d({ x, filter: w, strides, pad, dilations: dilation, bias, activation })
      return [y, fused, ...gradients].map((t) => t.dataSync<"float32">())
    })

  const agree = async <A>(
    reference: "cpu" | "wasm",
    cases: ReadonlyArray<A>,
    tolerance: number,
    computed: (one: A) => ReadonlyArray<Float32Array>
  ) => {
    await use(reference)
    const right = cases.map(computed)
    await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith(options)))
    for (const [i, one] of cases.entries()) {
      for (const [j, values] of computed(one).entries()) {
        const expected = right[i]![j]!
        const largest = expected.reduce((a, v) => Math.max(a, Math.abs(v)), 1)
        const gap = expected.reduce((a, v, k) => Math.max(a, Math.abs(v - values[k]!)), 0)
        expect(gap, JSON.stringify({ ...one, result: j })).toBeLessThan(tolerance * largest)
      }
    }
  }

  it("gives what the plain JavaScript engine gives, for all shapes, strides, paddings and dilations", () =>
    // At most 3·11·11 or 4·4·19 products are summed, in another order.
    agree("cpu", fc.sample(shapes, { numRuns: 60, seed: 1 }), 2e-6, computed))

  it("makes of nothing what the plain JavaScript engine makes of it", async () => {
    await use("cpu")
    const right = ofNothing()
    await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith(options)))
    expect(ofNothing()).toEqual(right)
  })

  const tiled = ([height, width]: readonly [number, number], channels: readonly [number, number]): Shape => ({
    images: Math.ceil(256 / (Math.ceil(height / 4) * Math.ceil(width / 4))),
    size: [height, width],
    channels: [...channels],
    filter: [3, 3],
    strides: [1, 1],
    dilation: 1,
    pad: "same",
    activation: "linear",
    seed: height
  })

  it("gives the same of many images, in tiles: blocks of channels alone and several, sizes that fill no tile", () =>
    agree(
      // So many numbers take the plain engine a minute; those kernels are held to it.
      "wasm",
      [
        tiled([8, 8], [16, 16]),
        tiled([7, 11], [16, 32]),
        { ...tiled([9, 9], [32, 16]), pad: "valid", images: 64, activation: "relu" }
      ],
      // Tiles of 4×4 outputs multiply by 8 and divide by 24, sum, and take differences of what they sum; the gradient
      // of a filter sums 256·16 products.
      2e-5,
      computed
    ))

  const factors = fc.record({
    stacks: fc.constantFrom([[], []], [[1], [1]], [[3], [3]], [[1], [4]], [[4], [1]], [[2, 2], [2, 2]], [[2, 1], [
      1,
      2
    ]]),
    sides: fc.tuple(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 })
    ),
    transposed: fc.tuple(fc.boolean(), fc.boolean()),
    activation: fc.constantFrom("linear" as const, "relu" as const, "sigmoid" as const),
    seed: fc.integer()
  })
  type Factors = typeof factors extends fc.Arbitrary<infer A> ? A : never

  const multiplied = ({ activation, seed, sides: [m, k, n], stacks: [left, right], transposed: [ta, tb] }: Factors) =>
    tf.tidy(() => {
      const a = Seed.normalTensor(seed, [...left!, ...(ta ? [k, m] : [m, k])]) as tf.Tensor3D
      const b = Seed.normalTensor(seed + 1, [...right!, ...(tb ? [n, k] : [k, n])]) as tf.Tensor3D
      const bias = Seed.normalTensor(seed + 2, [n]) as tf.Tensor1D
      const y = tf.matMul(a, b, ta, tb)
      // TensorFlow.js has no gradients of stacks of which one is repeated.
      const gradients = left!.join() === right!.join()
        ? tf.grads((a: tf.Tensor, b: tf.Tensor) =>
          tf.sum(tf.mul(tf.matMul(a, b, ta, tb), Seed.normalTensor(seed + 3, y.shape)))
        )([a, b])
        : []
      const fused = a.rank > 3 ? [] : [tf.fused.matMul({ a, b, transposeA: ta, transposeB: tb, bias, activation })]
      return [y, ...gradients, ...fused].map((t) => t.dataSync<"float32">())
    })

  it("multiplies matrices and stacks of them, of all shapes, transposed or not, with gradients and what follows", () =>
    // At most 50 products are summed, in another order.
    agree("cpu", fc.sample(factors, { numRuns: 60, seed: 2 }), 2e-6, multiplied))

  describe("on its own", () => {
    beforeAll(async () => {
      await Effect.runPromise(Effect.provide(Backend.Backend, Backend.wasmWith(options)))
    })

    it("keeps NaN and infinities where they belong", () => {
      const values = Seed.normalTensor(1, [1, 6, 6, 4]).dataSync().slice()
      values[10] = NaN
      values[100] = Infinity
      const x = tf.tensor4d(values, [1, 6, 6, 4])
      const w = tf.ones([3, 3, 4, 8]) as tf.Tensor4D
      const y = tf.fused.conv2d({ x, filter: w, strides: 1, pad: "same", activation: "relu" })
      const expected = Array.from({ length: 36 }, (_, pixel) => {
        const near = (row: number, column: number) =>
          Math.abs(Math.floor(pixel / 6) - row) <= 1 && Math.abs(pixel % 6 - column) <= 1
        return near(0, 2) ? "NaN" : near(4, 1) ? "Infinity" : "finite"
      })
      const found = [...y.dataSync()].map((value) => Number.isFinite(value) ? "finite" : String(value))
      expect(found).toEqual(expected.flatMap((kind) => Array<string>(8).fill(kind)))
    })

    it("keeps NaN in its image where tiles are computed, and lets none be lost", () => {
      const shape = tiled([8, 8], [16, 16])
      const values = Seed.normalTensor(1, [shape.images, 8, 8, 16]).dataSync().slice()
      values[0] = NaN
      const x = tf.tensor4d(values, [shape.images, 8, 8, 16])
      const y = tf.conv2d(x, tf.ones([3, 3, 16, 16]) as tf.Tensor4D, 1, "same").dataSync()
      const nan = [...y].flatMap((value, i) => Number.isNaN(value) ? [Math.floor(i / 16)] : [])
      expect(Math.max(...nan)).toBeLessThan(64)
      expect([0, 1, 8, 9].every((pixel) => nan.filter((other) => other === pixel).length === 16)).toBe(true)
    })

    it("keeps NaN and infinities in their rows of a product, a rectifier behind it too", () => {
      const values = Seed.normalTensor(1, [2, 40, 32]).dataSync().slice()
      values[32] = NaN
      values[40 * 32] = Infinity
      const y = tf.fused.matMul({
        a: tf.tensor3d(values, [2, 40, 32]),
        b: tf.ones([1, 32, 40]) as tf.Tensor3D,
        bias: tf.ones([40]),
        activation: "relu"
      })
      const found = [...y.dataSync()].map((value) => Number.isFinite(value) ? "finite" : String(value))
      const rows = Array.from({ length: 80 }, (_, row) => row === 1 ? "NaN" : row === 40 ? "Infinity" : "finite")
      expect(found).toEqual(rows.flatMap((kind) => Array<string>(40).fill(kind)))
    })

    it("gives the same bits again, and leaks nothing", () => {
      const steps: Pick<Shape, "dilation" | "pad" | "strides"> = { dilation: 1, pad: "same", strides: [1, 1] }
      const shape: Shape = {
        ...steps,
        activation: "relu",
        seed: 5,
        images: 3,
        size: [11, 9],
        channels: [16, 19],
        filter: [3, 3]
      }
      const product: Factors = {
        stacks: [[3], [3]],
        sides: [33, 40, 35],
        transposed: [true, false],
        activation: "relu",
        seed: 6
      }
      const again = () => [...computed(shape), ...multiplied(product)]
      const first = again()
      const { numTensors } = tf.memory()
      expect(again()).toEqual(first)
      expect(tf.memory().numTensors).toBe(numTensors)
    })
  })

  describe("what the library makes", () => {
    const kinds = /^int dnnl_(?:\w+_)?(engine|stream|memory_desc|memory|primitive_desc|primitive)_(create|destroy)/

    /** The binding, with how many things of a kind were made through it and not given back. */
    const counted = (koffi = binding()) => {
      const alive = new Map<string, number>()
      const counting: Koffi = {
        ...koffi,
        address: (view) => koffi.address(view),
        load: (path) => {
          const library = koffi.load(path)
          return {
            func: (declaration) => {
              const call = library.func(declaration)
              const [, kind, what] = kinds.exec(declaration) ?? []
              if (kind === undefined) return call
              return (...values) => {
                const status = call(...values)
                if (status === 0) alive.set(kind, (alive.get(kind) ?? 0) + (what === "create" ? 1 : -1))
                return status
              }
            }
          }
        }
      }
      return { koffi: counting, alive: () => Object.fromEntries([...alive].filter(([, count]) => count !== 0)) }
    }

    const convolved = (images: number) =>
      tf.tidy(() => {
        const [x, w] = [tf.ones([images, 5, 5, 3]), tf.ones([3, 3, 3, 4])]
        const y = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same")
        for (const gradient of tf.grads((x, w) => tf.sum(y(x, w)))([x, w])) gradient.dataSync()
      })
    const multiplied = (columns: number) =>
      tf.tidy(() => {
        const [a, b] = [tf.ones([2, 64, 64]), tf.ones([2, 64, columns])]
        tf.matMul(a, b).dataSync()
      })

    it("is given back: plans and layouts at once, primitives long unused, all with the backend", async () => {
      const { alive, koffi } = counted()
      tf.removeBackend("wasm")
      await use("wasm", { threads: 2 })
      accelerated("onednn", 2, (threads) => load(threads, koffi))
      for (let i = 1; i <= 90; i++) convolved(i)
      for (let i = 100; i < 360; i++) multiplied(i)
      const full = alive()
      expect(Object.keys(full).toSorted()).toEqual(["engine", "memory", "primitive", "stream"])
      // Ninety convolutions with two gradients are 270, of which 256 are kept, as of the products.
      for (let i = 91; i <= 95; i++) convolved(i)
      for (let i = 360; i < 365; i++) multiplied(i)
      expect(alive()).toEqual(full)
      tf.removeBackend("wasm")
      expect(alive()).toEqual({})
      await use("wasm", options)
      convolved(1)
    })

    it("is given back where the library refuses the rest of it", () => {
      const { alive, koffi } = counted()
      const library = load(2, koffi)
      const none = alive()
      const [image, filter] = [[1, 5, 5, 3], [3, 3, 3, 4]]
      const steps = { strides: [1, 1], dilations: [1, 1], before: [1, 1], behind: [1, 1], bias: false } as const
      const right = { x: image, filter, y: [1, 5, 5, 4], ...steps }
      expect(() => prepare(library, "filterGradient", { ...right, y: [1, 9, 9, 4] })).toThrow(/oneDNN/)
      expect(alive()).toEqual(none)
      prepare(library, "filterGradient", right).release()
      expect(alive()).toEqual(none)
      library.release()
      expect(alive()).toEqual({})
    })
  })
})
