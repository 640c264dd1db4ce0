import { execFile } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"

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
bind(manifoldLaws({ ...Sphere.make([2, 2]), name: "broken", dimension: 9 }), { runs: 2 })
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
