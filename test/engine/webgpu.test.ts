import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import {
  Backend,
  FgSgd,
  FusedKernels,
  Manifold,
  Matrices,
  Models,
  NestedTensors,
  Network,
  Oblique,
  Optimizer,
  Schedule,
  Seed,
  Sphere,
  Stiefel,
  Tensors,
  Trainer
} from "finegrain"
import { Law, manifoldLaws } from "finegrain/laws"
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { beforeAll, beforeEach, describe, expect, it } from "vitest"
import { webgpu } from "../../src/engine/webgpu.ts"
import { isSoftware } from "../../src/engine/webgpu/adapter.ts"
import type { Adapter } from "../../src/engine/webgpu/gpu.ts"
import { entriesAtMost } from "../../src/engine/webgpu/manifolds.ts"
import {
  type Dawn,
  installed,
  type Packages,
  type Program,
  type WebGpuBackend
} from "../../src/engine/webgpu/packages.ts"
import { use } from "../backends.ts"
import { tinyDataset as dataset } from "../tinyDataset.ts"
import { noWebgpu, runsWebgpu } from "../webgpu.ts"
import { agreesWithFormulas } from "./fusedOperations.ts"

const lavapipe = {
  vendor: "mesa",
  architecture: "software",
  device: "llvmpipe-llvm-15-0-6-256-bits-",
  description: "llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)",
  isFallbackAdapter: true
}

describe("what is missing is said with what to install", () => {
  const dawn = (adapter: Adapter | null): Dawn => ({
    create: () => ({ requestAdapter: () => Promise.resolve(adapter) }),
    globals: {}
  })
  const software: Adapter = {
    info: lavapipe,
    features: new Set(),
    limits: {},
    requestDevice: () => Promise.reject(new Error("out of luck"))
  }
  const refusal = (packages: Partial<Packages>, allowed = true) =>
    Effect.runPromise(Effect.flip(webgpu({ software: allowed }, { ...installed, mayHaveGpu: () => true, ...packages })))
      .then(({ message }) => message)
  const missing = (name: string) =>
    Object.assign(new Error(`Cannot find package '${name}' imported from here`), { code: "ERR_MODULE_NOT_FOUND" })
  const install = /is not installed\. Run: npm install webgpu@0\.6\.2 @tensorflow\/tfjs-backend-webgpu@4\.22\.0\.$/

  it("of the packages", async () => {
    expect(await refusal({ dawn: () => Promise.reject(missing("webgpu")) })).toMatch(install)
    const stock = () => {
      throw missing("@tensorflow/tfjs-backend-webgpu")
    }
    expect(await refusal({ dawn: () => Promise.resolve(dawn(software)), stock })).toMatch(install)
  })

  it("of a platform for which there is no Dawn", async () => {
    const error = Object.assign(new Error("Cannot find module '/x/webgpu/dist/linux-riscv64/dawn.node'"), {
      code: "MODULE_NOT_FOUND"
    })
    expect(await refusal({ dawn: () => Promise.reject(error) })).toMatch(/does not load .*dawn\.node.*glibc 2\.34/)
  })

  it("of a driver", async () => {
    expect(await refusal({ dawn: () => Promise.resolve(dawn(null)) })).toMatch(
      /no graphics driver .*mesa-vulkan-drivers libvulkan1.*bookworm-backports/
    )
    const denied: Dawn = {
      create: () => ({ requestAdapter: () => Promise.reject(new Error("no adapter like that")) }),
      globals: {}
    }
    expect(await refusal({ dawn: () => Promise.resolve(denied) })).toMatch(/no adapter like that.*mesa-vulkan-drivers/)
    const before = process.env["FINEGRAIN_WEBGPU_ADAPTER"]
    process.env["FINEGRAIN_WEBGPU_ADAPTER"] = "voodoo"
    try {
      expect(await refusal({ dawn: () => Promise.resolve(denied) })).toMatch(
        /no adapter like that.*FINEGRAIN_WEBGPU_ADAPTER/
      )
    } finally {
      if (before === undefined) delete process.env["FINEGRAIN_WEBGPU_ADAPTER"]
      else process.env["FINEGRAIN_WEBGPU_ADAPTER"] = before
    }
  })

  it("of a device", async () => {
    const stock: Packages["stock"] = () => () => {
      throw new Error("unreachable")
    }
    expect(await refusal({ dawn: () => Promise.resolve(dawn(software)), stock })).toMatch(
      /software \(CPU\), WebGPU on llvmpipe.* gives no device \(out of luck\)/
    )
  })

  it("of a GPU, for which no software stands in unasked", async () => {
    expect(await refusal({ dawn: () => Promise.resolve(dawn(software)) }, false)).toMatch(
      /only adapter is software .*--backend webgpu/
    )
    const untouched = () => Promise.reject(new Error("asked a driver"))
    expect(await refusal({ dawn: untouched, mayHaveGpu: () => false }, false)).toMatch(/shows no GPU/)
  })
})

it("tells software from a GPU", () => {
  const nvidia = { vendor: "nvidia", architecture: "ampere", device: "0x2204", description: "NVIDIA GeForce RTX 3090" }
  expect([
    lavapipe,
    { ...lavapipe, isFallbackAdapter: false },
    { vendor: "google", architecture: "swiftshader", device: "", description: "" },
    nvidia
  ].map(isSoftware)).toEqual([true, true, true, false])
})

const root = resolve(import.meta.dirname, "../..")
const child = (code: string) =>
  spawnSync(process.execPath, ["--conditions=finegrain:source", "--input-type=module", "--eval", code], {
    cwd: root,
    encoding: "utf8",
    timeout: 50_000
  })

const start = `
  import * as tf from "@tensorflow/tfjs-core"
  import * as Effect from "effect/Effect"
  import { Backend } from "finegrain"
  const globals = () => Object.getOwnPropertyNames(globalThis).filter((name) => !name.startsWith("~effect"))
  const before = globals().join()
  await Effect.runPromise(Effect.provide(Backend.Backend, Backend.webgpu))
  const y = tf.matMul(tf.ones([200, 200]), tf.ones([200, 200]))
`

const on = runsWebgpu ? "on webgpu" : `on webgpu, skipped: ${noWebgpu}`

describe.skipIf(!runsWebgpu)(`a process ${on}`, () => {
  it("ends by itself, and finds no new names among the globals", () => {
    const { status, stdout } = child(`${start}
      console.log((await y.data())[0], before === globals().join(), "gpu" in navigator)`)
    expect([stdout, status]).toEqual(["200 true false\n", 0])
  })

  it("ends where it says, in the middle of work", () => {
    expect(child(`${start}; process.exit(7)`).status).toBe(7)
  })

  it("ends with the error that it did not catch, in the middle of work", () => {
    const { status, stderr } = child(`${start}; throw new Error("mine")`)
    expect(stderr).toContain("Error: mine")
    expect(status).toBe(1)
  })
})

const backend = () => tf.backend() as WebGpuBackend

const runWgsl = (code: string): tf.Tensor => {
  const program: Program = {
    variableNames: ["A"],
    uniforms: "",
    outputShape: [4],
    shaderKey: code,
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [1, 1, 1],
    size: false,
    getUserCode: () => `fn main(index : i32) { ${code} }`
  }
  const ones = tf.ones([4])
  const info = backend().runWebGPUProgram(program, [ones], "float32", [])
  return tf.engine().makeTensorFromTensorInfo(info, tf.backend())
}

const destroyDevice = () =>
  (tf.backend() as unknown as { readonly device: { readonly destroy: () => void } }).device.destroy()

const failure = (x: tf.Tensor) => Effect.runPromise(Effect.flip(Tensors.read(x)))
const sum = () => Effect.runPromise(Tensors.evaluate(() => tf.add(tf.ones([2]), 1)))

describe.skipIf(!runsWebgpu)(`failures ${on}`, () => {
  beforeEach(() => use("webgpu"))

  it("of a shader fail the next read, and that tensor's for good", async () => {
    const right = runWgsl("if (index < uniforms.outShape) { result[index] = A[index] + 1.0; }")
    expect([...await right.data()]).toEqual([2, 2, 2, 2])
    const wrong = runWgsl("result[index] = nonsense;")
    for (let t = 0; t < 2; t++) {
      expect(await failure(wrong)).toMatchObject({ _tag: "EngineFailed", kind: "validation", backend: "webgpu" })
    }
    expect([...await sum()]).toEqual([2, 2])
  })

  it("fail every read that was waiting", async () => {
    const values = [tf.add(tf.ones([3]), 1), runWgsl("result[index] = moreNonsense;")]
    const read = await Promise.allSettled(values.map((x) => x.data()))
    expect(read.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect([...await sum()]).toEqual([2, 2])
  })

  it("of a tensor that is too large fail the next read", async () => {
    const error = await Effect.runPromise(Effect.flip(Tensors.evaluate(() =>
      // One GiB and a little: more than software binds at once, and than most GPUs do.
      tf.slice(tf.add(tf.tile(tf.ones([1]), [269_000_000]), 1), [0], [2])
    )))
    expect(error.message).toMatch(/larger than|exceeds|out of memory/i)
    expect([...await sum()]).toEqual([2, 2])
  })

  it("of a synchronous read say what to do instead", async () => {
    const x = tf.add(tf.ones([2]), 1)
    expect(() => x.dataSync()).toThrow(/synchronous read.*await tensor\.data\(\)/)
    await x.data()
    expect([...x.dataSync()]).toEqual([2, 2])
  })

  it("of a program that never reads are no crash", async () => {
    const [one, two] = [tf.scalar(1), tf.scalar(2)]
    const endless = Tensors.evaluate(() => {
      for (;;) tf.add(one, two).dispose()
    })
    const error = await Effect.runPromise(Effect.flip(endless))
    expect(error).toMatchObject({ _tag: "EngineFailed", kind: "no read" })
    expect([...await sum()]).toEqual([2, 2])
  })

  it("of the device are final, until the backend is started anew", async () => {
    const x = tf.add(tf.ones([2]), 1)
    destroyDevice()
    expect(await failure(x)).toMatchObject({ _tag: "EngineFailed", kind: "device lost" })
    const later = await Effect.runPromise(Effect.flip(Tensors.evaluate(() => tf.add(tf.ones([3]), 1))))
    expect(later.message).toMatch(/device lost.*Start the backend anew/)
    await use("webgpu")
    expect([...await sum()]).toEqual([2, 2])
  })
})

/** What a computation gives on webgpu, and on cpu. */
const both = async (compute: () => Promise<ReadonlyArray<number>>) => {
  await use("cpu")
  const expected = await compute()
  await use("webgpu")
  return { expected, actual: await compute() }
}

const largestGap = ({ actual, expected }: Awaited<ReturnType<typeof both>>): number => {
  expect(actual.length).toBe(expected.length)
  // NaN stays.
  return actual.reduce((worst, value, i) => {
    const gap = Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!))
    return gap <= worst ? worst : gap
  }, 0)
}

const numbers = async (tensors: ReadonlyArray<tf.Tensor>): Promise<ReadonlyArray<number>> => {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()))
  tf.dispose([...tensors])
  return values.flatMap((array) => Array.from(array))
}

const operations: ReadonlyArray<FusedKernels.FusedOperation> = [
  "UnitProject",
  "UnitRetract",
  "StiefelProject",
  "StiefelRetract"
]
describe.skipIf(!runsWebgpu)(`fused operations ${on}`, () => {
  const kernelsOf = async (f: () => tf.Tensor) => (await tf.profile(f)).kernels.map(({ name }) => name)

  it(
    "agree with the formulas on the cpu engine, on random shapes",
    { timeout: 180_000 },
    () => fc.assert(agreesWithFormulas("webgpu"), { numRuns: 25 })
  )

  it("are one pass each", async () => {
    await use("webgpu")
    const u = Seed.normalTensor(1, [5, 4, 3])
    for (const [manifold, kind] of [[Sphere, "Unit"], [Oblique, "Unit"], [Stiefel, "Stiefel"]] as const) {
      const made = manifold.make([4, 3])
      const x = made.random(2, [5])
      expect(await kernelsOf(() => made.project(x, u))).toEqual([`Finegrain${kind}Project`])
      expect(await kernelsOf(() => made.retract(x, u))).toEqual([`Finegrain${kind}Retract`])
    }
  })

  it("are composed for matrices that no invocation can hold", async () => {
    await use("webgpu")
    const names = async (n: number) => {
      const stiefel = Stiefel.make([16, n])
      const x = stiefel.random(1)
      return kernelsOf(() => stiefel.project(x, x))
    }
    expect(entriesAtMost).toBe(256)
    expect(await names(16)).toEqual(["FinegrainStiefelProject"])
    const sphere = Sphere.make([17, 16])
    const x = sphere.random(1)
    const composed = await kernelsOf(() => sphere.project(x, x))
    expect(composed.length).toBeGreaterThan(1)
    expect(composed.join()).not.toContain("Finegrain")
  })

  it("reach every matrix of more than fit along one axis of workgroups", async () => {
    await use("webgpu")
    const count = 64 * 65_535 + 100
    const [matching = 0] = await Effect.runPromise(Tensors.evaluate(() => {
      const half = tf.tile(tf.mul(tf.ones([1, 1, 1]), 0.5), [count, 1, 1])
      const y = tf.engine().runKernel(FusedKernels.kernelName("UnitProject"), { x: half, u: half }, {
        rows: 1,
        columns: 1
      }) as tf.Tensor
      // 0.5 − 0.5·(0.5·0.5)
      return tf.sum(tf.cast(tf.equal(y, 0.375), "int32"))
    }))
    expect(matching).toBe(count)
  })

  it("keep NaN", async () => {
    await use("webgpu")
    for (const operation of operations) {
      const [x, u] = [tf.ones([1, 3, 2]), tf.mul(tf.ones([1, 3, 2]), Number.NaN)]
      const y = tf.engine().runKernel(FusedKernels.kernelName(operation), { x, u }, {
        rows: 3,
        columns: 2
      }) as tf.Tensor
      expect([...await y.data()].every(Number.isNaN)).toBe(true)
    }
  })
})

/** A step of FG-SGD on every manifold of the paper, with momentum, from given gradients. */
const steps = (specification: string) => async () => {
  const model = Models.smallCnn({ ...dataset, filters: [4, 8], seed: 1 })
  const network = await Effect.runPromise(Network.make(model, { specification, seed: 2 }))
  const optimizer = FgSgd.make(network.problem, { schedule: Schedule.constant(0.1), momentum: 0.9 })
  let state = Optimizer.init(optimizer, network.variables)
  const found: Array<number> = []
  for (let t = 0; t < 3; t++) {
    const gradients = network.variables.map(({ shape }, i) => Seed.normalTensor(Seed.split(t, String(i)), shape))
    const updated = await Effect.runPromise(Optimizer.step(optimizer, state, gradients))
    Network.assign(network, updated.weights)
    found.push(...await numbers([...updated.weights, updated.told["norms"]!, updated.told["denominators"]!]))
    Optimizer.dispose(state)
    tf.dispose(gradients)
    state = updated.state
  }
  await Effect.runPromise(Manifold.checkPoint(network.problem.collection.manifold, state.x, 1e-5))
  Optimizer.dispose(state)
  model.dispose()
  return found
}

/** Gradients and moving moments of a network with batch normalization and pooling. */
const batchNormalization = async () => {
  const kernelInitializer = tfl.initializers.heNormal({ seed: 1 })
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, padding: "same", kernelInitializer }),
      tfl.layers.batchNormalization(),
      tfl.layers.reLU(),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 3, kernelInitializer })
    ]
  })
  const network = await Effect.runPromise(Network.make(model, { seed: 2 }))
  const x = Seed.normalTensor(3, [16, 8, 8, 1])
  const y = Seed.normalTensor(4, [16, 3])
  const { grads, value } = tf.variableGrads(
    () => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
    [...network.variables]
  )
  const moments = model.layers[1]!.getWeights().map((w) => tf.clone(w))
  const found = await numbers([value, ...network.variables.map(({ name }) => grads[name]!), ...moments])
  NestedTensors.dispose([x, y])
  model.dispose()
  return found
}

const epoch = (report: (event: Trainer.TrainingEvent) => Effect.Effect<void> = () => Effect.void) =>
  Effect.scoped(Effect.gen(function*() {
    const network = yield* Network.make(Models.smallCnn({ ...dataset, filters: [4, 4], seed: 1 }), { seed: 2 })
    const trainer = yield* Trainer.make({
      network,
      dataset,
      schedule: Schedule.constant(0.05),
      epochs: 1,
      batchSize: 16,
      seed: 3
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => network.model.dispose()))
    const { epochs: [only], tensorsLeaked } = yield* trainer.train(report)
    const { norms, testLoss, trainLoss } = only!
    return [trainLoss, testLoss, tensorsLeaked, ...norms.map(({ largest }) => largest)]
  }))

describe.skipIf(!runsWebgpu)(`factorizations ${on}`, () => {
  it.each([
    ["zeros", [[0, 0], [0, 0]]],
    ["a column of zeros", [[0, 1], [0, 1]]],
    ["a diagonal with zeros", [[1, 0, 0], [0, 0, 0], [0, 0, 0]]]
  ])("of singular matrices have determinant 0, and no solutions: %s", async (_, rows) => {
    await use("webgpu")
    const a = () => tf.stack([tf.tensor2d(rows), tf.mul(tf.eye(rows.length), 3)])
    const read = (f: () => tf.Tensor) => Effect.runPromise(Tensors.evaluate(f))
    expect([...await read(() => Matrices.determinant(a()))]).toEqual([0, 3 ** rows.length])
    const solved = await read(() => Matrices.solve(a(), tf.ones([2, rows.length, 1])))
    expect([...solved].map(Number.isNaN)).toEqual([...rows.map(() => true), ...rows.map(() => false)])
  })
})

describe.skipIf(!runsWebgpu)(`tensors of five and six axes ${on}`, () => {
  it("are repeated and chosen from as on the cpu engine", { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), {
          minLength: 5,
          maxLength: 6
        }),
        async (axes) => {
          const { actual, expected } = await both(() => {
            const x = Seed.normalTensor(1, axes.map(([length]) => length))
            const y = Seed.normalTensor(2, x.shape)
            const found = [tf.tile(x, axes.map(([, times]) => times)), tf.where(tf.greater(x, y), x, y)]
            tf.dispose([x, y])
            return numbers(found)
          })
          expect(actual).toEqual(expected)
        }
      ),
      { numRuns: 15 }
    ))

  it("and of one: the place of an extreme entry is a number", async () => {
    await use("webgpu")
    const x = tf.tensor1d([3, 1, 5])
    const [least, most] = [tf.argMin(x), tf.argMax(x, -1)]
    expect([least.shape, most.shape]).toEqual([[], []])
    expect(await numbers([least, most])).toEqual([1, 2])
    expect(tf.argMax(tf.ones([2, 3]), -1).shape).toEqual([2])
  })

  it("and of truth values and integers cast to floats: they are transposed and summed as floats are", async () => {
    const { actual, expected } = await both(() => {
      const x = Seed.normalTensor(1, [2, 3, 3])
      const floats = [tf.cast(tf.greater(x, 0), "float32"), tf.cast(tf.cast(tf.mul(x, 9), "int32"), "float32")]
      return numbers(floats.flatMap((y) => [tf.transpose(y, [0, 2, 1]), tf.sum(y, -2), tf.max(y, [0, 1])]))
    })
    expect(actual).toEqual(expected)
  })

  it("leave no data behind", async () => {
    await use("webgpu")
    const x = Seed.normalTensor(1, [1, 2, 1, 2, 1])
    const y = tf.tile(x, [2, 1, 3, 1, 1])
    const same = tf.tile(x, [1, 1, 1, 1, 1])
    await y.data()
    const before = tf.memory().numDataBuffers
    tf.dispose([y, same])
    expect([...await x.data()]).toHaveLength(4)
    expect(tf.memory().numDataBuffers).toBe(before - 1)
    x.dispose()
    expect(tf.memory().numDataBuffers).toBe(before - 2)
  })
})

describe.skipIf(!runsWebgpu)(`training ${on}`, { timeout: 120_000 }, () => {
  it("says which adapter runs it", async () => {
    const { device, name } = await Effect.runPromise(Effect.provide(Backend.Backend, Backend.webgpu))
    expect(name).toBe("webgpu")
    expect(device).toMatch(/^(GPU|software \(CPU\)), WebGPU on \S/)
    expect(tf.env().getBool("WEBGPU_CPU_FORWARD")).toBe(false)
  })

  it.each(["Sp", "Ob", "St", "Euc", "Sp+Ob+St+Euc"])(
    "takes the cpu engine's steps of FG-SGD: %s",
    async (collection) => {
      // Three float32 steps on numbers of order 1 to 10.
      expect(largestGap(await both(steps(collection)))).toBeLessThan(2e-5)
    }
  )

  it("has the cpu engine's gradients through batch normalization, rectifier and pooling", async () => {
    expect(largestGap(await both(batchNormalization))).toBeLessThan(2e-5)
  })

  it("has the cpu engine's epoch, renormalization and evaluation included", async () => {
    expect(largestGap(await both(() => Effect.runPromise(epoch())))).toBeLessThan(1e-3)
  })

  it("ends with the failure of the engine, and nothing left, where the device is lost on the way", async () => {
    await use("webgpu")
    const before = tf.memory().numTensors
    const seen: Array<number> = []
    const error = await Effect.runPromise(Effect.flip(epoch((event) =>
      Effect.sync(() => {
        seen.push(event.step)
        if (event.step === 2) destroyDevice()
      })
    )))
    expect(error).toMatchObject({ _tag: "EngineFailed", kind: "device lost" })
    expect(seen).toEqual([1, 2])
    expect(tf.memory().numTensors).toBe(before)
  })

  it("has the rectifier's gradient, also after the wasm engine brought its own", async () => {
    await use("wasm")
    const gradient = () =>
      numbers([
        tf.tidy(() =>
          tf.grad((z: tf.Tensor) => tf.relu(z))(tf.tensor1d([-1, 0, 2, 3]), tf.tensor1d([5, 6, 7, Number.NaN]))
        )
      ])
    const { actual, expected } = await both(gradient)
    expect(actual).toEqual(expected)
    expect(actual.slice(1)).toEqual([0, 7, Number.NaN])
  })
})

// All laws of every manifold and optimizer: test/long/webgpu.test.ts.
describe.skipIf(!runsWebgpu)(`laws ${on}`, () => {
  beforeAll(() => use("webgpu"))

  it("fail where they are broken", async () => {
    const sphere = Sphere.make([3, 3])
    const laws = (M: Manifold.Manifold) =>
      Law.flatten(manifoldLaws(M)).filter(({ name }) => name === "projections are tangent")
    const passed = async (M: Manifold.Manifold) =>
      Promise.all(laws(M).map(async (law) => (await Law.check(law, { runs: 1, seed: 1 })).passed))
    expect(await passed(sphere)).toEqual([true])
    expect(await passed({ ...sphere, project: (_x: tf.Tensor, u: tf.Tensor) => u })).toEqual([false])
  })
})
