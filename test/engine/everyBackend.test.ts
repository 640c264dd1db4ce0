import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Backend, FusedKernels } from "finegrain"
import type { Law } from "finegrain/laws"
import { describe, expect, it } from "vitest"
import { checksOf, isLongRun } from "../../cli/checkBackend.ts"
import { isLong } from "../long.ts"
import { runsNode } from "../nativeEngine.ts"
import { runsWebgpu } from "../webgpu.ts"

/** Laws of so many small operations that a GPU in software makes minutes of them. */
const lengthy = new Set([
  "operations are differentiable",
  "distance obeys the triangle inequality",
  "distances of far points are right or refused",
  "logarithms of far points are right or refused",
  "geodesics spread as the curvature allows"
])

/** Why a law is left out on an engine. */
const without = (engine: Backend.EngineName) => (law: Law.Law): string | undefined => {
  if (isLongRun(law)) {
    if (engine === "webgpu") return "it never reads, and the engine holds 16,000 operations without a read at most"
    return engine === "cpu" || engine === "wasm" ? "test/laws/optimizers.test.ts has it" : undefined
  }
  return engine === "webgpu" && lengthy.has(law.name) ? "test/laws/manifolds.test.ts has it" : undefined
}

const variants = (name: Backend.EngineName): ReadonlyArray<readonly [title: string, engine: typeof Backend.cpu]> =>
  name === "wasm"
    ? [1, 2].map((threads) => [`wasm, threads: ${threads}`, Backend.wasmWith({ threads })] as const)
    : [[name, Backend.layer(name)]]

for (const { available, name, reason } of await Effect.runPromise(Backend.inspect)) {
  // Where an engine has to be here and is not, everything on it fails.
  const here = available || (name === "webgpu" && runsWebgpu) || (name === "node" && runsNode)
  for (const [title, engine] of variants(name)) {
    // In software a GPU's operation takes a tenth of a millisecond, and a case thousands of them: of Stiefel manifolds
    // it takes the one that is not square, and long.
    const runs = name === "webgpu" ? 1 : 2
    const takesLong = (part: string) => name === "webgpu" && part.startsWith("laws of St(")
    const parts = checksOf(engine, { runs, without: without(name) })
      .filter((part) => takesLong(part.name) === isLong && !(name === "webgpu" && part.name === "laws of St(3,3)"))
    const skipped = parts.length === 0 ? ", not here" : here ? "" : `, skipped: ${reason}`
    describe.skipIf(skipped !== "")(`on ${title}${skipped}`, { timeout: 240_000 }, () => {
      it.each(parts)("$name", async ({ run }) => {
        const checks = await Effect.runPromise(run)
        expect(checks.length).toBeGreaterThan(0)
        expect(checks.filter(({ passed }) => !passed)).toEqual([])
        const composed = checks.filter(({ found, name }) => /steps of FG-SGD run/.test(name) && found !== "fused")
        expect(name === "cpu" || name === "nodeGpu" ? [] : composed).toEqual([])
      })
    })
  }
}

describe.skipIf(isLong)("an engine that computes something else", () => {
  const replaced = (name: string, kernelFunc: tf.KernelFunc) =>
    Layer.fresh(Layer.effect(
      Backend.Backend,
      Effect.tap(Backend.Backend, () =>
        Effect.sync(() => {
          tf.unregisterKernel(name, "wasm")
          tf.registerKernel({ kernelName: name, backendName: "wasm", kernelFunc })
        }))
    )).pipe(Layer.provide(Backend.wasm))
  const failing = async (engine: typeof Backend.cpu, part: string) => {
    const { run } = checksOf(engine).find(({ name }) => name === part)!
    return (await Effect.runPromise(run)).filter(({ passed }) => !passed).map(({ name }) => name)
  }

  it("fails by its first step", async () => {
    const noGradient = replaced(
      tf.Conv2DBackpropFilter,
      ({ attrs }) => tf.zeros((attrs as { readonly filterShape?: Array<number> }).filterShape!)
    )
    expect(await failing(noGradient, "training steps")).toContain(
      "the first step's weights are those of the cpu engine"
    )
    expect(await failing(Backend.wasm, "training steps")).toEqual([])
  })

  it("fails by the laws", async () => {
    const notTangent = replaced(
      FusedKernels.kernelName("UnitProject"),
      ({ inputs }) => tf.mul(inputs["u"] as tf.Tensor, 1)
    )
    const part = "laws of Sp(3,3)"
    expect(await failing(notTangent, part)).toEqual([part])
    expect(await failing(Backend.wasm, part)).toEqual([])
  })
})
