import * as tf from "@tensorflow/tfjs-core"
import { Combinators, type Manifold, Sphere, Stiefel } from "finegrain"
import { Law, manifoldLaws } from "finegrain/laws"
import { execFile } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { use } from "../backends.ts"

it("binds to node:test as to vitest", async () => {
  const file = join(import.meta.dirname, ".node-test.ts")
  writeFileSync(
    file,
    `import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { Backend, Sphere } from "finegrain"
import { Law, manifoldLaws } from "finegrain/laws"
await Effect.runPromise(Effect.provide(Backend.Backend, Backend.cpu))
const bind = Law.bind({ describe: (name, body) => void describe(name, body), it: (name, body) => void it(name, body) })
bind(manifoldLaws(Sphere.make([2, 2])), { runs: 2 })
bind(manifoldLaws({ ...Sphere.make([2, 2]), name: "broken", dimension: 4 }), { runs: 2 })
`
  )
  try {
    const run = promisify(execFile)(process.execPath, ["--conditions=finegrain:source", "--test", file], {
      env: { ...process.env, NODE_TEST_CONTEXT: undefined }
    })
    const { stdout } = await run.catch((error: { readonly stdout: string }) => error)
    expect(stdout).toMatch(/fail 1\b/)
    expect(stdout).toMatch(/dimension is the rank of the projection/)
    expect(Number(/pass (\d+)/.exec(stdout)![1])).toBeGreaterThan(30)
  } finally {
    rmSync(file)
  }
})

it("reports a retraction that is better than declared", async () => {
  await use("cpu")
  const better = async (M: Manifold.Manifold) => {
    const law = Law.flatten(manifoldLaws(M)).find(({ name }) => name === "retraction is of first order")!
    return (await Law.check(law, { seed: 1 })).better
  }
  expect(await better({ ...Sphere.make([3, 3]), retractionOrder: 1 })).toBe("retraction is of second order")
  expect(await better({ ...Sphere.make([3, 3]), retractionOrder: 2 })).toBeUndefined()
  expect(await better(Stiefel.make([3, 2]))).toBeUndefined()
})

it("keeps the laws of a product's factors apart", () => {
  const [sphere, stiefel] = [Sphere.make([3, 3]), Stiefel.make([3, 3])]
  const count = (set: Law.LawSet) => Law.flatten(set).length
  const [a, b] = [manifoldLaws(sphere), manifoldLaws(stiefel)]
  const whole = manifoldLaws(Combinators.product(sphere, stiefel))
  expect(count(manifoldLaws(Combinators.product(sphere, stiefel), { factors: [a, b, a] }))).toBe(
    count(a) + count(b) + count(whole)
  )
})

it("gives no number as residual where one of many entries is none, on every engine", async () => {
  for (const engine of ["cpu", "wasm"] as const) {
    await use(engine)
    const stiefel = Stiefel.make([3, 3])
    const M = Combinators.power(Combinators.product(Sphere.make([2, 1]), stiefel), 5)
    const x = M.random(1)
    const values = x[1].dataSync().slice()
    values[40] = Number.NaN
    const broken = [x[0], tf.tensor(values, x[1].shape)] as const
    expect([...M.residual(broken).dataSync()]).toEqual([Number.NaN])
  }
})
